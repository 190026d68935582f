"""Builds and runs images with buildah, isolated by chroot: needs root, Debian's packages, no engine and no registry.

The official Python base cannot be had without a registry: debootstrap makes a stand-in, Debian's own Python 3.11 on a
minimal bookworm. What is seen so: the Dockerfile's stages and rules, what the image contains, its user, its commands
on a root file system that refuses writes. Not seen: the official base itself, and a container engine's isolation.
"""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from desktop.bootstrap import BASE

STAND_IN = "docker.io/library/python:3.11-stand-in"
PREFIX = "localhost/social-network"
TAG = "test"
SERVICES = ("users", "friends", "recommendations", "registry", "gateway")
ENVIRONMENT = {"STORAGE_DRIVER": "vfs", "BUILDAH_ISOLATION": "chroot"}
# Python's headers come with the official base; in the stand-in they are a package.
PACKAGES = "python3,python3-venv,python3-dev,ca-certificates"
# This machine's authorities: a proxy between may have one of its own.
CERTIFICATES = ("--volume", "/etc/ssl/certs:/etc/ssl/certs:ro")


class Failed(Exception):
    """A command failed; the message has its last words."""


def missing() -> str:
    """Why images cannot be built here, "" where they can."""
    if os.geteuid() != 0:
        return "building images by chroot needs root"
    tools = [tool for tool in ("buildah", "debootstrap") if shutil.which(tool) is None]
    return f"no {' and no '.join(tools)} here (Debian: apt install {' '.join(tools)})" if tools else ""


def run(*words: str, limit: float = 1800.0) -> str:
    """A command's standard output. Raises Failed."""
    answer = subprocess.run(
        words, env=os.environ | ENVIRONMENT, capture_output=True, text=True, check=False, timeout=limit, cwd=BASE
    )
    if answer.returncode:
        raise Failed(f"{' '.join(words)[:200]} failed: {(answer.stdout + answer.stderr).strip()[-2000:]}")
    return answer.stdout.strip()


def present(image: str) -> bool:
    """Whether buildah's store has the image."""
    return bool(run("buildah", "images", "--quiet", "--filter", f"reference={image}"))


def make_stand_in() -> None:
    """The stand-in for the official base, made once: it stays in buildah's store."""
    if present(STAND_IN):
        return
    with tempfile.TemporaryDirectory() as work:
        root = Path(work) / "root"
        run("debootstrap", "--variant=minbase", f"--include={PACKAGES}", "bookworm", str(root))
        (root / "usr/bin/python").symlink_to("python3")
        for cached in (root / "var/cache/apt").rglob("*.deb"):
            cached.unlink()
        container = run("buildah", "from", "scratch")
        run("buildah", "copy", "--quiet", container, str(root), "/")
        run("buildah", "commit", "--quiet", container, STAND_IN)
        run("buildah", "rm", container)


def name(service: str) -> str:
    """The image of a service, as this builds it."""
    return f"{PREFIX}-{service}:{TAG}"


def build(service: str) -> None:
    """One target of the Dockerfile; what it shares with others comes from the layers kept."""
    options = ("--pull-never", "--layers", "--format", "docker", "--build-arg", f"BASE={STAND_IN}", *CERTIFICATES)
    run("buildah", "build", *options, "--target", service, "--tag", name(service), "--file", "docker/Dockerfile", ".")


def inspect(service: str) -> dict[str, Any]:
    """The image's configuration, in Docker's words."""
    found = json.loads(run("buildah", "inspect", "--type", "image", name(service)))
    return dict(found["Docker"]["config"])


@contextmanager
def root_of(service: str) -> Iterator[Path]:
    """The image's root file system, as a folder that is there until the block ends."""
    container = run("buildah", "from", "--pull-never", name(service))
    try:
        yield Path(run("buildah", "mount", container))
    finally:
        run("buildah", "rm", container)


def compressed_size(service: str) -> int:
    """The image's bytes as a registry would keep them: its layers compressed by gzip."""
    with tempfile.TemporaryDirectory() as work:
        run("buildah", "push", "--quiet", name(service), f"dir:{work}")
        return sum(path.stat().st_size for path in Path(work).iterdir())
