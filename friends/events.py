"""The events that this service publishes and the topic they go to, and those of others that it reads."""

from eventsourcing import schema_registry
from eventsourcing.topics import Topic
from friends import friendship

PUBLISHED = schema_registry.load_published(friendship.ADDED, friendship.REMOVED)
READ = schema_registry.load_published("USER_CREATED", "USER_UPDATED", "USER_DELETED")

# Kept for ever: an aggregate service that has lost its log can read the whole history of friendships again.
TOPIC = Topic(name="friend")
