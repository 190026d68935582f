"""What runs is written down, so that what a killed supervisor left behind is found again, and nobody else is hit.

A process id alone is no proof: ids are given out anew. Each run file therefore holds the process's start time too.
"""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """One process for good: its id, and when it started (text that only this system's clock of it explains)."""

    pid: int
    started: str

    def alive(self) -> bool:
        """Whether exactly this process still runs."""
        return started(self.pid) == self.started


def started(pid: int) -> str | None:
    """When the process with this id started; None where there is none (a zombie counts as gone)."""
    if not Path("/proc/self/stat").exists():
        return _started_without_proc(pid)
    try:
        # The command's name may hold blanks and brackets: fields are counted from behind it.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    if fields[0] in "ZX":
        return None
    return f"{_boot()}:{fields[19]}"


def _boot() -> str:
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return ""


def _started_without_proc(pid: int) -> str | None:
    answer = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    state, _, begun = answer.stdout.strip().partition(" ")
    return None if not state or state.startswith("Z") else begun.strip()


def identify(pid: int) -> Identity | None:
    """The running process with this id."""
    begun = started(pid)
    return None if begun is None else Identity(pid=pid, started=begun)


def write(path: Path, content: dict[str, Any], mode: int = 0o600) -> None:
    """Writes a JSON file whole or not at all; for its owner only, as environments hold passwords."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
        json.dump(content, file, indent=1)
    draft.replace(path)


def read(path: Path) -> dict[str, Any] | None:
    """A run file's content; None where it is missing or was cut off by a full disk."""
    try:
        content = json.loads(path.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    return content if isinstance(content, dict) else None


def record(path: Path, pid: int) -> None:
    """Writes down that this process is ours."""
    if found := identify(pid):
        write(path, asdict(found))


def recall(path: Path) -> Identity | None:
    """The process of a run file, if exactly that one still runs."""
    return identity(read(path) or {})


def identity(content: Mapping[str, Any]) -> Identity | None:
    """The process that was written down, if exactly that one still runs."""
    if not {"pid", "started"} <= content.keys():
        return None
    found = Identity(pid=int(content["pid"]), started=str(content["started"]))
    return found if found.alive() else None


def send(process: Identity, number: signal.Signals) -> None:
    """Signals the process, and with SIGKILL its group, if it leads one: no worker is left behind."""
    if not process.alive():
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if number == signal.SIGKILL and os.getpgid(process.pid) == process.pid:
            os.killpg(process.pid, number)
        else:
            os.kill(process.pid, number)


def kill_group(leader: "subprocess.Popen[bytes]") -> None:
    """Ends at once a child of ours that was started in a session of its own, and whatever is left in its group."""
    if leader.poll() is not None and started(leader.pid):
        # The id is another process's by now. It is given out anew only when nobody is left in the group.
        return
    # After the leader's own end, workers that outlived it may still be in the group.
    try:
        os.killpg(leader.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
    leader.wait()


def end(processes: Iterable[Identity], *, patience: float) -> None:
    """Ends processes: SIGTERM to all, and SIGKILL to those that are there after `patience` seconds."""
    left = [process for process in processes if process.alive()]
    for process in left:
        send(process, signal.SIGTERM)
    deadline = time.monotonic() + patience
    while left and time.monotonic() < deadline:
        time.sleep(0.02)
        left = [process for process in left if process.alive()]
    for process in left:
        send(process, signal.SIGKILL)
