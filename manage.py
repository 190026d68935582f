#!/usr/bin/env python3
"""Runs a command of one service (`./manage.py users migrate`) or of the whole system (`./manage.py up`).

Nothing needs to be activated: it makes `.venv` where that is missing and runs itself in it. Until then only the
standard library is there, and only syntax that a Python from before 3.11 understands, so that it can say so.
"""

import os
import sys

BASE = os.path.dirname(os.path.abspath(__file__))
OLDEST = (3, 11)


def check_python() -> None:
    """Ends with a sentence where this Python is older than the code needs."""
    if sys.version_info < OLDEST:
        found = ".".join(str(part) for part in sys.version_info[:3])
        sys.exit(
            f"Python {OLDEST[0]}.{OLDEST[1]} or newer is needed, this is {found} ({sys.executable}). "
            "Name a newer one: python3.12 manage.py …, or make PYTHON=python3.12 …"
        )


def is_service(name: str) -> bool:
    """Whether a folder of that name beside this file is a service: it has Django settings of its own."""
    return name.isidentifier() and os.path.isfile(os.path.join(BASE, name, "settings.py"))


def run_service(service: str, arguments: "list[str]") -> None:
    """Django's own command line for one service, with that service's settings."""
    os.environ["DJANGO_SETTINGS_MODULE"] = service + ".settings"
    from desktop import bootstrap

    bootstrap.load_environment(service)
    from django.core.management import execute_from_command_line

    execute_from_command_line(["manage.py " + service, *arguments])


def main(arguments: "list[str]") -> None:
    """Makes the virtual environment, then hands over to a service's commands or to the desktop's."""
    check_python()
    from desktop import bootstrap

    script, load = arguments[:1] == ["python"], arguments[:1] == ["simulate"]
    bootstrap.ensure_environment(bootstrap.DEVELOPMENT if script else bootstrap.LOAD if load else bootstrap.DESKTOP)
    if load:
        from desktop import simulate

        sys.exit(simulate.main(arguments[1:]))
    if script:
        bootstrap.run_script(arguments[1:])
    elif arguments and is_service(arguments[0]):
        run_service(arguments[0], arguments[1:])
    else:
        from desktop import cli

        sys.exit(cli.main(arguments))


if __name__ == "__main__":
    main(sys.argv[1:])
