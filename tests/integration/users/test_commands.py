"""Commands of the users service on real PostgreSQL."""

import pytest
from django.db import connection

from eventsourcing import rebuild
from eventsourcing.models import OutboxEntry, Personal, StoredEvent
from service.problems import Problem
from tests.integration.eventsourcing.slow import SlowTransaction
from tests.support.threads import in_threads
from tests.support.waiting import until
from users import commands, queries
from users.models import User
from users.state import STATE

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_command_writes_event_personal_data_outbox_entry_and_state() -> None:
    created = commands.create_user(first_name="Ada", last_name="Lovelace")
    event = StoredEvent.objects.get()
    assert (event.stream, event.version, event.type) == (f"user-{created.id}", 1, "USER_CREATED")
    assert set(event.data) == {"id", "createdAt", "lastModified"}
    assert Personal.objects.get(event_id=event.event_id).data == {"firstName": "Ada", "lastName": "Lovelace"}
    assert OutboxEntry.objects.get(pk=event.position).published_at is None
    assert queries.get_user(created.id) == created
    assert event.event_id.version == 7


def test_users_created_one_after_the_other_have_consecutive_ids() -> None:
    ids = [commands.create_user(first_name="A", last_name="B").id for _ in range(5)]
    assert ids == list(range(ids[0], ids[0] + 5))


def test_an_update_of_nobody_changes_nothing() -> None:
    with pytest.raises(Problem, match="no user 12345"):
        commands.update_user(12345, first_name="A", last_name="B")
    assert not StoredEvent.objects.exists()


def test_updates_at_the_same_time_are_one_after_the_other_in_the_stream() -> None:
    created = commands.create_user(first_name="Ada", last_name="0")
    answers = in_threads(
        6, lambda index: commands.update_user(created.id, first_name="Ada", last_name=str(index)).version
    )
    done = [answer for answer in answers if answer != 409]
    assert sorted(map(str, done)) == sorted(map(str, range(2, len(done) + 2)))
    versions = list(StoredEvent.objects.order_by("version").values_list("version", flat=True))
    assert versions == list(range(1, len(done) + 2))
    assert User.objects.get().version == versions[-1]


def _waits_for_a_row() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%UPDATE users%'"
        )
        return bool(cursor.fetchone() == (1,))


def test_an_update_whose_row_is_replaced_under_it_is_decided_again() -> None:
    """A repair deletes the row and writes it anew: an UPDATE that waited for it finds nothing, and going on would
    leave the state behind the events for good."""
    created = commands.create_user(first_name="Ada", last_name="Lovelace")
    wrong = rebuild.Difference(stream=f"user-{created.id}", expected=None, actual=None)
    with SlowTransaction(lambda: rebuild.repair(STATE, [wrong])) as repair:
        repair.proceed()
        update = SlowTransaction(lambda: commands.update_user(created.id, first_name="Ada", last_name="King"))
        with update:
            update._permits.release()
            until(_waits_for_a_row)
            repair.proceed()
            assert update._done.acquire(timeout=30)
            update.proceed()
    assert not list(rebuild.verify(STATE))
    assert (User.objects.get().version, User.objects.get().last_name) == (2, "King")


@pytest.mark.parametrize("statement", ["UPDATE events SET version = 9", "DELETE FROM events"])
def test_the_database_refuses_to_change_what_happened(statement: str) -> None:
    commands.create_user(first_name="Ada", last_name="Lovelace")
    with pytest.raises(Exception, match="is refused"), connection.cursor() as cursor:
        cursor.execute(statement)
    assert StoredEvent.objects.get().version == 1


def test_events_cannot_be_truncated_outside_of_a_tests_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET eventsourcing.allow_truncate = 'off'")
        try:
            with pytest.raises(Exception, match="TRUNCATE on events is refused"):
                cursor.execute("TRUNCATE events")
        finally:
            cursor.execute("SET eventsourcing.allow_truncate = 'on'")
