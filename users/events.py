"""The events that this service publishes."""

from eventsourcing import schema_registry
from users import user

PUBLISHED = schema_registry.load_published(user.CREATED, user.UPDATED)
