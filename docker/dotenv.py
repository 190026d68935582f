"""Writes docker/.env from docker/.env.example where it is missing, with something random for what is empty there."""

import os
import re
import secrets
from pathlib import Path

HERE = Path(__file__).resolve().parent
EMPTY = re.compile(r"^(\w+)=$", re.MULTILINE)


def filled(example: str) -> str:
    """The text with 50 random hexadecimal digits, 200 bits, behind each empty variable."""
    return EMPTY.sub(lambda found: f"{found[1]}={secrets.token_hex(25)}", example)


def write(folder: Path = HERE) -> bool:
    """Whether it was written; one that is there is left alone, for the volumes know its passwords."""
    try:
        handle = os.open(folder / ".env", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(handle, "w") as file:
        file.write(filled((folder / ".env.example").read_text("utf-8")))
    return True


if __name__ == "__main__":
    write()
