"""What `tests/run.py` is made of: which suites there are, the engines they need, running one, the report."""
