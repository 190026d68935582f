"""The tables of an event-sourced service. Commands and relay use them through hand-written statements
(`store`, `relay`); the models give the admin, the migrations and the tests a view of them."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex, GinIndex
from django.db import models


class StoredEvent(models.Model):
    """What happened: appended once, never changed. The database refuses UPDATE, DELETE and TRUNCATE."""

    position = models.BigAutoField(primary_key=True)
    event_id = models.UUIDField(unique=True)
    # Byte order: a category's streams are one range of the index, whatever the server's language.
    stream = models.CharField(max_length=200, db_collation="C")
    version = models.IntegerField()
    type = models.CharField(max_length=100)
    schema_version = models.SmallIntegerField()
    data = models.JSONField(help_text="The subject without its personal members.")
    metadata = models.JSONField(help_text="Correlation, causation, traceparent, actor.")
    occurred_at = models.DateTimeField()

    class Meta:
        db_table = "events"
        verbose_name = "event"
        constraints = (models.UniqueConstraint(fields=["stream", "version"], name="events_stream_version"),)
        indexes = (
            models.Index(fields=["type", "position"], name="events_type"),
            BrinIndex(fields=["occurred_at"], name="events_occurred_at"),
        )

    def __str__(self) -> str:
        return f"{self.stream} v{self.version}: {self.type}"


class Personal(models.Model):
    """Personal members of an event's subject: beside the event, so that they can be erased without touching it."""

    event_id = models.UUIDField(primary_key=True)
    data = models.JSONField()

    class Meta:
        db_table = "personal"
        verbose_name_plural = "personal data"

    def __str__(self) -> str:
        return str(self.event_id)


class OutboxEntry(models.Model):
    """An event on its way to Kafka: written with it, marked when Kafka has acknowledged it.

    `sequence` is stamped when published, gapless and in that order: whoever needs a cursor reads by it.
    """

    # No constraint in the database: the event is inserted by the same statement and can never be deleted.
    event = models.OneToOneField(
        StoredEvent, models.DO_NOTHING, primary_key=True, db_column="position", db_constraint=False
    )
    stream = models.CharField(max_length=200, db_collation="C")
    version = models.IntegerField()
    shard = models.SmallIntegerField()
    topic_id = models.UUIDField(null=True, help_text="Which making of the topic it was published to.")
    partition = models.IntegerField(null=True)
    offset = models.BigIntegerField(null=True)
    published_at = models.DateTimeField(null=True)
    sequence = models.BigIntegerField(null=True)
    type = models.CharField(max_length=100, null=True, help_text="The event's, stamped with the sequence.")  # noqa: DJ001 -- as all that is stamped: null until then

    class Meta:
        db_table = "outbox"
        verbose_name_plural = "outbox"
        indexes = (
            models.Index(fields=["event"], name="outbox_unpublished", condition=models.Q(published_at=None)),
            # For the feed: a page of one stream, or of one type, costs the same wherever it stands.
            models.Index(
                fields=["stream", "sequence"], name="outbox_stream", condition=models.Q(sequence__isnull=False)
            ),
            models.Index(fields=["type", "sequence"], name="outbox_type", condition=models.Q(sequence__isnull=False)),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["sequence"], name="outbox_sequence", condition=models.Q(sequence__isnull=False)
            ),
        )

    def __str__(self) -> str:
        return f"{self.stream} v{self.version}"


class RelayShard(models.Model):
    """Who relays a shard's streams, and when it last said that it lives."""

    shard = models.SmallIntegerField(primary_key=True)
    owner = models.CharField(max_length=200)
    backend_pid = models.IntegerField()
    heartbeat_at = models.DateTimeField()

    class Meta:
        db_table = "relay_shards"

    def __str__(self) -> str:
        return f"shard {self.shard}: {self.owner}"


class RelayTopic(models.Model):
    """Which making of a topic a shard was published to, and how far its publishing anew has come."""

    shard = models.SmallIntegerField()
    topic = models.CharField(max_length=249)
    topic_id = models.UUIDField()
    republished = models.BigIntegerField(default=0, help_text="Sequence up to which all is published anew.")
    republish_until = models.BigIntegerField(default=0)

    class Meta:
        db_table = "relay_topics"
        constraints = (models.UniqueConstraint(fields=["topic", "shard"], name="relay_topics_topic_shard"),)

    def __str__(self) -> str:
        return f"{self.topic}, shard {self.shard}"


