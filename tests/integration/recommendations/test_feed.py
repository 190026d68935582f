"""The feed of the log: whole for any walk, with when each event came and when it was in the graph."""

import base64
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventsourcing import envelope
from eventsourcing.event import Event
from recommendations import feed, log, progress
from recommendations.log import Mark, Place
from recommendations.models import LogPersonal, Projected
from tests.integration.recommendations.conftest import Append
from tests.integration.recommendations.histories import History, message, partition_of, random_history
from tests.support.feeds import page, told, walk
from tests.support.tables import execute

Project = Callable[[], None]
pytestmark = pytest.mark.django_db(transaction=True)


def events_of(items: list[dict[str, Any]]) -> dict[str, Any]:
    """By id, the event of each item; none twice."""
    found = {item["event"]["eventId"]: item["event"] for item in items}
    assert len(found) == len(items)
    return found


def as_sent(events: list[Event]) -> dict[str, Any]:
    """By id, the events as they were on Kafka."""
    return {str(event.event_id): orjson.loads(envelope.to_json(event)) for event in events}


def test_an_item_is_the_event_as_on_kafka_with_each_step(project: Project) -> None:
    event = History().user(1)
    with transaction.atomic():
        log.append([message(event, 7)])
    (item,), _ = page()
    assert item["event"] == as_sent([event])[str(event.event_id)]
    assert item["stored"]["at"] == item["event"]["occurredAt"]
    place = partition_of("user-1")
    assert item["published"] == {"topic": "user", "partition": place, "offset": 7}
    assert item["received"]["position"] == 1
    assert item["received"]["at"] >= item["stored"]["at"]
    assert item["projected"] is None
    project()
    (item,), _ = page()
    assert item["projected"]["at"] >= item["received"]["at"]


def test_any_walk_gives_the_whole(append: Append) -> None:
    history = random_history(5, people=12, ties=60)
    append(history.events)
    everything = walk()
    assert events_of(everything) == as_sent(history.events)

    @settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        limits=st.lists(st.integers(1, 40), max_size=10),
        start=st.integers(-1, len(everything) - 1),
        stream=st.sampled_from([None, "user-3", told(everything)[-1][0]]),
        kind=st.sampled_from([None, "USER_CREATED", "FRIEND_REMOVED"]),
    )
    def check(limits: list[int], start: int, stream: str | None, kind: str | None) -> None:
        query = f"?cursor={everything[start]['cursor']}" if start >= 0 else "?"
        query += f"&stream={stream}" if stream else ""
        query += f"&type={kind}" if kind else ""
        wanted = [
            item["event"]
            for item in everything[start + 1 :]
            if stream in (None, item["event"]["stream"]) and kind in (None, item["event"]["eventType"])
        ]
        assert [item["event"] for item in walk(query, limits)] == wanted

    check()


def test_the_order_of_each_partition_is_kept(append: Append) -> None:
    history = random_history(6, people=12, ties=60)
    append(history.events)
    for place, end in log.ends().items():
        positions = [
            item["received"]["position"]
            for item in walk("", [7, 1, 30])
            if (item["published"]["topic"], item["published"]["partition"]) == place
        ]
        assert positions == list(range(1, end.position + 1))


def test_what_comes_later_in_a_new_partition_is_behind_the_cursor(append: Append) -> None:
    history = History()
    append([history.user(1)])
    items, following = page()
    assert len(items) == 1
    later = [history.befriend(1, 2), history.user(2), history.user(3)]
    append(later)
    assert events_of(page(following)[0]) == as_sent(later)


def test_from_now_on(append: Append) -> None:
    history = History()
    append([history.user(1), history.user(2)])
    items, following = page("?cursor=end")
    assert items == []
    event = history.user(3)
    append([event])
    assert events_of(page(following)[0]) == as_sent([event])


def test_erased_members_are_not_told(append: Append) -> None:
    append([History().user(1, first="Erased", last="Person")])
    LogPersonal.objects.all().delete()
    text = Client().get("/v1/events").content.decode()
    assert "Erased" not in text
    assert "Person" not in text


