"""What is reported of a service's database: right, bounded, by one process only."""

import uuid
from collections.abc import Callable, Mapping
from contextlib import closing

import pytest
from django.db import connection

from eventsourcing import deadletters, direct, measures, report, totals
from eventsourcing.deadletters import Letter
from eventsourcing.models import EventTotal
from eventsourcing.report import Reporter
from tests.integration.eventsourcing.conftest import SteppedRelay, append
from tests.support.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


def told() -> dict[tuple[str, str], float]:
    """Everything that is reported now, by name and the value of the only label."""
    with closing(direct.connect("test")) as session:
        return {
            (sample.name, next(iter(sample.labels.values()), "")): sample.value
            for one in measures.all_of_them()
            for family in one(session)
            for sample in family.samples
        }


def test_totals_hold_before_and_after_publishing(topic: str, relay: SteppedRelay) -> None:
    for number in range(1, 8):
        append(number)
    before = told()
    assert before["eventsourcing_unpublished_events", ""] == 7
    assert before["eventsourcing_oldest_unpublished_seconds", ""] > 0
    assert before["eventsourcing_published_events", "user"] == 0
    assert before["social_users", ""] == 7
    relay.drain()
    after = told()
    assert after["eventsourcing_unpublished_events", ""] == 0
    assert after["eventsourcing_oldest_unpublished_seconds", ""] == 0
    assert after["eventsourcing_published_events", "user"] == 7
    assert after["social_users", ""] == 7


def test_what_is_published_again_is_not_counted_again(topic: str, relay: SteppedRelay) -> None:
    append(1)
    relay.drain()
    with connection.cursor() as cursor:
        # As after a topic that was made anew: to be published again, with the sequence that it has.
        cursor.execute("UPDATE outbox SET published_at = NULL")
    found = told()
    assert (found["eventsourcing_unpublished_events", ""], found["social_users", ""]) == (1, 1)
    relay.drain()
    assert EventTotal.objects.get().published == 1


def test_what_is_published_while_it_is_measured_is_counted_once(
    topic: str, relay: SteppedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(1)
    read = totals.published

    def publish_first(session: direct.Connection) -> Mapping[str, int]:
        relay.drain()
        return read(session)

    monkeypatch.setattr(totals, "published", publish_first)
    assert told()["social_users", ""] == 1
    assert EventTotal.objects.get().published == 1


def test_totals_that_do_not_add_up_are_counted_anew(topic: str, relay: SteppedRelay) -> None:
    for number in range(1, 4):
        append(number)
    relay.drain()
    EventTotal.objects.all().delete()
    with closing(direct.connect("test")) as session:
        direct.fetch(session, "SET statement_timeout = 2000")
        assert not totals.balance(session)
        assert totals.published(session) == {"USER_CREATED": 3}
        assert totals.balance(session)
        assert direct.fetch(session, "SHOW statement_timeout") == [("2s",)]
    append(4)
    relay.drain()
    assert EventTotal.objects.get().published == 4


def test_parked_keys_and_what_waits_behind_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadletters, "_handlers", {"mine": print, "calm": print})
    for key, number in (("1", 3), ("2", 1)):
        for offset in range(number):
            letter = Letter(topic="t", partition=0, offset=offset, key=key, value=b"", event_id=uuid.uuid4())
            deadletters.park("mine", letter, ValueError("poison"))
    found = told()
    assert found["eventsourcing_parked_keys", "mine"] == 2
    assert found["eventsourcing_waiting_letters", "mine"] == 4
    assert found["eventsourcing_parked_keys", "calm"] == found["eventsourcing_waiting_letters", "calm"] == 0


def test_how_near_the_database_is_to_its_limits(topic: str, relay: SteppedRelay) -> None:
    found = told()
    most = found["eventsourcing_database_max_connections", ""]
    assert 0 < found["eventsourcing_database_connections", ""] <= most
    with closing(direct.connect("test")) as idle, closing(direct.connect("test")) as other:
        idle.autocommit = False
        direct.fetch(idle, "SELECT 1")
        direct.fetch(other, "SELECT pg_sleep(0.2)")
        during = told()
    assert during["eventsourcing_database_oldest_transaction_seconds", ""] >= 0.2


def test_only_who_leads_reports_and_at_once_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "_measures", [measures.dead_letters])
    leads = {"one": True, "other": False}
    reporters = {name: Reporter(_looking_up(leads, name)) for name in leads}
    for one in reporters.values():
        one.start()
    try:
        until(lambda: bool(reporters["one"].collect()))
        assert not reporters["other"].collect()
        leads |= {"one": False, "other": True}
        assert not reporters["one"].collect()
        until(lambda: bool(reporters["other"].collect()))
    finally:
        for one in reporters.values():
            one.stop()


def _looking_up(leads: dict[str, bool], name: str) -> Callable[[], bool]:
    return lambda: leads[name]


def test_what_could_not_be_measured_is_not_told_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "_measures", [measures.dead_letters])
    monkeypatch.setattr(report, "KEPT_SECONDS", 0.0)
    reporter = Reporter(lambda: True)
    reporter.start()
    try:
        until(lambda: reporter._found[0] > 0)
        assert not reporter.collect()
    finally:
        reporter.stop()
