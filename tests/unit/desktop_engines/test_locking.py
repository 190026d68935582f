"""One at a time in the cache folder, whoever dies."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from desktop.bootstrap import BASE
from desktop.engines.locking import held

HOLDER = """
import sys, time
from pathlib import Path
from desktop.engines.locking import held
with held(Path(sys.argv[1]), waiting=lambda: None):
    print("held", flush=True)
    time.sleep(60)
"""


class GivenUp(Exception):
    """Whoever waits may give up."""


def refuse() -> None:
    raise GivenUp


def test_a_second_holder_waits_and_may_give_up(tmp_path: Path) -> None:
    with (
        held(tmp_path / "lock", waiting=refuse),
        pytest.raises(GivenUp),
        held(tmp_path / "lock", waiting=refuse),
    ):
        pytest.fail("two hold it")
    with held(tmp_path / "lock", waiting=refuse):
        pass


def test_it_is_released_when_its_holder_raises(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), held(tmp_path / "lock", waiting=refuse):
        _ = 1 // 0
    with held(tmp_path / "lock", waiting=refuse):
        pass


def test_it_ends_with_a_killed_process(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "lock")]
    with subprocess.Popen(command, cwd=BASE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(GivenUp), held(tmp_path / "lock", waiting=refuse):
            pytest.fail("two hold it")
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        with held(tmp_path / "lock", waiting=refuse):
            pass


def test_a_daemon_that_is_started_meanwhile_does_not_keep_it(tmp_path: Path) -> None:
    with held(tmp_path / "lock", waiting=refuse):
        # Without close_fds: what keeps the lock from it is the descriptor itself.
        daemon = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], close_fds=False)
    patience = iter(range(20))

    def waiting() -> None:
        # The descriptor is closed a moment after the program has begun.
        assert next(patience, None) is not None, "the daemon keeps it"

    with daemon:
        try:
            with held(tmp_path / "lock", waiting=waiting):
                assert daemon.poll() is None
        finally:
            daemon.kill()
