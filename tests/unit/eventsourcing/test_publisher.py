"""A client of Kafka that hangs: a real one does so only when it wants to."""

from types import SimpleNamespace
from typing import Any

import pytest
from kafka.errors import KafkaTimeoutError

from eventsourcing import broker, publisher
from eventsourcing.publisher import SETTLED_SECONDS, Publisher
from tests.unit.eventsourcing.test_envelope import event


class Clock:
    """Time that only waiting moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


class Future:
    """What became of a message: nothing yet, or where it stands."""

    def __init__(self, clock: Clock, offset: int | None) -> None:
        self._clock, self._offset = clock, offset
        self.is_done = offset is not None

    def get(self, timeout: float) -> Any:
        if self._offset is None:
            self._clock.now += timeout
            raise KafkaTimeoutError
        return SimpleNamespace(partition=0, offset=self._offset)


class Producer:
    """Takes everything, and has an answer for the first `answered`."""

    def __init__(self, clock: Clock, answered: int) -> None:
        self._clock, self._answered = clock, answered
        self.sent = 0
        self.closed = False

    def send(self, topic: str, **message: Any) -> Future:
        self.sent += 1
        return Future(self._clock, self.sent if self.sent <= self._answered else None)

    def close(self, timeout: float) -> None:
        self.closed = True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(publisher, "time", clock)
    return clock


def test_a_client_that_hangs_is_waited_for_once_and_not_once_an_event(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    producer = Producer(clock, answered=3)
    monkeypatch.setattr(broker, "producer", lambda: producer)
    begun, beats = clock.now, 0

    def waiting() -> None:
        nonlocal beats
        beats += 1

    events = [event(position=n, stream=f"user-{n}", version=1) for n in range(1, 201)]
    done = Publisher().publish(events, waiting=waiting)
    assert [one.event_position for one in done] == [1, 2, 3]
    assert clock.now - begun <= SETTLED_SECONDS + 1
    assert beats >= SETTLED_SECONDS - 1
    assert producer.closed, "the next batch would be sent by the client that hangs"
