"""Dead letters of the directory's consumer: retried in order, discarded with a reason, both on record."""

from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.test import Client

from eventsourcing import consumer, deadletters
from eventsourcing.consumer import Message
from eventsourcing.models import DeadLetter
from friends import directory
from friends.models import KnownUser
from tests.integration.eventsourcing.slow import SlowTransaction
from tests.integration.friends.test_directory import told

pytestmark = pytest.mark.django_db(transaction=True)


def as_message(user_id: int, version: int, **changes: Any) -> Message:
    """The same event with the bytes that Kafka would have carried."""
    made = told(user_id, version, **changes)
    assert made.envelope is not None
    found = made.envelope
    body = f"""{{"eventId": "{found.event_id}", "eventType": "{found.event_type}", "schemaVersion": 1,
      "stream": "{found.stream}", "streamVersion": {version}, "occurredAt": "2026-11-24T19:25:29.363+00:00",
      "subject": {{"id": {user_id}, "firstName": "Ada", "lastName": "L", "createdAt": "2026-11-24T19:25:29.363+00:00",
      "lastModified": "2026-11-24T19:25:29.363+00:00"}}, "correlationId": "r", "traceparent": "t"}}"""
    return consumer.message_of_letter(
        deadletters.Letter(
            topic="user",
            partition=0,
            offset=version,
            key=str(user_id),
            value=body.encode(),
            event_id=found.event_id,
        )
    )


@pytest.fixture
def parked() -> None:
    """User 1's events failed for a reason that has been mended since; user 2's second event is beyond help."""
    directory.SUBSCRIPTION.handler([as_message(2, 1)])
    deadletters.park("friends-directory", as_message(1, 1).letter(), ValueError("a bug"))
    consumer.handle(directory.SUBSCRIPTION, [as_message(1, 2), as_message(2, 2, event_type="USER_CLONED")])
    consumer.handle(directory.SUBSCRIPTION, [as_message(1, 3), as_message(2, 3)])


def states(key: str) -> list[str]:
    return list(DeadLetter.objects.filter(key=key).order_by("id").values_list("state", flat=True))


def versions() -> dict[int, int]:
    return dict(KnownUser.objects.values_list("user_id", "version"))


@pytest.mark.usefixtures("parked")
def test_events_behind_a_parked_one_wait_for_it() -> None:
    assert states("1") == ["parked", "queued", "queued"]
    assert states("2") == ["parked", "queued"]
    assert versions() == {2: 1}


@pytest.mark.usefixtures("parked")
def test_a_key_that_is_retried_is_handled_in_order_and_flows_again() -> None:
    outcome = deadletters.retry("friends-directory", "1", by="ada")
    assert (outcome.handled, outcome.error) == (3, "")
    assert states("1") == ["retried"] * 3
    assert versions() == {1: 3, 2: 1}
    consumer.handle(directory.SUBSCRIPTION, [as_message(1, 4)])
    assert versions() == {1: 4, 2: 1}
    assert set(DeadLetter.objects.filter(key="1").values_list("resolved_by", flat=True)) == {"ada"}


@pytest.mark.usefixtures("parked")
def test_what_fails_again_stays_parked_and_says_how_often() -> None:
    outcome = deadletters.retry("friends-directory", "2", by="ada")
    assert outcome.handled == 0
    assert "USER_CLONED" in outcome.error
    letter = DeadLetter.objects.filter(key="2").order_by("id")[0]
    assert (letter.state, letter.attempts) == ("parked", 2)
    assert versions() == {2: 1}


@pytest.mark.usefixtures("parked")
def test_what_is_discarded_is_on_record_and_lets_the_others_through() -> None:
    poison = DeadLetter.objects.filter(key="2").order_by("id")[0]
    with pytest.raises(ValueError, match="Why"):
        deadletters.discard([poison], by="ada", reason=" ")
    assert deadletters.discard([poison], by="ada", reason="a clone") == 1
    assert deadletters.discard([poison], by="bob", reason="again") == 0
    poison.refresh_from_db()
    assert (poison.state, poison.resolved_by, poison.reason) == ("discarded", "ada", "a clone")
    assert deadletters.retry("friends-directory", "2", by="ada").handled == 1
    assert versions()[2] == 3


@pytest.mark.usefixtures("parked")
def test_nothing_is_left_behind_by_a_retry_at_the_same_time() -> None:
    """The consumer has seen the key parked and will queue behind it; a retry that began now must come after that."""
    with SlowTransaction(lambda: deadletters.parked("friends-directory", ["1"])) as looking:
        looking.proceed()
        late = SlowTransaction(lambda: deadletters.retry("friends-directory", "1", by="ada"))
        with late:
            late._permits.release()
            assert states("1") == ["parked", "queued", "queued"]
            looking.proceed()
            assert late._done.acquire(timeout=30)
            late.proceed()
    assert states("1") == ["retried"] * 3


@pytest.mark.usefixtures("parked")
def test_the_command_lists_retries_and_discards() -> None:
    out = StringIO()
    call_command("deadletters", "list", stdout=out)
    assert out.getvalue().count("queued") == 3
    with pytest.raises(CommandError, match="1 keys stay parked"):
        call_command("deadletters", "retry", stdout=out)
    assert versions() == {1: 3, 2: 1}
    poison = DeadLetter.objects.filter(key="2").order_by("id")[0]
    call_command("deadletters", "discard", str(poison.pk), "--reason", "a clone", stdout=out)
    call_command("deadletters", "retry", "--key", "2", stdout=out)
    assert versions() == {1: 3, 2: 3}


@pytest.mark.usefixtures("parked")
def test_the_admin_retries_and_discards(admin_client: Client) -> None:
    url = "/admin/eventsourcing/deadletter/"
    first = DeadLetter.objects.filter(key="1").order_by("id")[0]
    answer = admin_client.post(url, {"action": "retry", "_selected_action": [first.pk]}, follow=True)
    assert b"3 handled" in answer.content
    poison = DeadLetter.objects.filter(key="2").order_by("id")[0]
    asked = admin_client.post(url, {"action": "discard", "_selected_action": [poison.pk]})
    assert b"it stays on record" in asked.content
    assert states("2") == ["parked", "queued"]
    chosen = {"action": "discard", "_selected_action": [poison.pk], "reason": "a clone"}
    assert b"1 discarded" in admin_client.post(url, chosen, follow=True).content
    poison.refresh_from_db()
    assert (poison.state, poison.resolved_by) == ("discarded", "admin")


@pytest.mark.usefixtures("parked")
def test_who_may_only_look_at_dead_letters_may_not_resolve_them(client: Client) -> None:
    somebody = User.objects.create_user("grace", is_staff=True)
    somebody.user_permissions.add(Permission.objects.get(codename="view_deadletter"))
    client.force_login(somebody)
    url = "/admin/eventsourcing/deadletter/"
    poison = DeadLetter.objects.filter(key="2").order_by("id")[0]
    assert b'value="discard"' not in client.get(url).content
    for action in ("retry", "discard"):
        client.post(url, {"action": action, "_selected_action": [poison.pk], "reason": "none of hers"}, follow=True)
    assert (states("1"), states("2")) == (["parked", "queued", "queued"], ["parked", "queued"])
    somebody.user_permissions.add(Permission.objects.get(codename="change_deadletter"))
    client.post(url, {"action": "discard", "_selected_action": [poison.pk], "reason": "a clone"})
    assert states("2") == ["discarded", "queued"]


def test_a_consumer_that_is_none_is_told(parked: None) -> None:
    with pytest.raises(LookupError, match="nobody"):
        deadletters.retry("nobody", "1", by="ada")
