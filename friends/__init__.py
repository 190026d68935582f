"""The friends service: a domain service that owns who is friends with whom, and publishes what happens to it."""
