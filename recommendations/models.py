"""The aggregate service's own event log. `log` writes and reads it by hand-written statements; the models give the
admin, the migrations and the tests a view of it."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models


class LogEntry(models.Model):
    """An event as it was received: appended once, never changed. The database refuses UPDATE, DELETE and TRUNCATE.

    `position` counts within one partition of a topic, without gaps, in the order in which entries become visible: a
    reader with a cursor on it misses nothing. Across partitions there is no order.
    """

    topic = models.CharField(max_length=249, db_collation="C")
    partition = models.IntegerField()
    position = models.BigIntegerField()
    event_id = models.UUIDField(unique=True)
    event_type = models.CharField(max_length=100)
    schema_version = models.SmallIntegerField()
    # Byte order, as in the event stores: streams are walked through in one order on every server.
    stream = models.CharField(max_length=200, db_collation="C")
    stream_version = models.IntegerField()
    data = models.JSONField(help_text="The subject without its personal members.")
    personal = ArrayField(
        models.CharField(max_length=100), help_text="Names of the personal members that it came with."
    )
    metadata = models.JSONField(help_text="Correlation, causation, traceparent, actor.")
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()
    source_offset = models.BigIntegerField(help_text="Where it stood in Kafka.")
    source_topic_id = models.UUIDField(null=True, help_text="Which making of the topic it stood in.")

    class Meta:
        db_table = "log"
        verbose_name_plural = "event log"
        constraints = (models.UniqueConstraint(fields=["topic", "partition", "position"], name="log_position"),)
        indexes = (
            models.Index(fields=["stream", "stream_version"], name="log_stream"),
            models.Index(fields=["event_type", "id"], name="log_event_type"),
            # For the feed: a page of one stream, or of one type, costs the same wherever it stands.
            models.Index(fields=["stream", "topic", "partition", "position"], name="log_feed_stream"),
            models.Index(fields=["event_type", "topic", "partition", "position"], name="log_feed_type"),
            BrinIndex(fields=["occurred_at"], name="log_occurred_at"),
            BrinIndex(fields=["received_at"], name="log_received_at"),
        )

    def __str__(self) -> str:
        return f"{self.stream} v{self.stream_version}: {self.event_type}"


class Refill(models.Model):
    """How far the log was filled anew from a partition of a topic, and up to where it must be: what the consumer had
    read. Kept until the graph was made from it too."""

    topic = models.CharField(max_length=249)
    partition = models.IntegerField()
    topic_id = models.UUIDField(help_text="Which making of the topic the offsets are of.")
    next_offset = models.BigIntegerField(default=0)
    until = models.BigIntegerField()

    class Meta:
        db_table = "refill"
        constraints = (models.UniqueConstraint(fields=["topic", "partition"], name="refill_place"),)

    def __str__(self) -> str:
        return f"{self.topic} {self.partition}: {self.next_offset} of {self.until}"


class Projected(models.Model):
    """A piece of one partition of the log, from a position to another, and when it was in the graph."""

    topic = models.CharField(max_length=249, db_collation="C")
    partition = models.IntegerField()
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        db_table = "projected"
        verbose_name_plural = "projected"
        constraints = (models.UniqueConstraint(fields=["topic", "partition", "last"], name="projected_last"),)

    def __str__(self) -> str:
        return f"{self.topic} {self.partition}: {self.first} to {self.last}"


class LogPersonal(models.Model):
    """Personal members of a logged event's subject: beside it, so that they can be erased without touching it."""

    event_id = models.UUIDField(primary_key=True)
    data = models.JSONField()

    class Meta:
        db_table = "log_personal"
        verbose_name_plural = "personal data"

    def __str__(self) -> str:
        return str(self.event_id)
