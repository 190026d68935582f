"""The events that this service publishes, and the topic that they go to."""

from eventsourcing import schema_registry
from eventsourcing.topics import COMPACTED, Topic
from users import user

PUBLISHED = schema_registry.load_published(user.CREATED, user.UPDATED, user.DELETED)

# Compacted by user id: each user's last event stays, and what an erasure replaces is gone within a week.
TOPIC = Topic(name="user", settings=COMPACTED)
