"""Leases, in PostgreSQL, so that several registries can share them."""

from django.db import models


class Lease(models.Model):
    """One instance of a service, for as long as it renews.

    `document` is the instance as it registered; what the registry itself knows better (status, override, times)
    stands in columns and is laid over it in answers.
    """

    app = models.CharField(max_length=200)
    instance_id = models.CharField(max_length=300)
    status = models.CharField(max_length=20)
    overridden_status = models.CharField(max_length=20, default="UNKNOWN")
    vip = models.CharField(max_length=500, blank=True)
    secure_vip = models.CharField(max_length=500, blank=True)
    document = models.JSONField()
    lease_seconds = models.IntegerField()
    registered_at = models.DateTimeField()
    renewed_at = models.DateTimeField()
    up_since = models.DateTimeField(null=True)
    last_dirty = models.BigIntegerField(help_text="lastDirtyTimestamp of the client, epoch milliseconds.")
    last_updated = models.BigIntegerField(help_text="When what is shown last changed, epoch milliseconds.")

    class Meta:
        db_table = "leases"
        constraints = (models.UniqueConstraint(fields=["app", "instance_id"], name="leases_app_instance"),)

    def __str__(self) -> str:
        return f"{self.app} {self.instance_id}"


class Change(models.Model):
    """What happened to a lease lately: the delta that clients ask for. Kept for a few minutes."""

    app = models.CharField(max_length=200)
    instance_id = models.CharField(max_length=300)
    action = models.CharField(max_length=10)
    instance = models.JSONField(help_text="The instance as it was shown right after.")
    at = models.DateTimeField()
    evicted = models.BooleanField(
        default=False, db_default=False, help_text="It did not leave: its lease had just run out."
    )

    class Meta:
        db_table = "changes"
        indexes = (models.Index(fields=["at"], name="changes_at"),)

    def __str__(self) -> str:
        return f"{self.action} {self.app} {self.instance_id}"


class Pulse(models.Model):
    """One row: when some registry last could take a renewal. Leases are judged by it."""

    at = models.DateTimeField()
    preserving_since = models.DateTimeField(null=True, help_text="Since when nobody is evicted; none: not so.")

    class Meta:
        db_table = "pulse"

    def __str__(self) -> str:
        return f"{self.at}"
