"""Makes one service ready to be started, in a process of its own: `python -m desktop.prepare`, with the service's
environment. It reads one step a line from standard input (`{"step": "topics", "environment": {…}}`, what has become
known of the environment meanwhile) and answers `done STEP` when that has been carried out.

Several steps in one process, because a start of Django costs a second of a processor, four services need it before
their first process, and some steps have to wait for an engine that is still starting.
"""

import json
import os
import sys

import django
from django.core.management import call_command, get_commands

ADMIN = "admin"


def migrate() -> None:
    """The service's tables, and the admin's user where it is missing."""
    call_command("migrate", interactive=False, verbosity=0)
    # Models can be imported only now, after Django's setup.
    from django.contrib.auth.models import User

    users = User.objects
    if not users.filter(username=ADMIN).exists():
        users.create_superuser(ADMIN, "", os.environ["ADMIN_PASSWORD"])


def topics() -> None:
    """The topics that the service owns."""
    call_command("topics", verbosity=0)


def graph() -> None:
    """The graph's constraints, where the service has a graph."""
    if "graph_schema" in get_commands():
        call_command("graph_schema", verbosity=0)


STEPS = {step.__name__: step for step in (migrate, topics, graph)}


def main() -> None:
    """Carries out the steps as they are asked for, until there are no more."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    # Whatever the commands print goes to the log, not between the answers.
    os.dup2(2, 1)
    django.setup()
    for line in sys.stdin:
        asked = json.loads(line)
        os.environ.update(asked["environment"])
        STEPS[asked["step"]]()
        answers.write(f"done {asked['step']}\n")


if __name__ == "__main__":
    main()
