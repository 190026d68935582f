"""How a command runs: one short transaction; decided again when somebody else was faster; the relay woken after."""

import functools
import random
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.db import transaction

from eventsourcing import footprint, idempotency, metrics, wakeup
from eventsourcing.store import VersionConflict
from service import tracing
from service.problems import Problem

P = ParamSpec("P")
R = TypeVar("R")
ATTEMPTS = 5


def _once(work: Callable[[], R]) -> R:
    """The work, under the client's idempotency key where it gave one."""
    scope = idempotency.current()
    if scope is None:
        return work()
    scope.begin()
    outcome = work()
    scope.store(outcome)
    return outcome


def command(function: Callable[P, R]) -> Callable[P, R]:
    """Run the function in a transaction of its own, up to five times while others append to the same stream.

    It must load what it decides on inside itself. Raises Problem 409 when the conflict lasts.
    """

    name = function.__name__.lstrip("_")
    conflicts = metrics.CONFLICTS.labels(name)

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        for attempt in range(ATTEMPTS):
            try:
                with tracing.step(f"command {name}"), footprint.tentative(), transaction.atomic():
                    transaction.on_commit(wakeup.announce)
                    return _once(lambda: function(*args, **kwargs))
            except VersionConflict:
                conflicts.inc()
                time.sleep(random.uniform(0, 0.005 * 2**attempt))  # noqa: S311 -- spreads retries, hides nothing
        raise Problem(409, "Others keep changing this at the same time; try again.", headers={"Retry-After": "1"})

    return run
