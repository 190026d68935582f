"""Containers: what they are made from."""
