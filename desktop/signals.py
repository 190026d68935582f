"""Asking a supervisor to stop: Ctrl-C, SIGTERM, or a terminal that was closed."""

import os
import select
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def asking(stopping: threading.Event) -> Iterator[None]:
    """Within, each of the signals sets `stopping`.

    A signal handler of Python runs between any two instructions of the main thread, which may hold the event's own
    lock just then. So the interpreter only writes a byte to a pipe, and a thread that reads it sets the event.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    threading.Thread(target=_listen, args=(reader, stopping), name="signals", daemon=True).start()
    # Whoever was started with nohup asked to outlive the terminal.
    numbers = [number for number in NUMBERS if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, lambda *_: None) for number in numbers}
    wakeup = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(wakeup)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(writer)


def _listen(reader: int, stopping: threading.Event) -> None:
    poll = select.poll()
    poll.register(reader, select.POLLIN)
    if os.isatty(0):
        # SIGHUP goes to the terminal's first process only. Where that is make, it waits for us and tells us nothing.
        poll.register(0, 0)
    while True:
        for descriptor, _ in poll.poll():
            if descriptor != reader:
                stopping.set()
                poll.unregister(descriptor)
                continue
            received = os.read(reader, 1)
            if not received:
                os.close(reader)
                return
            if received[0] in NUMBERS:
                stopping.set()
