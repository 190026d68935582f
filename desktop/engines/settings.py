"""Environments and secrets of engines."""

import os
from collections.abc import Mapping
from pathlib import Path

from desktop import keys

# What a user exported for a program of his own (PGDATA, JAVA_TOOL_OPTIONS, CLASSPATH) must not reach our engines.
PASSED = ("PATH", "HOME", "TMPDIR", "TZ", "USER", "LOGNAME")


def environment(**more: str) -> Mapping[str, str]:
    """The environment of an engine's process."""
    return {name: os.environ[name] for name in PASSED if name in os.environ} | {"LC_ALL": "C.UTF-8", **more}


def password(folder: Path) -> str:
    """The password of an engine, made once and kept in its data folder for the owner's eyes only."""
    return keys.kept(folder / "password", size=24)
