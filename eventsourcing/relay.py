"""The relay: brings what stands in the outbox to Kafka, in order per stream, and marks what Kafka acknowledged.

There is no cursor that could pass over a transaction that commits late: what is unpublished says so itself. A crash
between Kafka's acknowledgement and the mark sends an event twice, and never loses one.
"""

import logging
import os
import random
import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from uuid import UUID

import psycopg2
from kafka.errors import KafkaError

from eventsourcing import direct, idempotency, metrics, republish, schema_registry, store, topics, totals, wakeup
from eventsourcing.event import Event
from eventsourcing.publisher import Acknowledged, Publisher
from eventsourcing.shards import Shards
from service import tracing
from service.runner import Heartbeat, Stopper

logger = logging.getLogger(__name__)
BATCH = 500
EXPIRE_EVERY_SECONDS = 60.0
# The longest wait is well below the silence after which another relay takes over.
BUSY_SECONDS, IDLE_SECONDS, BACKOFF_SECONDS = 0.02, 0.5, 2.0

UNPUBLISHED = f"""
SELECT {store.COLUMNS}
FROM outbox o JOIN events e USING (position) LEFT JOIN personal p USING (event_id)
WHERE o.published_at IS NULL AND o.shard = ANY(%(shards)s) AND o.stream <> ALL(%(held)s)
ORDER BY o.position LIMIT %(limit)s
"""  # noqa: S608 -- assembled from a constant only
# Sequences are handed out under a lock, from what is committed: gapless, and never visible out of order.
MARK_LOCK = totals.LOCK
MARK = """
WITH last AS (SELECT coalesce(max(sequence), 0) AS sequence FROM outbox WHERE sequence IS NOT NULL),
done AS (
    -- What is published again keeps its number and takes none from those who get their first.
    SELECT one.*, count(*) FILTER (WHERE entry.sequence IS NULL) OVER (ORDER BY one.ordinal) AS place
    FROM unnest(%(positions)s::bigint[], %(partitions)s::int[], %(offsets)s::bigint[], %(topic_ids)s::uuid[],
                %(types)s::text[])
         WITH ORDINALITY AS one (position, partition, "offset", topic_id, type, ordinal)
    JOIN outbox entry USING (position)
)
UPDATE outbox
SET partition = done.partition, "offset" = done."offset", topic_id = done.topic_id, published_at = clock_timestamp(),
    sequence = coalesce(outbox.sequence, last.sequence + done.place), type = done.type
FROM last, done
WHERE outbox.position = done.position
"""
# The last event of each stream, again: behind what was sent late.
LAST_AGAIN = """
UPDATE outbox SET published_at = NULL
WHERE published_at IS NOT NULL AND position IN (
    SELECT DISTINCT ON (stream) position FROM events WHERE stream = ANY(%s) ORDER BY stream, version DESC)
"""


