"""One service as a process that is told what to do: `python -m tests.integration.stateful.service`.

A JSON object a line comes in, one goes out. Each step runs in a process of its own, forked from this one, which has
loaded Django but opened nothing: a step that is cut off dies as a process dies by kill -9, and its sessions with it.
Which service it is says DJANGO_SETTINGS_MODULE, as always.
"""

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Mapping
from pkgutil import resolve_name
from typing import Any

import django

Order = Mapping[str, Any]


def cut_off(order: Order) -> None:
    """Have this process killed before or after the first call of the function that the order names."""
    if not order.get("cut"):
        return
    place, when = order["cut"]
    owner_name, _, name = place.rpartition(".")
    owner = resolve_name(owner_name)
    function = getattr(owner, name)

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if when == "after":
            function(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, wrapped)


def carry_out(order: Order) -> Any:
    """What the step returns."""
    from tests.integration.stateful import steps

    cut_off(order)
    return steps.STEPS[order["do"]](order)


def in_child(order: Order, writer: int) -> None:
    """The child's whole life."""
    # What the step prints is no answer.
    os.dup2(2, 1)
    os.environ.update(order["environment"])
    try:
        answer: dict[str, Any] = {"returned": carry_out(order)}
    except Exception:  # noqa: BLE001 -- the test shows it and fails
        answer = {"raised": traceback.format_exc()}
    with os.fdopen(writer, "w") as pipe:
        json.dump(answer, pipe)


def step(order: Order) -> dict[str, Any]:
    """Run one step in a process of its own; `{"killed": true}` where it was cut off."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            in_child(order, writer)
        finally:
            # Nothing of the parent's may be ended here: not its threads' locks, not its files.
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    answer: dict[str, Any] = json.loads(said) if said else {"killed": True}
    return answer


def serve(carry: Callable[[Order], dict[str, Any]]) -> None:
    """Until nobody has anything more to say."""
    for line in sys.stdin:
        sys.stdout.write(json.dumps(carry(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    django.setup()
    from tests.integration.stateful import steps as _loaded_once  # noqa: F401 -- the children find it loaded

    serve(step)
