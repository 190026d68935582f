"""The users service: a domain service that owns who there is, and publishes what happens to them."""
