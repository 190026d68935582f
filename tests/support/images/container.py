"""Starts an image's command in a root of its own that refuses writes, as the image's user, as process 1.

By the kernel's own means: namespaces of mounts and processes, a read-only bind of the root, memory for /tmp and
/run/social-network, no capability, no way to gain one. What an engine adds (a network of its own, limits, seccomp) is
not there.
"""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

# $1: the root; the rest is the command.
SCRIPT = """
set -e
root=$1; shift
mount --bind "$root" "$root"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -t tmpfs -o mode=1777 tmpfs "$root/run/social-network"
mount -o remount,bind,ro "$root"
exec chroot "$root" "$@"
"""
STOP_SECONDS = 30.0


class Container:
    """A command in an image's root, running until the block ends. `given` is what a manifest would set."""

    def __init__(self, root: Path, config: Mapping[str, Any], log: Path, words: Sequence[str], **given: str) -> None:
        self._root, self._config, self.log, self._given = root, config, log, given
        isolated = ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"]
        inside = self._as_user([*config["Entrypoint"], *words])
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [*isolated, "sh", "-c", SCRIPT, "sh", str(root), *inside], stdout=output, stderr=output
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def _as_user(self, words: Sequence[str]) -> list[str]:
        user, _, group = str(self._config["User"]).partition(":")
        variables = dict(entry.split("=", 1) for entry in self._config["Env"]) | self._given
        rights = [f"--reuid={user}", f"--regid={group}", "--clear-groups", "--no-new-privs", "--bounding-set=-all"]
        settings = [f"{name}={value}" for name, value in variables.items()]
        return ["setpriv", *rights, "env", "-i", f"--chdir={self._config['WorkingDir']}", *settings, *words]

    @property
    def first(self) -> psutil.Process:
        """Process 1 of the container, as this machine sees it. Raises AssertionError before it has begun, and when
        it has ended."""
        children = psutil.Process(self._process.pid).children()
        assert len(children) == 1, self.log.read_text()
        return children[0]

    def execute(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command in the running container, as its user: what `docker exec` does."""
        entered = ["nsenter", f"--target={self.first.pid}", "--mount", "--pid", "chroot", str(self._root)]
        return subprocess.run([*entered, *self._as_user(words)], capture_output=True, text=True, check=False)

    def stop(self) -> int:
        """SIGTERM to process 1; the exit code."""
        self.first.terminate()
        return self._process.wait(STOP_SECONDS)

    def wait(self) -> int:
        """The exit code of a command that ends by itself."""
        return self._process.wait(STOP_SECONDS * 4)
