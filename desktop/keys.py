"""Passwords and keys, made once and kept in the data folder for the owner's eyes only."""

import os
import secrets
from pathlib import Path


def kept(path: Path, *, size: int) -> str:
    """The secret in this file; made (`size` random bytes, as URL-safe text) and written, mode 600, where missing."""
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        secret = secrets.token_urlsafe(size)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secret + "\n")
        return secret
