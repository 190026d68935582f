"""How often each client may ask."""
