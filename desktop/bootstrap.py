"""The virtual environment, made and kept current before anything else is imported: standard library only."""

import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import runpy
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

BASE = Path(__file__).resolve().parent.parent
# A process that the supervisor started runs in an environment that is known to be complete.
READY = "SOCIAL_NETWORK_READY"
# What pip fetches for each, in MB, on Linux.
SIZES = {"requirements-desktop.txt": 200, "requirements-load.txt": 13, "requirements-dev.txt": 250}
DESKTOP = ("requirements.txt", "requirements-desktop.txt")
LOAD = ("requirements-load.txt",)
DEVELOPMENT = (*DESKTOP, *LOAD, "requirements-dev.txt")


class Unusable(Exception):
    """The environment cannot be made; the message says why and what helps."""


def ensure_environment(files: tuple[str, ...], base: Path = BASE) -> None:
    """Returns inside an environment that has the packages, or re-executes this command in `.venv`, made first
    where it is missing or older than the requirements. Ends the process with a sentence where that fails."""
    if os.environ.get(READY) or brings_its_own(base):
        return
    venv = base / ".venv"
    try:
        with exclusive(venv):
            make(venv, files)
    except Unusable as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"Cannot make {venv}: {error.strerror or error}.")
    if Path(sys.prefix).resolve() != venv.resolve():
        os.execv(python_of(venv), [str(python_of(venv)), *sys.argv])  # noqa: S606 -- this very command again


def brings_its_own(base: Path) -> bool:
    """Whether this Python belongs to somebody else's virtual environment, or to an image with the packages in it."""
    if sys.prefix != sys.base_prefix:
        return Path(sys.prefix).resolve() != (base / ".venv").resolve()
    return in_container() and importlib.util.find_spec("django") is not None


def in_container() -> bool:
    """Whether this runs in Docker, Podman or Kubernetes."""
    marks = (Path("/.dockerenv"), Path("/run/.containerenv"))
    return any(mark.exists() for mark in marks) or "KUBERNETES_SERVICE_HOST" in os.environ


def python_of(venv: Path) -> Path:
    """The environment's Python."""
    return venv / "bin" / "python"


@contextlib.contextmanager
def exclusive(venv: Path) -> Iterator[None]:
    """One at a time: a second command waits until the first has made the environment."""
    venv.mkdir(exist_ok=True)
    handle = os.open(venv, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"Another command is making {venv}, waiting for it …")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def fingerprint(venv: Path, name: str) -> str:
    """What was installed from a file: the text of its requirements."""
    return hashlib.sha256((venv.parent / name).read_bytes()).hexdigest()


def make(venv: Path, files: tuple[str, ...]) -> None:
    """Creates the environment and installs the last file, which includes those before it, unless that has been done
    with exactly these."""
    stamps = venv / "installed"
    wanted = {stamps / name: fingerprint(venv, name) for name in files}
    if works(venv) and all(stamp.is_file() and stamp.read_text() == text for stamp, text in wanted.items()):
        return
    if not works(venv):
        create(venv)
    install(venv, files[-1])
    stamps.mkdir(exist_ok=True)
    for stamp, text in wanted.items():
        stamp.write_text(text)


def works(venv: Path) -> bool:
    """Whether the environment's Python is still there (a link to one that was removed is not) and can install."""
    return python_of(venv).exists() and any(venv.glob("lib/python3*/site-packages/pip"))


def create(venv: Path) -> None:
    """A new, empty virtual environment with pip."""
    say(f"Making {venv} with Python {sys.version.split()[0]} …")
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        raise Unusable(missing_venv())
    answer = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", str(venv)], capture_output=True, text=True, check=False
    )
    if answer.returncode:
        raise Unusable(f"Cannot make {venv}: {(answer.stdout + answer.stderr).strip()}\n{missing_venv()}")


def missing_venv() -> str:
    """What helps where Python came without its venv module."""
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    return (
        f"This Python ({sys.executable}) has no venv module. On Debian and Ubuntu: apt install python{version}-venv; "
        "elsewhere use a Python from python.org."
    )


def install(venv: Path, requirements: str) -> None:
    """Installs one requirements file, telling what is being fetched; pip's last words where it fails."""
    say(f"Installing {requirements} (the first time this fetches about {SIZES[requirements]} MB) …")
    begun, told, lines = time.monotonic(), 0.0, []
    command = [str(python_of(venv)), "-m", "pip", "install", "--progress-bar", "off", "-r", requirements]
    environment = os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, cwd=venv.parent, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as pip:
        for line in pip.stdout or ():
            lines.append(line.rstrip())
            if line.startswith(("Collecting", "Installing")) and time.monotonic() - told > 1:
                told = time.monotonic()
                say("  " + line.split(" (from")[0].strip()[:100])
    if pip.returncode:
        raise Unusable("\n".join([*lines[-12:], f"pip could not install {requirements}: see above."]))
    say(f"Installed in {time.monotonic() - begun:.0f} s.")


def say(text: str) -> None:
    """Progress goes to stderr: a command's own output stays its own."""
    print(text, file=sys.stderr, flush=True)


def load_environment(service: str, base: Path = BASE) -> None:
    """Gives a command the environment of the running desktop system, unless it has one of its own."""
    if "DATABASE_URL" in os.environ:
        return
    file = base / ".data" / "run" / f"{service}.env.json"
    with contextlib.suppress(FileNotFoundError):
        for name, value in json.loads(file.read_text()).items():
            os.environ.setdefault(name, value)


def run_script(arguments: list[str]) -> None:
    """Runs a file of this project (`tests/run.py`) as Python would."""
    if not arguments or not Path(arguments[0]).is_file():
        sys.exit("./manage.py python FILE [ARGUMENT …]: name a file, such as tests/run.py.")
    sys.argv = arguments
    sys.path[0] = str(Path(arguments[0]).resolve().parent)
    sys.path.insert(1, str(BASE))
    runpy.run_path(arguments[0], run_name="__main__")
