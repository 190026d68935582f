"""The feed of a domain service: everything that was published, once, in an order that a cursor can follow."""

import json
import threading
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventsourcing import broker, direct, store, topics
from eventsourcing.models import OutboxEntry, Personal
from eventsourcing.relay import MARK, MARK_LOCK
from service import context
from service.context import RequestContext
from tests.integration.eventsourcing.conftest import SteppedRelay, append, joins, published
from tests.integration.eventsourcing.slow import SlowTransaction
from tests.support.feeds import page, sized, told, walk
from users import commands

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_item_is_the_event_as_on_kafka_with_each_step(topic: str, relay: SteppedRelay) -> None:
    user = commands.create_user(first_name="Žofie", last_name="Lovelace")
    relay.drain()
    (item,), following = page()
    entry = OutboxEntry.objects.get()
    assert item["event"] == published(topic)[0]
    assert item["cursor"] == "1"
    assert following == "?cursor=1&limit=100"
    assert item["stored"] == {"at": item["event"]["occurredAt"]}
    place = {name: item["published"][name] for name in ("topic", "partition", "offset")}
    assert place == {"topic": "user", "partition": entry.partition, "offset": entry.offset}
    assert item["published"]["at"] >= item["stored"]["at"]
    assert item["event"]["subject"]["firstName"] == user.first_name


def test_what_is_not_published_is_not_told_yet(relay: SteppedRelay) -> None:
    append(1)
    assert page() == ([], "?cursor=&limit=100")
    relay.drain()
    assert told(page()[0]) == [("user-1", 1)]


def test_an_event_that_commits_late_is_not_missed_by_a_cursor_that_has_passed_its_place(relay: SteppedRelay) -> None:
    """T1: its position is lower than that of what was read before it, its sequence is not."""
    with SlowTransaction(lambda: append(1)) as slow:
        slow.proceed()
        append(2)
        relay.drain()
        first, following = page()
        assert told(first) == [("user-2", 1)]
    relay.drain()
    assert told(page(following)[0]) == [("user-1", 1)]
    late = OutboxEntry.objects.get(stream="user-1")
    assert late.pk < OutboxEntry.objects.get(stream="user-2").pk


def test_a_mark_under_way_hides_nothing_that_comes_after_it(relay: SteppedRelay) -> None:
    """Sequences become visible in their order: who marks second waits until the first has committed."""
    for number in (1, 2):
        append(number)
    first, second = OutboxEntry.objects.order_by("pk").values_list("pk", flat=True)
    done = threading.Event()

    def values(position: int) -> dict[str, list[Any]]:
        return {
            "positions": [position],
            "partitions": [0],
            "offsets": [0],
            "topic_ids": [None],
            "types": ["USER_CREATED"],
        }

    def mark_second() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(MARK_LOCK)
            cursor.execute(MARK, values(second))
        done.set()
        connections.close_all()

    thread = threading.Thread(target=mark_second)
    with closing(direct.connect("marks first")) as other, other.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(MARK_LOCK)
        cursor.execute(MARK, values(first))
        thread.start()
        assert not done.wait(0.3)
        assert page()[0] == []
        cursor.execute("COMMIT")
    thread.join()
    assert told(walk()) == [("user-1", 1), ("user-2", 1)]


def test_an_event_that_is_published_again_keeps_its_place(topic: str, relay: SteppedRelay) -> None:
    for number in (1, 2):
        append(number)
    relay.drain()
    before = walk()
    client = broker.admin()
    client.delete_topics([topic])
    client.close()
    topics.ensure([topics.owned()[0]])
    relay.relay.forget_topics()
    append(3)
    while OutboxEntry.objects.exclude(topic_id=relay.relay._topic_ids.current()["user"]).exists():
        relay.relay.step(relay.connection, relay.shards)
    after = walk()
    assert told(after) == [*told(before), ("user-3", 1)]
    assert [item["cursor"] for item in after] == ["1", "2", "3"]


def test_erased_members_are_not_told(relay: SteppedRelay) -> None:
    commands.create_user(first_name="Erased", last_name="Person")
    relay.drain()
    Personal.objects.all().delete()
    text = Client().get("/v1/events").content.decode()
    assert "Erased" not in text
    assert "Person" not in text


@pytest.fixture
def history(relay: SteppedRelay) -> list[tuple[str, int]]:
    """Some users' events, published in batches."""
    for number in range(1, 8):
        append(number)
    relay.drain()
    for version in (1, 2):
        for number in range(1, 8):
            renamed = replace(joins(number), type="USER_UPDATED")
            store.append(f"user-{number}", expected_version=version, events=[renamed])
        relay.drain()
    return told(walk())


def test_any_walk_gives_the_whole(history: list[tuple[str, int]]) -> None:
    everything = walk()
    assert [item["cursor"] for item in everything] == [str(number) for number in range(1, 22)]

    @settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        limits=st.lists(st.integers(1, 9), max_size=8),
        start=st.integers(0, 21),
        stream=st.sampled_from([None, "user-3", "user-99"]),
        kind=st.sampled_from([None, "USER_CREATED", "USER_UPDATED"]),
    )
    def check(limits: list[int], start: int, stream: str | None, kind: str | None) -> None:
        query = f"?cursor={start}"
        query += f"&stream={stream}" if stream else ""
        query += f"&type={kind}" if kind else ""
        wanted = [
            item
            for item in everything[start:]
            if stream in (None, item["event"]["stream"]) and kind in (None, item["event"]["eventType"])
        ]
        assert walk(query, limits) == wanted

    check()


def test_a_link_keeps_the_filter(history: list[tuple[str, int]]) -> None:
    items, following = page("?stream=user-3&type=USER_UPDATED&limit=1")
    assert told(items) == [("user-3", 2)]
    assert following == f"?cursor={items[-1]['cursor']}&limit=1&stream=user-3&type=USER_UPDATED"
    assert told(page(following)[0]) == [("user-3", 3)]


def test_from_now_on(history: list[tuple[str, int]], relay: SteppedRelay) -> None:
    items, following = page("?cursor=end")
    assert items == []
    append(50)
    relay.drain()
    assert told(page(following)[0]) == [("user-50", 1)]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?cursor=x", "cursor"),
        ("?cursor=99999999999999999999", "cursor"),
        ("?limit=0", "limit"),
        ("?limit=501", "limit"),
        ("?stream=a%00b", "stream"),
        (f"?type={'x' * 101}", "type"),
    ],
)
def test_what_cannot_be_meant_is_refused(query: str, field: str) -> None:
    answer = Client().get(f"/v1/events{query}")
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_a_cursor_of_a_database_that_was_restored_is_gone(history: list[tuple[str, int]]) -> None:
    assert Client().get("/v1/events?cursor=21").json() == []
    answer = Client().get("/v1/events?cursor=22")
    assert answer.status_code == 410
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_where_authentication_is_on_it_needs_the_admins_scope(monkeypatch: pytest.MonkeyPatch) -> None:
    asks = RequestContext(scopes=frozenset())
    monkeypatch.setattr(context, "current", lambda: asks)
    assert Client().get("/v1/events").status_code == 403
    asks = RequestContext(scopes=frozenset({"admin"}))
    assert Client().get("/v1/events").status_code == 200
    asks = RequestContext()
    assert Client().get("/v1/events").status_code == 200


def test_a_page_is_json_that_is_not_kept(history: list[tuple[str, int]]) -> None:
    answer = Client().get(f"/v1/events{sized('', 1)}")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert json.loads(answer.content)[0]["event"]["streamVersion"] == 1
