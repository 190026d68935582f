"""A load simulation against any gateway: people arrive, befriend, read, and follow recommendations."""
