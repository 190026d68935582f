"""Loops that can be stopped, and that say that they live."""

import os
import signal
from pathlib import Path

import pytest

from service.runner import Heartbeat, Stopper


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_asks_to_stop(number: signal.Signals) -> None:
    before = {one: signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        stopper = Stopper().install()
        assert not stopper.stopping
        os.kill(os.getpid(), number)
        assert stopper.wait(10)
        assert stopper.stopping
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def test_the_heartbeats_file_is_there_while_the_process_works(tmp_path: Path) -> None:
    heartbeat = Heartbeat("relay", tmp_path / "run")
    heartbeat.beat()
    assert (tmp_path / "run" / "relay.heartbeat").exists()
    heartbeat.end()
    assert not (tmp_path / "run" / "relay.heartbeat").exists()