class Relay:
    """Relays a service's outbox until stopped; several may run, each with its share of the shards."""

    def __init__(self, *, stopper: Stopper, heartbeat: Heartbeat) -> None:
        self._stopper, self._heartbeat = stopper, heartbeat
        self._publisher = Publisher()
        owned = [topic.name for topic in topics.owned()]
        metrics.relay_begins(owned)
        self._topic_ids = topics.TopicIds(owned)
        self._lacking = republish.Lacking()
        # The last offset of each partition (topic, number) that Kafka has acknowledged to this relay.
        self._reached: dict[tuple[str, int], int] = {}
        self._failures, self._expire_at = 0, 0.0
        # Streams of which this relay may have sent something after they had gone to another.
        self._late: set[str] = set()
        self._shards: Shards | None = None

    def reports(self) -> bool:
        """Whether it is this relay that reports the service's numbers; for any thread."""
        shards = self._shards
        return shards is not None and 0 in shards.owned

    def run(self) -> None:
        """Serve; a lost database is waited for."""
        while not self._stopper.stopping:
            try:
                self._serve()
            except psycopg2.Error as error:
                logger.warning("The relay has lost its session: %s", str(error).strip())
                self._shards = None
                metrics.RELAY_FAILURES.labels("database").inc()
                metrics.SHARDS.set(0)
                # What it still had to send is another's by now, who may already be further in the same streams.
                self._publisher.close()
                self._back_off()
        self.close()

    def forget_topics(self) -> None:
        """Ask Kafka for the topics' ids with the next step, however lately they were asked for."""
        self._topic_ids.close()

    def close(self) -> None:
        """End the connections to Kafka."""
        self._publisher.close()
        self._topic_ids.close()

    def _serve(self) -> None:
        owner = f"{socket.gethostname()}:{os.getpid()}"
        with closing(direct.connect("relay")) as connection:
            direct.listen(connection, wakeup.CHANNEL)
            self._make_good(connection)
            self._shards = shards = Shards(connection, owner=owner, total=store.SHARDS)
            pause = BUSY_SECONDS
            while not self._stopper.stopping:
                self._heartbeat.beat()
                shards.maintain()
                metrics.SHARDS.set(len(shards.owned))
                self._expire_answers(connection)
                if self.step(connection, shards):
                    pause = BUSY_SECONDS
                elif not self._failures:
                    # Woken at once by a NOTIFY; the looks in between are for one that was lost.
                    pause = BUSY_SECONDS if direct.wait(connection, pause) else min(pause * 2, IDLE_SECONDS)

    def _make_good(self, connection: direct.Connection) -> None:
        """An old version that was sent late is the last message of its key now, and a compacted topic would keep just
        that: have whoever owns the stream send its newest once more."""
        if self._late:
            direct.fetch(connection, LAST_AGAIN, [sorted(self._late)])
            self._late.clear()

    def _expire_answers(self, connection: direct.Connection) -> None:
        """Once a minute: the answers kept under idempotency keys are kept for a day, and not longer."""
        if time.monotonic() >= self._expire_at:
            direct.fetch(connection, idempotency.EXPIRE)
            self._expire_at = time.monotonic() + EXPIRE_EVERY_SECONDS

    def step(self, connection: direct.Connection, shards: Shards) -> bool:
        """Publish one batch: new events before old ones that a new topic lacks; False when there was nothing.

        Raises psycopg2.Error when the session is lost; Kafka's failures are waited out here.
        """
        try:
            present = self._present(connection, shards)
            events = self._next(connection, shards, present)
        except KafkaError as error:
            logger.warning("Kafka does not answer: %s", error)
            metrics.RELAY_FAILURES.labels("broker").inc()
            self._failed(shards)
            return False
        if not events:
            self._failures = 0
            return False
        try:
            began = tracing.now()
            done = self._publisher.publish(events, waiting=shards.beat)
            if len(done) < len(events):
                # Whoever did not answer may be another broker, without any of this, when it does.
                self._topic_ids.expire()
            self._mark(connection, events, done, present)
            _trace(events, done, began)
        except psycopg2.Error:
            self._late.update(event.stream for event in events)
            raise
        # What Kafka takes goes on at full speed beside a stream that it does not take.
        if done:
            self._failures = 0
            metrics.BATCHES.inc()
        else:
            metrics.RELAY_FAILURES.labels("unacknowledged").inc()
            self._failed(shards)
        return True

    def _present(self, connection: direct.Connection, shards: Shards) -> topics.Present:
        """The making of each topic. Taken over from a relay that knew a later one, a shard must not be published to
        what we still take for the present one: that would begin to tell it again, and end with an old version."""
        present = self._topic_ids.current()
        if self._lacking.contradicts(connection, sorted(shards.owned), present):
            present = self._topic_ids.afresh()
        return present

    def _next(self, connection: direct.Connection, shards: Shards, present: topics.Present) -> list[Event]:
        # A stream that waits behind an event that cannot be sent must not fill the batch.
        owned = {"shards": sorted(shards.owned), "held": self._publisher.held(), "limit": BATCH}
        rows = direct.fetch(connection, UNPUBLISHED, owned) if shards.owned else []
        new = [store.as_stored(row) for row in rows]
        lacking = self._lacking.look(connection, sorted(shards.owned), present)
        metrics.GAPS.set(len(lacking))
        return republish.with_lacking(connection, new, lacking, BATCH) if lacking else new

    def _mark(
        self,
        connection: direct.Connection,
        events: Sequence[Event],
        done: Sequence[Acknowledged],
        present: topics.Present,
    ) -> None:
        if not done:
            return
        by_position = {event.position: event for event in events}
        self._watch(by_position, done)
        values = {
            "positions": [one.event_position for one in done],
            "partitions": [one.partition for one in done],
            "offsets": [one.offset for one in done],
            "topic_ids": [_topic_id(by_position[one.event_position], present) for one in done],
            "types": [by_position[one.event_position].type for one in done],
        }
        with connection.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(MARK_LOCK)
            cursor.execute(totals.ADD, values)
            new = cursor.fetchall()
            cursor.execute(MARK, values)
            cursor.execute("COMMIT")
        for name, number in new:
            metrics.PUBLISHED.labels(name).inc(number)
        metrics.REPUBLISHED.inc(len(done) - sum(number for _, number in new))

    def _watch(self, events: Mapping[int, Event], done: Sequence[Acknowledged]) -> None:
        """An offset that goes back is of a topic that was made anew since we asked: ask again before the next batch,
        so that what was sent too early stands alone for no longer than that."""
        for one in done:
            place = (_topic(events[one.event_position]), one.partition)
            if one.offset <= self._reached.get(place, -1):
                self._topic_ids.expire()
            self._reached[place] = one.offset

    def _failed(self, shards: Shards) -> None:
        self._failures += 1
        shards.beat()
        self._back_off()

    def _back_off(self) -> None:
        most = min(BACKOFF_SECONDS, 0.1 * 2 ** min(self._failures, 10))
        self._stopper.wait(random.uniform(most / 2, most))  # noqa: S311 -- spreads retries, hides nothing


def _trace(events: Sequence[Event], done: Sequence[Acknowledged], began: int) -> None:
    """What each of them waited for, and how long Kafka and the mark took."""
    if tracing.ENABLED:
        positions = {one.event_position for one in done}
        for event in events:
            if event.position in positions:
                traced = [tracing.Traced(event.metadata.traceparent, event.type, event.stream)]
                happened = tracing.nanoseconds(event.occurred_at)
                tracing.record("outbox", tracing.INTERNAL, traced, happened, ended=began)
                tracing.record("publish", tracing.PRODUCER, traced, began, {"messaging.system": "kafka"})


def _topic(event: Event) -> str:
    return schema_registry.newest(event.type).topic


def _topic_id(event: Event, present: topics.Present) -> UUID | None:
    return present.get(_topic(event))
