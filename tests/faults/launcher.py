"""`python -m tests.faults.launcher KIND SERVICE COMMAND…`: one of our processes, with traps around its steps.

`web` serves with gunicorn and our own configuration of it; everything else is a management command. FAULTS_FOLDER is
where the traps look for what arms them.
"""

import os
import sys
from pathlib import Path
from typing import Any

import psycopg2.extensions

from tests.faults.traps import set_traps

FOLDER = "FAULTS_FOLDER"
GUNICORN = Path(__file__).resolve().parents[2] / "service" / "gunicorn.py"


class Cursor(psycopg2.extensions.cursor):
    """A cursor in Python, so that its statements can be trapped."""

    def execute(self, *args: Any, **kwargs: Any) -> None:
        """Execute a statement."""
        super().execute(*args, **kwargs)


def _sessions_can_be_trapped() -> None:
    from eventsourcing import direct

    honest = direct.connect

    def connect(purpose: str) -> direct.Connection:
        opened = honest(purpose)
        opened.cursor_factory = Cursor
        return opened

    direct.connect = connect


def _command(kind: str, service: str, arguments: list[str]) -> None:
    import django
    from django.core.management import execute_from_command_line

    django.setup()
    # Where the traps are set is the module as others import it, not this one as a script.
    if kind == "relay":
        from tests.faults import launcher

        launcher._sessions_can_be_trapped()
    set_traps(kind, service, Path(os.environ[FOLDER]))
    execute_from_command_line([f"manage.py {service}", *arguments])


def _web(service: str) -> None:
    from gunicorn.app.wsgiapp import run

    sys.argv = ["gunicorn", "-c", str(GUNICORN), "tests.faults.wsgi:application"]
    run()


def main(kind: str, service: str, *arguments: str) -> None:
    """Become that process."""
    os.environ["DJANGO_SETTINGS_MODULE"] = f"{service}.settings"
    if kind == "web":
        _web(service)
    else:
        _command(kind, service, list(arguments))


if __name__ == "__main__":
    main(*sys.argv[1:])
