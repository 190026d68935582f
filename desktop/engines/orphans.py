"""What outlives its server: PostgreSQL's backends finish their query before they notice that the server was killed.

Until then they keep its shared memory, and no new server starts on the same files. They are known by their command
line alone, for root in a container may not look at another user's open files.
"""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from desktop import runfiles

SECONDS = 5.0
PROC = Path("/proc")


def end(ours: Callable[[str], bool]) -> None:
    """Kills the processes whose command line is `ours`, and waits until they are gone."""
    found = [one for pid, line in commands() if ours(line) and (one := runfiles.identify(pid))]
    for process in found:
        runfiles.send(process, signal.SIGKILL)
    deadline = time.monotonic() + SECONDS
    while any(process.alive() for process in found) and time.monotonic() < deadline:
        time.sleep(0.01)


def commands() -> Iterator[tuple[int, str]]:
    """Id and command line of every process. Small systems come without `ps`, macOS without /proc."""
    if (PROC / "self").exists():
        for folder in PROC.glob("[0-9]*"):
            try:
                words = (folder / "cmdline").read_bytes()
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
            yield int(folder.name), words.replace(b"\0", b" ").decode(errors="replace")
        return
    told = subprocess.run(["ps", "-axwwo", "pid=,command="], capture_output=True, text=True, check=False).stdout
    for line in told.splitlines():
        pid, _, command = line.strip().partition(" ")
        yield int(pid), command
