"""The whole system on one machine, without Docker: engines, services, and one command for both."""
