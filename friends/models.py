"""The friends service's own state: friendships, a fold of its events; and a directory of users."""

from django.db import models
from django.db.models import F, Q


class Friendship(models.Model):
    """The unordered pair of two users, stored lower id first. An ended one stays, for its id and its version."""

    id = models.BigIntegerField(primary_key=True)
    low = models.BigIntegerField()
    high = models.BigIntegerField()
    user_id = models.BigIntegerField(help_text="Who asked.")
    active = models.BooleanField()
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    version = models.IntegerField()

    class Meta:
        db_table = "friendships"
        constraints = (
            models.UniqueConstraint(fields=["low", "high"], name="friendships_pair"),
            models.CheckConstraint(condition=Q(low__lt=F("high")), name="friendships_order"),
            models.CheckConstraint(condition=Q(user_id=F("low")) | Q(user_id=F("high")), name="friendships_asker"),
        )
        # The pair's index serves "friends of low"; this one the other direction.
        indexes = (models.Index(fields=["high", "low"], name="friendships_high"),)

    def __str__(self) -> str:
        return f"{self.low} – {self.high}{'' if self.active else ' (ended)'}"


class KnownUser(models.Model):
    """A user as the users service told of it: that there is one, and whether still. No names: none is needed.

    version: the highest that was heard of, in an event or in an answer of the users service; 0 where all that is
    known is that there is such a user.
    """

    user_id = models.BigIntegerField(primary_key=True)
    version = models.IntegerField()
    deleted = models.BooleanField(default=False)

    class Meta:
        db_table = "directory"
        verbose_name_plural = "directory"

    def __str__(self) -> str:
        return f"user {self.user_id}"
