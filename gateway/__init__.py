"""The gateway: the only door. Finds the service that a path belongs to, an instance that is up, and passes on."""
