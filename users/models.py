"""The users service's own state: a fold of its events, kept for reading."""

from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models.functions import Lower

ID_SEQUENCE = "user_id"


class User(models.Model):
    """Somebody. The id comes from a sequence of its own, which a rebuild of this table leaves alone."""

    id = models.BigIntegerField(primary_key=True)
    first_name = models.CharField(max_length=255)
    last_name = models.CharField(max_length=255)
    created_at = models.DateTimeField()
    last_modified = models.DateTimeField()
    version = models.IntegerField()

    class Meta:
        db_table = "users"
        indexes = (
            # Pattern operators: LIKE 'prefix%' can use them whatever the server's collation is.
            models.Index(OpClass(Lower("first_name"), name="varchar_pattern_ops"), name="users_first_name"),
            models.Index(OpClass(Lower("last_name"), name="varchar_pattern_ops"), name="users_last_name"),
        )

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}"
