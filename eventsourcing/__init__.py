"""What makes a service event-sourced: envelope, store, outbox, relay, consumer, dead letters, replay.

A Django app that each event-sourced service installs; its tables stand in that service's own database.
"""
