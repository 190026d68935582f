"""What must be so before anything is started: a data folder of our own, room on the disk, free ports."""

import contextlib
import errno
import fcntl
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

from desktop import runfiles
from desktop.errors import DesktopError
from desktop.services import SERVICES, Ports

MARK = ".social-network"
# PostgreSQL's and the graph's first files take 150 MB; below this a first run would end in the middle.
LEAST_BYTES = 1_000_000_000


def claim(data: Path) -> None:
    """Makes the data folder, or makes sure that it is one of ours: `reset` deletes it whole."""
    data.mkdir(parents=True, exist_ok=True)
    mark = data / MARK
    if mark.exists():
        return
    if any(data.iterdir()):
        raise DesktopError(
            f"{data} holds files that are not this system's. Name a new folder: ./manage.py up --data FOLDER."
        )
    mark.write_text("The data of a social network on one machine. ./manage.py reset deletes them.\n")


@contextlib.contextmanager
def locked(data: Path) -> Iterator[None]:
    """One system per data folder. Raises DesktopError where another one runs in it."""
    handle = os.open(data / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DesktopError(_already_running(data)) from None
        yield
    finally:
        os.close(handle)


def _already_running(data: Path) -> str:
    supervisor = runfiles.recall(data / "run" / "system.json")
    who = f" (process {supervisor.pid})" if supervisor else ""
    return f"The system already runs in {data}{who}. ./manage.py status shows it, ./manage.py down stops it."


def check_disk(folder: Path, least: int = LEAST_BYTES) -> None:
    """Raises DesktopError where the folder's disk has less than `least` bytes free."""
    free = shutil.disk_usage(folder).free
    if free < least:
        raise DesktopError(
            f"The disk of {folder} has {free / 1e6:.0f} MB free, and {least / 1e6:.0f} MB are needed. "
            "Free some, or name a folder on another disk: ./manage.py up --data FOLDER."
        )


def system_error(error: OSError, data: Path) -> str:
    """The sentence about what the operating system refuses."""
    if error.errno == errno.ENOSPC:
        return (
            f"The disk of {data} is full. Free some, or name a folder on another disk: ./manage.py up --data FOLDER."
        )
    return f"{error.strerror or error}: {error.filename or data}."


def check_ports(ports: Ports) -> None:
    """Raises DesktopError that names the first port that somebody listens on, and who, where that can be known."""
    wanted = {service.name: ports.of(service) for service in SERVICES}
    wanted |= {name: port for name, port in ports.engines().items() if port}
    doubled = {port for port in wanted.values() if list(wanted.values()).count(port) > 1}
    if doubled:
        raise DesktopError(f"Port {doubled.pop()} was chosen for two services: each needs its own.")
    for name, port in wanted.items():
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError as error:
            raise DesktopError(_taken(name, port, error)) from None


def _taken(name: str, port: int, error: OSError) -> str:
    if error.errno == errno.EACCES:
        return f"Port {port} ({name}) is for root only. Choose another: ./manage.py up --port {name}=NUMBER."
    owner = listener(port)
    return (
        f"Port {port}, which {name} needs, is in use{f' by {owner}' if owner else ''}. "
        f"Stop that, or choose another port: ./manage.py up --port {name}=NUMBER."
    )


def listener(port: int) -> str:
    """Who listens on a local TCP port, as `name (process 123)`; empty where this system does not tell."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            rows = [line.split() for line in Path(table).read_text().splitlines()[1:]]
            inodes |= {row[9] for row in rows if row[3] == "0A" and int(row[1].rpartition(":")[2], 16) == port}
    links = {f"socket:[{inode}]" for inode in inodes}
    for folder in Path("/proc").glob("[0-9]*/fd") if links else ():
        # Processes end while one looks at them, and strangers' may not be looked at.
        with contextlib.suppress(OSError):
            if any(str(handle.readlink()) in links for handle in folder.iterdir()):
                name = (folder.parent / "comm").read_text().strip()
                return f"{name} (process {folder.parent.name})"
    return ""
