"""Steps that depend on each other, run as much side by side as that allows."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from desktop.errors import Stopped


@dataclass(frozen=True, slots=True)
class _Step:
    action: Callable[[], object]
    after: tuple[str, ...]
    done: threading.Event = field(default_factory=threading.Event)


class Steps:
    """A small plan of work: `add` what is to do and after what, then `run` it."""

    def __init__(self, stopping: threading.Event) -> None:
        self._steps: dict[str, _Step] = {}
        self._stopping = stopping
        self._changed = threading.Condition()
        self._failures: list[BaseException] = []

    def add(self, name: str, action: Callable[[], object], *, after: tuple[str, ...] = ()) -> None:
        """A step to do after others; those must have been added before, so that no circle can arise."""
        unknown = [other for other in after if other not in self._steps]
        if unknown:
            raise KeyError(f"{name} is to come after {unknown}, which nobody added.")
        self._steps[name] = _Step(action, after)

    def run(self) -> None:
        """Does all steps. Raises the first failure at once, or Stopped: what still runs is left to itself, as
        its thread ends with the process."""
        for name in self._steps:
            threading.Thread(target=self._one, args=(name,), name=f"step {name}", daemon=True).start()
        while True:
            with self._changed:
                self._changed.wait(0.1)
            if self._failures:
                raise self._failures[0]
            if self._stopping.is_set():
                raise Stopped
            if not self.pending:
                return

    @property
    def pending(self) -> list[str]:
        """The steps that are not done."""
        return [name for name, step in self._steps.items() if not step.done.is_set()]

    def _one(self, name: str) -> None:
        step = self._steps[name]
        if not all(self._wait(other) for other in step.after):
            return
        try:
            step.action()
        except BaseException as error:  # noqa: BLE001 -- raised again by run(), in the thread that waits
            self._failures.append(error)
        else:
            step.done.set()
        with self._changed:
            self._changed.notify_all()

    def _wait(self, other: str) -> bool:
        """Waits for another step; False when the work has been given up."""
        while not self._steps[other].done.wait(0.05):
            if self._stopping.is_set() or self._failures:
                return False
        return True
