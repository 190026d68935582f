"""Writes requirements.lock, what the images install: `make lock`. Every version is pinned, every file has its hash.

It follows from requirements.txt, but for psycopg2: desktops take its binary wheel, images build it from source
against the system's libpq. `--check` compares without a network: the lock says from which requirements it was made.
"""

import hashlib
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

BASE = Path(__file__).resolve().parent.parent
LOCK = BASE / "requirements.lock"
BUILD = BASE / "docker" / "build.lock"
# What psycopg2 is built with; nothing of it is in an image. The packages' versions move with `make lock`.
BUILD_TOOLS = "pip\nsetuptools\nwheel\n"
MARK = "# Made by `make lock` from requirements with the SHA-256 "
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)
REPAIR = "make lock"


def wanted() -> str:
    """The requirements of an image: those of requirements.txt, with psycopg2 from source."""
    lines = (BASE / "requirements.txt").read_text("utf-8").splitlines()
    kept = [line for line in lines if line and not line.startswith("#")]
    return "\n".join(line.replace("psycopg2-binary==", "psycopg2==") for line in kept) + "\n"


def digest(requirements: str) -> str:
    """What a lock remembers of the requirements that it was made from."""
    return hashlib.sha256(requirements.encode()).hexdigest()


def pins(text: str) -> dict[str, str]:
    """Versions by name, as requirements or a lock have them."""
    return {name.lower().replace("_", "-"): version for name, version in PINNED.findall(text)}


def drift(lock: str, requirements: str) -> Iterator[str]:
    """What is wrong with the text of a lock, in sentences; nothing where it can be installed from."""
    if not lock.startswith(MARK + digest(requirements)):
        yield f"it was made from other requirements: {REPAIR}"
    locked = pins(lock)
    for name, version in pins(requirements).items():
        if locked.get(name) != version:
            yield f"{name} is {locked.get(name, 'missing')}, {version} is required: {REPAIR}"
    for entry in re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.MULTILINE)[1:]:
        if "--hash=sha256:" not in entry:
            yield f"{entry.split()[0]} has no hash: {REPAIR}"


def compile_lock(path: Path, requirements: str) -> None:
    """Resolves the requirements for every Python that we support and writes their lock. Versions that stand in it
    already stay where they still fit. Raises CalledProcessError."""
    command = ["uv", "pip", "compile", "-", "--universal", "--python-version", "3.11", "--generate-hashes"]
    options = ["--no-header", "--no-annotate", "--quiet", "--output-file", str(path)]
    tool = Path(sys.executable).parent / "uv"
    subprocess.run([str(tool), *command[1:], *options], input=requirements, text=True, check=True, cwd=BASE)
    path.write_text(f"{MARK}{digest(requirements)}\n{path.read_text('utf-8')}", "utf-8")


LOCKS: Mapping[Path, Callable[[], str]] = {LOCK: wanted, BUILD: lambda: BUILD_TOOLS}


def main(arguments: Sequence[str]) -> int:
    """Writes the locks, or with `--check` says what is wrong with them."""
    wrong = []
    for path, requirements in LOCKS.items():
        if list(arguments) != ["--check"]:
            compile_lock(path, requirements())
        text = path.read_text("utf-8") if path.exists() else ""
        wrong += [f"{path.relative_to(BASE)}: {sentence}" for sentence in drift(text, requirements())]
    sys.stdout.write("".join(f"{line}\n" for line in wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
