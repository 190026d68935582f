"""The killer keeps to its rule, and says of each kill whether it hit somebody at work."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from chaos import killer
from chaos.killer import Killer
from chaos.plan import KILL, PAUSE, Hit
from chaos.targets import Failed


class Targets:
    """Targets that only write down what is done to them."""

    def __init__(
        self, *, work: int = 1, gone: int = 0, fails: bool = False, unready: str = "", idle: str = ""
    ) -> None:
        self._work, self._gone, self._fails, self.unready, self._idle = work, gone, fails, unready, idle
        self.struck: list[Hit] = []

    def away(self) -> list[str]:
        """So many."""
        return ["somebody"] * self._gone

    def ready(self, hit: Hit) -> bool:
        """All but one."""
        return hit.target != self.unready

    def work(self, target: str) -> int:
        """As given, but for one."""
        return 0 if target == self._idle else self._work

    def strike(self, hit: Hit) -> None:
        """Write it down."""
        if self._fails:
            raise Failed("no such process")
        self.struck.append(hit)


class Load:
    """A load of which each look sees more accepted commands, or none."""

    def __init__(self, each_look: int = 100) -> None:
        self._each_look, self._accepted = each_look, 0

    @property
    def accepted(self) -> int:
        """How many."""
        self._accepted += self._each_look
        return self._accepted


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waiting."""
    for name in ("LEAST_SECONDS", "SECONDS_TO_FIND_WORK", "SECONDS_TO_BE_READY", "SECONDS_WITHOUT_PROGRESS"):
        monkeypatch.setattr(killer, name, 0.0)


def run(
    tmp_path: Path,
    targets: Targets,
    load: Load | None = None,
    how: str = KILL,
    names: Sequence[str] = ("users-relay",),
) -> Killer:
    """A killer that went through a hit on each of these."""
    hits: Iterator[Hit] = iter([Hit(after=0.0, target=name, how=how) for name in names])
    one = Killer(targets, load or Load(), hits, tmp_path / "kills.jsonl")  # type: ignore[arg-type]  # stand-ins
    one.run()
    return one


def notes(tmp_path: Path) -> list[dict[str, object]]:
    """What it wrote down."""
    return [json.loads(line) for line in (tmp_path / "kills.jsonl").read_text().splitlines()]


def test_a_kill_of_somebody_at_work_counts(tmp_path: Path) -> None:
    one = run(tmp_path, Targets(work=3))
    assert (one.kills["users-relay"], one.counted["users-relay"]) == (1, 1)
    assert [note["work"] for note in notes(tmp_path)] == [3]


def test_who_is_idle_is_left_for_later_once_and_then_the_kill_does_not_count(tmp_path: Path) -> None:
    targets = Targets(idle="users-relay")
    one = run(tmp_path, targets, names=("users-relay", "friends-web", "users-web"))
    assert [hit.target for hit in targets.struck] == ["users-relay", "friends-web"]
    assert (one.kills["users-relay"], one.counted["users-relay"]) == (1, 0)
    assert (one.kills["friends-web"], one.counted["friends-web"]) == (1, 1)
    assert [note["struck"] for note in notes(tmp_path)] == [False, True, True]


def test_who_is_stopped_is_not_killed(tmp_path: Path) -> None:
    one = run(tmp_path, Targets(), how=PAUSE)
    assert (one.kills.total(), one.others[PAUSE]) == (0, 1)


def test_nobody_is_hit_while_two_are_away(tmp_path: Path) -> None:
    targets = Targets(gone=2)
    run(tmp_path, targets)
    assert targets.struck == []
    assert [note["trouble"] for note in notes(tmp_path)] == ["put off"]


def test_nobody_is_hit_before_commands_are_accepted_and_that_is_a_problem(tmp_path: Path) -> None:
    targets = Targets()
    one = run(tmp_path, targets, Load(each_look=0))
    assert targets.struck == []
    assert one.problem.startswith("no progress")


def test_a_hit_that_failed_is_no_kill(tmp_path: Path) -> None:
    one = run(tmp_path, Targets(fails=True))
    assert one.kills.total() == 0
    assert [note["trouble"] for note in notes(tmp_path)] == ["no such process"]


def test_a_hit_whose_target_is_not_ready_is_put_off_and_the_next_takes_its_turn(tmp_path: Path) -> None:
    targets = Targets(unready="Neo4j")
    run(tmp_path, targets, names=("Neo4j", "users-relay", "friends-web"))
    assert [hit.target for hit in targets.struck] == ["users-relay", "friends-web"]


def test_and_comes_when_it_is(tmp_path: Path) -> None:
    class Soon(Targets):
        def strike(self, hit: Hit) -> None:
            """The first blow makes the other ready."""
            super().strike(hit)
            self.unready = ""

    targets = Soon(unready="Neo4j")
    run(tmp_path, targets, names=("Neo4j", "users-relay", "friends-web"))
    assert [hit.target for hit in targets.struck] == ["users-relay", "Neo4j"]


def test_it_notes_whether_it_struck_at_all(tmp_path: Path) -> None:
    run(tmp_path, Targets(unready="users-relay"))
    run(tmp_path, Targets(fails=True))
    assert [note["struck"] for note in notes(tmp_path)] == [False, True]
