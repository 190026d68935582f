"""Memory of a system's processes: what each has for itself, and its share of what it shares (PSS)."""

from collections.abc import Iterator
from pathlib import Path

PROC = Path("/proc")


def parents(proc: Path = PROC) -> dict[int, int]:
    """The parent of every process that runs."""
    found = {}
    for entry in proc.iterdir():
        if entry.name.isdigit():
            try:
                # The command's name may hold blanks and brackets: fields are counted from behind it.
                found[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
    return found


def tree(root: int, parent_of: dict[int, int]) -> Iterator[int]:
    """A process and all that descend from it."""
    yield root
    for child, parent in parent_of.items():
        if parent == root:
            yield from tree(child, parent_of)


def pss(pid: int, proc: Path = PROC) -> int:
    """Bytes of one process; 0 when it has ended."""
    try:
        lines = (proc / str(pid) / "smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return 1024 * next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def of(root: int, proc: Path = PROC) -> int:
    """Bytes of a process with its children (a web server with its workers)."""
    parent_of = parents(proc)
    return sum(pss(pid, proc) for pid in tree(root, parent_of))
