"""The rules of a user, and that state is the fold of its events."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from eventsourcing import schema_registry
from eventsourcing.event import Event, Metadata, NewEvent
from service import context
from users import user
from users.user import User

names = st.text(min_size=1, max_size=255)
moments = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC)).map(
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)


def stored(event: NewEvent, version: int) -> Event:
    return Event(
        position=version,
        event_id=context.new_id(),
        stream="user-1",
        version=version,
        type=event.type,
        schema_version=1,
        subject=event.subject,
        occurred_at=event.occurred_at,
        metadata=Metadata(correlation_id="r", traceparent="t"),
    )


@given(st.lists(st.tuples(names, names, moments), min_size=1, max_size=10))
def test_the_state_is_the_fold_of_the_events(changes: list[tuple[str, str, datetime]]) -> None:
    (first, last, at), *later = changes
    current, event = user.create(1, first_name=first, last_name=last, at=at)
    events = [event]
    for first, last, at in later:
        current, event = user.update(current, first_name=first, last_name=last, at=at)
        events.append(event)
    folded: User | None = None
    for version, each in enumerate(events, start=1):
        folded = user.evolve(folded, stored(each, version))
    assert folded == current


def test_the_fold_of_a_deleted_user_is_nobody() -> None:
    at = datetime(2026, 11, 24, 19, 25, 29, 363000, UTC)
    current, event = user.create(1, first_name="Ada", last_name="Lovelace", at=at)
    before = user.evolve(None, stored(event, 1))
    assert before == current
    assert user.evolve(before, stored(user.delete(current, at=at), 2)) is None


def test_no_moment_is_shown_of_somebody_whose_names_are_erased() -> None:
    at = datetime(2026, 11, 24, 19, 25, 29, 363000, UTC)
    _, event = user.create(1, first_name="Ada", last_name="Lovelace", at=at)
    subject = {name: value for name, value in event.subject.items() if not name.endswith("Name")}
    erased = replace(stored(event, 1), subject=subject, erased=("firstName", "lastName"))
    assert user.evolve(None, erased) is None


@given(names, names, moments, moments)
def test_the_event_of_a_deletion_keeps_to_its_schema_and_has_no_name(
    first: str, last: str, created: datetime, deleted: datetime
) -> None:
    (event_type,) = schema_registry.load_published(user.DELETED)
    current, _ = user.create(1, first_name=first, last_name=last, at=created)
    event = user.delete(current, at=deleted)
    event_type.check(event.subject)
    assert set(event.subject) == {"id", "createdAt", "lastModified"}
    assert event.occurred_at == max(created, deleted)


@given(moments, moments)
def test_time_never_runs_backwards_within_a_user(created: datetime, changed: datetime) -> None:
    current, _ = user.create(1, first_name="A", last_name="B", at=created)
    after, event = user.update(current, first_name="A", last_name="C", at=changed)
    assert after.created_at == created <= after.last_modified == event.occurred_at


def test_the_record_is_as_the_contract_has_it() -> None:
    at = datetime(2026, 11, 24, 19, 25, 29, 363000, UTC)
    created, event = user.create(7, first_name="Ada", last_name="Lovelace", at=at)
    changed, _ = user.update(created, first_name="Ada", last_name="King", at=at + timedelta(seconds=1))
    assert list(user.record(changed).items()) == [
        ("id", 7),
        ("firstName", "Ada"),
        ("lastName", "King"),
        ("createdAt", "2026-11-24T19:25:29.363+00:00"),
        ("lastModified", "2026-11-24T19:25:30.363+00:00"),
    ]
    assert event.subject == user.record(created)
