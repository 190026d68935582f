"""The chart in a real control plane. Building that takes ten minutes once, a run some: part of `make test-all`."""