class ConsumerTopic(models.Model):
    """Which making of a topic a consumer has read; another one is read from its beginning."""

    consumer = models.CharField(max_length=200)
    topic = models.CharField(max_length=249)
    topic_id = models.UUIDField()

    class Meta:
        db_table = "consumer_topics"
        constraints = (models.UniqueConstraint(fields=["consumer", "topic"], name="consumer_topics_consumer_topic"),)

    def __str__(self) -> str:
        return f"{self.consumer}: {self.topic}"


class ErasedStream(models.Model):
    """A stream of which a consumed event has told that it is erased: nothing personal of it is kept from then on."""

    stream = models.CharField(primary_key=True, max_length=200, db_collation="C")
    topic = models.CharField(max_length=249)
    key = models.CharField(max_length=300)
    event_id = models.UUIDField(help_text="The event that told so first.")
    noted_at = models.DateTimeField()

    class Meta:
        db_table = "erased_streams"
        indexes = (models.Index(fields=["topic", "key"], name="erased_streams_topic_key"),)

    def __str__(self) -> str:
        return self.stream


class DeadLetter(models.Model):
    """An event that could not be handled, or that waits behind one of the same key."""

    class State(models.TextChoices):
        """Parked: failed. Queued: waits behind a parked one. The others are over."""

        PARKED = "parked"
        QUEUED = "queued"
        RETRIED = "retried"
        DISCARDED = "discarded"

    consumer = models.CharField(max_length=200)
    topic = models.CharField(max_length=249)
    partition = models.IntegerField()
    offset = models.BigIntegerField(
        help_text="Where it stands in its source: a Kafka offset, or a position of the log."
    )
    key = models.CharField(max_length=300)
    event_id = models.UUIDField(null=True)
    value = models.BinaryField(help_text="The message as it came.")
    state = models.CharField(max_length=10, choices=State.choices)
    error = models.TextField(blank=True)
    attempts = models.IntegerField(default=0)
    created_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.CharField(max_length=200, blank=True)
    reason = models.TextField(blank=True)

    class Meta:
        db_table = "dead_letters"
        indexes = (
            models.Index(
                fields=["consumer", "key"],
                name="dead_letters_open",
                condition=models.Q(state__in=["parked", "queued"]),
            ),
            models.Index(fields=["topic", "key"], name="dead_letters_topic_key"),
            models.Index(
                fields=["consumer", "event_id"],
                name="dead_letters_discarded",
                condition=models.Q(state="discarded"),
            ),
        )
        constraints = (
            # The same event delivered again must not wait twice.
            models.UniqueConstraint(
                fields=["consumer", "event_id"],
                name="dead_letters_open_event",
                condition=models.Q(state__in=["parked", "queued"]),
            ),
        )

    def __str__(self) -> str:
        return f"{self.consumer}: {self.topic} {self.key}"


class IdempotentAnswer(models.Model):
    """A command's answer, kept under the client's key, so that asking again gives the same and does nothing."""

    principal = models.CharField(max_length=200)
    method = models.CharField(max_length=10)
    path = models.CharField(max_length=2000)
    key = models.CharField(max_length=255)
    fingerprint = models.BinaryField(help_text="SHA-256 of the request's body.")
    status = models.SmallIntegerField()
    headers = models.JSONField()
    body = models.BinaryField()
    subjects = ArrayField(
        models.CharField(max_length=200), help_text="Streams whose personal data the body may show."
    )
    created_at = models.DateTimeField()

    class Meta:
        db_table = "idempotency"
        constraints = (
            models.UniqueConstraint(fields=["principal", "method", "path", "key"], name="idempotency_scope"),
        )
        indexes = (
            models.Index(fields=["created_at"], name="idempotency_created_at"),
            GinIndex(fields=["subjects"], name="idempotency_subjects"),
        )

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.key}"


class EventTotal(models.Model):
    """How many events of a type were ever published; the relay counts them when it marks them."""

    type = models.CharField(max_length=100, primary_key=True)
    published = models.BigIntegerField()

    class Meta:
        db_table = "event_totals"

    def __str__(self) -> str:
        return f"{self.type}: {self.published}"


class MaintenanceRun(models.Model):
    """The last time that `verify`, `rebuild` or `erased` came to its end."""

    command = models.CharField(max_length=20, primary_key=True)
    finished_at = models.DateTimeField()
    seconds = models.FloatField()
    differences = models.IntegerField(help_text="Found, and not healed.")

    class Meta:
        db_table = "maintenance_runs"

    def __str__(self) -> str:
        return f"{self.command}: {self.finished_at}"
