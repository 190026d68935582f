"""Measures a running desktop system through its gateway: `./manage.py python bench/desktop/run.py`."""
