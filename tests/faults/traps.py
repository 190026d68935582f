"""Traps around functions of a process: one that is armed kills (or stops) the process at its step, once.

The test arms a trap by a file; the process that takes the file away is the one that is struck, so one file strikes
once, however many processes and threads come by. What was in its hands is written down first.
"""

import functools
import importlib
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.faults.steps import Step, by_function

STRUCK = "struck.json"


def set_traps(kind: str, service: str, folder: Path) -> None:
    """Put the traps of this kind of process around its functions; they look for files in the folder."""
    for function, steps in by_function(kind, service):
        _wrap(function, steps, folder)


def _wrap(function: str, steps: Sequence[Step], folder: Path) -> None:
    module, _, path = function.partition(":")
    *outer, name = path.split(".")
    owner: Any = functools.reduce(getattr, outer, importlib.import_module(module))
    original: Callable[..., Any] = getattr(owner, name)

    @functools.wraps(original)
    def trapped(*args: Any, **kwargs: Any) -> Any:
        _come_by("before", steps, folder, [*args, *kwargs.values()])
        result = original(*args, **kwargs)
        _come_by("after", steps, folder, [*args, *kwargs.values(), result])
        return result

    setattr(owner, name, trapped)


def _come_by(when: str, steps: Sequence[Step], folder: Path, values: Sequence[Any]) -> None:
    for step in steps:
        if step.when == when and _meant(step, values) and (number := _take(folder / step.slug)):
            _strike(number, step, folder, held(values))


def _meant(step: Step, values: Sequence[Any]) -> bool:
    if step.statement and not any(isinstance(value, str) and value.startswith(step.statement) for value in values):
        return False
    return not step.within or _under_way(step.within)


def _under_way(name: str) -> bool:
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
        if frame.f_code.co_name == name:
            return True
    return False


def _take(armed: Path) -> int:
    """The signal that the step is armed with, for whoever takes it away first; else 0."""
    mine = armed.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
    try:
        armed.rename(mine)
    except FileNotFoundError:
        return 0
    return int(mine.read_text())


def held(values: Sequence[Any]) -> int:
    """How many things a call has in its hands: the longest of its collections, else one."""
    return max([len(value) for value in values if isinstance(value, (list, tuple, dict, set))], default=1)


def _strike(number: int, step: Step, folder: Path, in_hands: int) -> None:
    told = {"pid": os.getpid(), "step": step.name, "held": in_hands}
    draft = folder / f"{STRUCK}.draft"
    draft.write_text(json.dumps(told))
    draft.replace(folder / STRUCK)
    os.kill(os.getpid(), number)
    # A signal to one's own process is delivered to one of its threads, which need not be this one.
    deadline = time.monotonic() + 10
    while number == 9 and time.monotonic() < deadline:
        time.sleep(0.01)