def _encoded(value: object) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(value)).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "§",
        _encoded(7),
        _encoded([7]),
        _encoded([["user", 0, 1]]),
        _encoded([["user", 0, 0, "x"]]),
        _encoded([["user", True, 1, "x"]]),
        _encoded([["user", 0, 2**63, "x"]]),
        _encoded([["us\0er", 0, 1, "x"]]),
        _encoded([["user", 0, 1, None]]),
        _encoded({"user": 1}),
    ],
)
def test_a_cursor_that_is_none_is_refused(cursor: str, append: Append) -> None:
    append([History().user(1)])
    answer = Client().get("/v1/events", {"cursor": cursor})
    assert answer.status_code == 400, answer.content
    assert [error["field"] for error in answer.json()["errors"]] == ["cursor"]


@given(
    st.dictionaries(
        st.builds(
            Place, st.text(st.characters(min_codepoint=32, codec="utf-8"), max_size=20), st.integers(0, 2**31 - 1)
        ),
        st.builds(Mark, position=st.integers(1, 2**63 - 1), event_id=st.text("0123456789abcdef-", max_size=12)),
        max_size=6,
    )
)
def test_a_cursor_is_read_as_it_was_written(places: dict[Place, Mark]) -> None:
    text = feed.token(places)
    assert feed.vector(text) == places
    assert text.isascii()
    assert set("+/= ").isdisjoint(text)


def test_a_cursor_of_a_log_that_is_gone_is_refused(append: Append) -> None:
    history = History()
    append([history.user(1), history.user(2)])
    cursor = page()[0][-1]["cursor"]
    assert Client().get("/v1/events", {"cursor": cursor}).json() == []
    place = next(iter(log.ends()))
    for wrong in ({place: Mark(position=1, event_id="0" * 12)}, {Place("user", 77): Mark(position=1, event_id="x")}):
        assert Client().get("/v1/events", {"cursor": feed.token(wrong)}).status_code == 410


def test_with_many_partitions_a_cursor_still_fits_into_a_request() -> None:
    places = {Place("user", number): Mark(position=10**9, event_id="0" * 12) for number in range(64)}
    assert len(feed.token(places)) < 3500


def test_a_time_that_is_not_kept_any_more_is_not_invented(append: Append, project: Project) -> None:
    history = History()
    for _ in range(3):
        append([history.user(1)])
        project()
    Projected.objects.order_by("id").first().delete()  # type: ignore[union-attr]  # there are three
    first, *rest = [item["projected"] for item in walk()]
    assert first == {"at": None}
    assert all(one["at"] for one in rest)


def test_old_notes_go_but_how_far_the_graph_is_stays_known(
    append: Append, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "KEPT", 3)
    history = History()
    for number in range(1, 5):
        append([history.user(number)])
        project()
    for _ in range(8):
        monkeypatch.setattr(progress, "_prune_at", 0.0)
        append([history.user(1)])
        project()
    assert Projected.objects.count() <= 3 + 3
    assert all(item["projected"] is not None for item in walk())


def test_what_a_crash_kept_from_being_noted_is_noted_by_the_next(
    append: Append, project: Project, projector: Any
) -> None:
    append([History().user(1)])
    project()
    Projected.objects.all().delete()
    projector._checkpoints = None
    project()
    assert page()[0][0]["projected"]["at"] is not None


def test_a_log_that_was_made_anew_has_times_of_its_own(append: Append, project: Project) -> None:
    history = random_history(9, people=6, ties=10)
    append(history.events)
    project()
    execute("TRUNCATE log, log_personal")
    append(list(reversed(history.events)))
    # Of which the same single event stands at the same place again, there is nothing new.
    changed = {place for place, end in log.ends().items() if end.position > 1}
    project()
    anew = [item for item in walk() if (item["published"]["topic"], item["published"]["partition"]) in changed]
    assert len(anew) > 10
    assert all(item["projected"]["at"] >= item["received"]["at"] for item in anew)
