"""Somebody is deleted: the directory forgets nobody's end, and no friendship survives it."""

from collections.abc import Callable

import pytest
from django.core.management import call_command
from django.db import connection

from eventsourcing import consumer, rebuild, state, store
from eventsourcing.consumer import Message, Transient
from eventsourcing.event import Metadata
from eventsourcing.models import DeadLetter, OutboxEntry, StoredEvent
from friends import commands, directory, friendship, queries
from friends.models import Friendship, KnownUser
from service import clock
from service.problems import Problem
from tests.integration.eventsourcing.slow import overlapping
from tests.integration.friends.test_commands import UsersService, known, refused, users
from tests.integration.friends.test_directory import told
from tests.support.tables import dump

__all__ = ["users"]
pytestmark = pytest.mark.django_db(transaction=True)
AT = clock.iso(clock.now())


def deleted(user_id: int, version: int = 2) -> Message:
    """The end of a user, as a message."""
    subject = {"id": user_id, "createdAt": AT, "lastModified": AT}
    return told(user_id, version, event_type="USER_DELETED", subject=subject)


def handle(*messages: Message) -> None:
    consumer.handle(directory.SUBSCRIPTION, messages)


def directory_of(user_id: int) -> tuple[int, bool]:
    return KnownUser.objects.values_list("version", "deleted").get(user_id=user_id)


def test_the_end_of_a_user_ends_the_friendships_and_says_by_what() -> None:
    known(1, 2, 3, 4)
    for friend in (2, 3):
        commands.add_friend(1, friend)
    commands.add_friend(4, 1)
    commands.add_friend(2, 3)
    commands.remove_friend(1, 3)
    end = deleted(1)
    handle(end)
    assert directory_of(1) == (2, True)
    assert queries.friends_of(1) == []
    assert [one.friend_id for one in queries.friends_of(2)] == [3]
    removed = StoredEvent.objects.filter(type="FRIEND_REMOVED", stream__in=["friendship-1-2", "friendship-1-4"])
    assert end.envelope is not None
    for event in removed:
        assert event.metadata["causation_id"] == str(end.envelope.event_id)
        assert event.metadata["correlation_id"] == end.envelope.metadata.correlation_id
        assert OutboxEntry.objects.get(pk=event.position).published_at is None
    assert [event.version for event in removed] == [2, 2]
    assert Friendship.objects.get(low=1, high=4).user_id == 4


def test_the_end_of_a_user_told_again_changes_nothing() -> None:
    known(1, 2)
    commands.add_friend(1, 2)
    handle(deleted(1))
    before = [dump(table) for table in ("events", "friendships", "directory")]
    handle(deleted(1), deleted(1))
    handle(told(1, 1))
    assert [dump(table) for table in ("events", "friendships", "directory")] == before


def test_nobody_comes_back_by_an_older_event_or_by_asking(users: UsersService) -> None:
    """The directory had never heard of them, and a users service that is behind still says that they are there."""
    handle(deleted(1, version=3), told(1, 2), told(1, 1))
    assert directory_of(1) == (3, True)
    users.known = {1, 2}
    assert "no user 1" in refused(404, 1, 2)
    assert "no user 1" in refused(404, 2, 1)
    assert directory_of(1) == (3, True)
    assert not StoredEvent.objects.exists()


def test_the_state_is_still_the_fold_of_the_events() -> None:
    known(*range(1, 8))
    for friend in range(2, 8):
        commands.add_friend(*((1, friend) if friend % 2 else (friend, 1)))
    handle(deleted(1))
    (table,) = state.all_tables()
    assert list(rebuild.verify(table)) == []


def test_somebody_with_thousands_of_friends_leaves_in_few_statements(
    django_assert_max_num_queries: Callable[[int], object],
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO directory SELECT n, 1, false FROM generate_series(1, 5001) n")
    changes = {}
    for friend in range(2, 5002):
        _, event = friendship.add(None, new_id=friend, user_id=1, friend_id=friend, at=clock.now())
        changes[friendship.stream_of(1, friend)] = (0, event)
    store.append_each(changes, metadata=Metadata.current())
    call_command("rebuild")
    assert len(queries.friends_of(1)) == 5000
    with django_assert_max_num_queries(30):  # type: ignore[attr-defined]
        handle(deleted(1))
    assert queries.friends_of(1) == []
    assert StoredEvent.objects.filter(type="FRIEND_REMOVED", version=2).count() == 5000
    assert OutboxEntry.objects.filter(published_at=None).count() == 10000


def test_a_friendship_that_begins_while_its_user_ends_is_ended() -> None:
    """addFriend was first: it holds both rows, the deletion waits for its commit and then sees what it made."""
    known(1, 2)
    overlapping(lambda: commands.add_friend(2, 1), lambda: handle(deleted(1)))
    assert queries.friends_of(1) == []
    assert [event.type for event in StoredEvent.objects.order_by("version")] == ["FRIEND_ADDED", "FRIEND_REMOVED"]


def test_a_friendship_does_not_begin_behind_the_end_of_its_user() -> None:
    """The deletion was first: addFriend waits for its commit, and finds nobody."""
    known(1, 2)
    answers: list[object] = []

    def add() -> None:
        try:
            answers.append(commands.add_friend(2, 1))
        except Problem as problem:
            answers.append(problem.status)

    overlapping(lambda: handle(deleted(1)), add)
    assert answers == [404]
    assert not StoredEvent.objects.exists()


def test_somebody_learnt_by_asking_while_the_deletion_is_on_its_way_does_not_survive_it(users: UsersService) -> None:
    """Neither where the directory learns of them first, nor where their end arrives between the question and the
    friendship."""
    users.known = {1, 2, 3}
    overlapping(lambda: commands.add_friend(1, 2), lambda: handle(deleted(1)))
    assert queries.friends_of(1) == []
    assert directory_of(1) == (2, True)
    answers: list[object] = []

    def add() -> None:
        try:
            answers.append(commands.add_friend(3, 2))
        except Problem as problem:
            answers.append(problem.status)

    overlapping(lambda: handle(deleted(3)), add)
    assert answers == [404]
    assert directory_of(3) == (2, True)
    assert queries.friends_of(3) == []


def test_a_friendship_that_ends_at_the_same_moment_is_waited_for() -> None:
    known(1, 2, 3)
    commands.add_friend(1, 2)
    commands.add_friend(1, 3)

    assert isinstance(overlapping(lambda: commands.remove_friend(1, 2), lambda: handle(deleted(1))), Transient)
    assert directory_of(1) == (1, False)
    handle(deleted(1))
    assert queries.friends_of(1) == []
    assert StoredEvent.objects.filter(type="FRIEND_REMOVED").count() == 2


def test_two_friends_who_leave_at_once() -> None:
    known(1, 2)
    commands.add_friend(1, 2)
    handle(deleted(1), deleted(2))
    assert StoredEvent.objects.filter(type="FRIEND_REMOVED").count() == 1
    assert [directory_of(1), directory_of(2)] == [(2, True), (2, True)]


def test_an_event_without_its_erased_names_is_one_of_somebody_who_was() -> None:
    at = clock.iso(clock.now())
    nameless = {"id": 1, "createdAt": at, "lastModified": at}
    handle(told(1, 1, subject=nameless, erased=("firstName", "lastName")))
    assert directory_of(1) == (1, False)
    assert not DeadLetter.objects.exists()
    handle(told(2, 1, subject={**nameless, "id": 2}))
    assert DeadLetter.objects.get().key == "2"
