"""The admin shows the log and the dead letters, and lets nobody change them."""

from collections.abc import Callable

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from recommendations.models import LogEntry
from tests.integration.recommendations.conftest import Append
from tests.integration.recommendations.histories import History

LOG = "/admin/recommendations/logentry/"
LETTERS = "/admin/eventsourcing/deadletter/"


@pytest.fixture
def admin(client: Client) -> Client:
    """Somebody who may see everything."""
    somebody = get_user_model().objects.create_superuser("admin", "", "secret")
    client.force_login(somebody)
    return client


@pytest.fixture
def history(append: Append) -> History:
    """Two users who are friends."""
    found = History()
    append([found.user(1, first="Žofie"), found.user(2), found.befriend(1, 2)])
    return found


def page(admin: Client, path: str, **query: str) -> str:
    """A page's text."""
    answer = admin.get(path, query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_log_is_listed(admin: Client, history: History) -> None:
    text = page(admin, LOG)
    for event in history.events:
        assert f"{LOG}{LogEntry.objects.get(event_id=event.event_id).pk}/change/" in text
        assert event.stream in text


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({"type": "USER_CREATED"}, {"user-1", "user-2"}),
        ({"topic": "friend"}, {"friendship-1-2"}),
        ({"q": "user-2"}, {"user-2"}),
        ({"q": " user-2 "}, {"user-2"}),
        ({"q": "user"}, set()),
    ],
)
def test_filters_and_search(query: dict[str, str], shown: set[str], admin: Client, history: History) -> None:
    text = page(admin, LOG, **query)
    streams = {"user-1", "user-2", "friendship-1-2"}
    assert {stream for stream in streams if f"q={stream}" in text} == shown


def test_search_by_an_events_id(admin: Client, history: History) -> None:
    text = page(admin, LOG, q=str(history.events[2].event_id))
    assert "q=friendship-1-2" in text
    assert "q=user-1" not in text


def test_an_entry_is_shown_for_reading_with_its_personal_members(admin: Client, history: History) -> None:
    entry = LogEntry.objects.get(stream="user-1")
    text = page(admin, f"{LOG}{entry.pk}/change/")
    assert "&quot;firstName&quot;: &quot;Žofie&quot;" in text
    assert "correlation_id" in text
    assert f"?q={entry.stream}" in text


@pytest.mark.parametrize("what", ["add/", "{}/delete/"])
def test_nobody_adds_or_deletes(what: str, admin: Client, history: History) -> None:
    path = LOG + what.format(LogEntry.objects.get(stream="user-1").pk)
    assert admin.get(path).status_code == 403
    assert admin.post(path, {"post": "yes"}).status_code == 403


def test_nobody_changes(admin: Client, history: History) -> None:
    entry = LogEntry.objects.get(stream="user-1")
    assert admin.post(f"{LOG}{entry.pk}/change/", {"stream": "user-9"}).status_code == 403
    assert LogEntry.objects.get(pk=entry.pk).stream == "user-1"


def test_the_dead_letters_are_listed(admin: Client, append: Append, project: Callable[[], None]) -> None:
    history = History()
    append([history.record("user-1", "USER_ABDUCTED", {"id": 1})])
    project()
    text = page(admin, LETTERS)
    assert "USER_ABDUCTED v1 is not an event" in text
    assert "projector" in text


def test_no_page_reads_the_whole_log(admin: Client, append: Append) -> None:
    # More than a page of each kind.
    history = History()
    append([history.user(1) for _ in range(60)])
    append([history.user(number) for number in range(2, 62)])
    entry = LogEntry.objects.filter(stream="user-1")[0]
    with CaptureQueriesContext(connection) as queries:
        for query in ({}, {"type": "USER_CREATED"}, {"topic": "user"}, {"q": "user-1"}, {"p": "2"}):
            admin.get(LOG, query)
        page(admin, f"{LOG}{entry.pk}/change/")
    about = [query["sql"] for query in queries if 'FROM "log"' in query["sql"]]
    assert about
    for sql in about:
        assert "LIMIT" in sql or '"log"."id" = ' in sql, sql


def test_the_service_shows_no_store_that_it_does_not_have(admin: Client) -> None:
    text = page(admin, "/admin/")
    assert LOG in text
    assert LETTERS in text
    assert "storedevent" not in text
    assert "outbox" not in text


def test_an_entry_of_somebody_erased_has_no_names_and_says_so(admin: Client, append: Append) -> None:
    history = History()
    append([history.user(1, first="Zuleika")])
    path = f"{LOG}{LogEntry.objects.get().pk}/change/"
    assert "Zuleika" in page(admin, path)
    append([history.delete(1)])
    assert "Zuleika" not in page(admin, path)
    assert page(admin, path).count("(erased)") == 2
    assert "user-1" in page(admin, "/admin/eventsourcing/erasedstream/")
