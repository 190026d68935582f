"""Passwords and keys, made once and kept in the data folder for the owner's eyes only."""

import contextlib
import os
import secrets
from pathlib import Path


def kept(path: Path, *, size: int) -> str:
    """The secret in this file; made (`size` random bytes, as URL-safe text) and written, mode 600, where missing.

    Several may ask for it at the same time: the file appears whole, and all get what the first one wrote.
    """
    if not path.exists():
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(size) + "\n")
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_text().strip()
