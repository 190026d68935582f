"""What a service can be told to do in the stateful test; each runs in a fresh process of the service."""

import io
import json
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any
from unittest.mock import patch

from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client
from kafka import KafkaConsumer, TopicPartition

from eventsourcing import broker, consumer, deadletters, direct, store
from eventsourcing.consumer import Consumer
from eventsourcing.publisher import Publisher
from eventsourcing.relay import Relay
from eventsourcing.shards import Shards
from service.runner import Heartbeat, Stopper

Order = Mapping[str, Any]
OTHERS = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = %s
  AND pid <> pg_backend_pid()
"""


def command(order: Order) -> dict[str, Any]:
    """A request to the service itself: status, entity tag, JSON."""
    known = set(order["users"])
    # The users service's answer: 0, somebody whose version it does not tell; None, nobody.
    told = patch("friends.directory._ask", lambda user: 0 if user in known else None)
    with told if settings.SERVICE == "friends" else nullcontext():
        answer = Client(raise_request_exception=False).generic(
            order["method"],
            order["path"],
            json.dumps(order["body"]) if order["body"] is not None else "",
            content_type="application/json",
            headers=order["headers"],
        )
    tag = answer.headers.get("ETag", "").strip('"')
    return {
        "status": answer.status_code,
        "version": int(tag) if tag.isdigit() else None,
        "body": json.loads(answer.content) if answer.content else None,
        "retryAfter": answer.headers.get("Retry-After"),
    }


def _heartbeat(name: str) -> Heartbeat:
    return Heartbeat(name, Path(tempfile.gettempdir()))


def relay(order: Order) -> int:
    """Publish until nothing is left, or until the step is cut off; how many steps it took. `forget`: acknowledgements
    of the first batch that do not arrive."""
    made = Relay(stopper=Stopper(), heartbeat=_heartbeat("relay"))
    publish, forget = Publisher.publish, order.get("forget", 0)

    def losing(self: Publisher, *args: Any, **kwargs: Any) -> Any:
        nonlocal forget
        acknowledged, dropped = publish(self, *args, **kwargs), forget
        forget = 0
        return acknowledged[: max(0, len(acknowledged) - dropped)]

    steps = 0
    with closing(direct.connect("relay")) as connection, patch.object(Publisher, "publish", losing):
        _alone(connection)
        shards = Shards(connection, owner="test", total=store.SHARDS)
        shards.maintain()
        while made.step(connection, shards) and steps < 100:
            steps += 1
    made.close()
    return steps


def _alone(connection: direct.Connection) -> None:
    """Wait until the session of a relay that was cut off has ended."""
    name = f"{settings.SERVICE} relay"
    while direct.fetch(connection, OTHERS, [name])[0][0]:
        time.sleep(0.01)


class Assigned(KafkaConsumer):  # type: ignore[misc]  # the library has no types
    """A consumer that has every partition to itself, without a group that would have to notice each death. Stops its
    process's consumer when it has read everything."""

    stopper = Stopper()

    def subscribe(self, topics: Any = (), pattern: Any = None, listener: Any = None) -> None:
        """Take all partitions."""
        places = [
            TopicPartition(topic, number) for topic in topics for number in self.partitions_for_topic(topic) or ()
        ]
        self.assign(places)
        listener.on_partitions_assigned(places)

    def poll(self, *args: Any, **kwargs: Any) -> Any:
        """As it is, and stop behind the last."""
        polled = super().poll(*args, **kwargs)
        ends = self.end_offsets(sorted(self.assignment()))
        if not polled and all(self.position(place) >= end for place, end in ends.items()):
            self.stopper.stop()
        return polled


def consume(order: Order) -> None:
    """Take everything that is on Kafka."""
    with patch.object(broker, "KafkaConsumer", Assigned), patch.object(consumer, "POLL_MS", 100):
        for subscription in consumer.all_subscriptions():
            Assigned.stopper = Stopper()
            Consumer(subscription, stopper=Assigned.stopper, heartbeat=_heartbeat("consume")).run()


def project(order: Order) -> None:
    """Bring the log into the graph."""
    from recommendations.projector import Projector

    projector = Projector(stopper=Stopper(), heartbeat=_heartbeat("project"))
    while projector.step():
        pass


def manage(order: Order) -> str:
    """A management command; what it said, or why it failed."""
    said = io.StringIO()
    try:
        call_command(*order["command"], stdout=said, stderr=said)
    except CommandError as error:
        return f"{said.getvalue()}{error}"
    return ""


def resolve(order: Order) -> list[str]:
    """Give up what is no event, handle again what waits behind it; the keys that stay parked."""
    left = []
    for name in {letter.consumer for letter in _open()}:
        poison = [letter for letter in deadletters.open_letters(name) if b"poison" in bytes(letter.value)]
        deadletters.discard(poison, by="test", reason="no event")
        for key in {letter.key for letter in deadletters.open_letters(name)}:
            outcome = deadletters.retry(name, key, by="test")
            left += [f"{name} {key}: {outcome.error}"] if outcome.error else []
    return left


def _open() -> list[Any]:
    from eventsourcing.models import DeadLetter

    return list(DeadLetter.objects.filter(state__in=deadletters.OPEN))


STEPS: dict[str, Callable[[Order], Any]] = {
    "command": command,
    "relay": relay,
    "consume": consume,
    "project": project,
    "manage": manage,
    "resolve": resolve,
}
