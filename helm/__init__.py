"""Kubernetes: the chart, and what it is made from."""
