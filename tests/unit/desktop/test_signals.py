"""Asking to stop."""

import os
import signal
import threading

import pytest

from desktop import signals


@pytest.mark.parametrize("number", signals.NUMBERS)
def test_each_signal_asks_to_stop_and_afterwards_means_what_it_meant_before(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    stopping = threading.Event()
    with signals.asking(stopping):
        os.kill(os.getpid(), number)
        assert stopping.wait(20)
    assert signal.getsignal(number) is before


def test_nothing_is_asked_without_a_signal() -> None:
    stopping = threading.Event()
    with signals.asking(stopping):
        assert not stopping.wait(0.1)
    assert not stopping.is_set()


def test_a_hangup_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        stopping = threading.Event()
        with signals.asking(stopping):
            os.kill(os.getpid(), signal.SIGHUP)
            assert not stopping.wait(0.1)
    finally:
        signal.signal(signal.SIGHUP, before)
