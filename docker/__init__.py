"""Containers: image, lock of what they install, Compose."""
