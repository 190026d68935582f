"""`verify --topics` compares the directory with what Kafka has told; each corruption by hand."""

import json
import uuid
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from eventsourcing import broker, topics
from eventsourcing.topics import Topic
from friends import directory
from friends.models import KnownUser
from service.problems import Problem
from tests.integration.eventsourcing.consuming import consuming, send
from tests.integration.friends.test_deadletters import as_message
from tests.support.tables import dump, execute
from tests.support.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


def verify(*arguments: str) -> tuple[int, str]:
    """The exit code of `verify --topics`, and what it said."""
    out = StringIO()
    try:
        call_command("verify", "--topics", *arguments, stdout=out)
    except CommandError as error:
        return error.returncode, f"{out.getvalue()}{error}"
    return 0, out.getvalue()


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Users 1 to 4 in three versions each have been told and read; the directory as it then is."""
    monkeypatch.setenv("TOPIC_PREFIX", f"test-{uuid.uuid4().hex[:12]}-")
    topics.ensure([*topics.owned(), Topic(name="user")])
    for version in (1, 2, 3):
        for user_id in (1, 2, 3, 4):
            send(broker.topic_name("user"), (str(user_id), as_message(user_id, version).value))
    monkeypatch.setattr(directory, "version_now", {1: 3, 2: 3, 3: 3, 4: 3, 5: 2}.get)
    with consuming(directory.SUBSCRIPTION, tmp_path):
        until(lambda: dict(KnownUser.objects.values_list("user_id", "version")) == dict.fromkeys(range(1, 5), 3))
    return dump("directory")


CORRUPTIONS = {
    "DELETE FROM directory WHERE user_id = 2": "user 2 is missing, Kafka has told: in version 3",
    "UPDATE directory SET version = 1 WHERE user_id = 2": "user 2 is in version 1, Kafka has told: in version 3",
    "UPDATE directory SET version = 9 WHERE user_id = 2": "user 2 is in version 9, the users service has version 3",
    "UPDATE directory SET deleted = true WHERE user_id = 2": (
        "user 2 is in version 3, deleted, but the users service has them"
    ),
    "INSERT INTO directory (user_id, version, deleted) VALUES (77, 1, false)": (
        "user 77 is in version 1, the users service knows nobody"
    ),
}


@pytest.mark.parametrize("statement", CORRUPTIONS)
def test_each_corruption_of_the_directory_is_reported_and_healed(told: str, statement: str) -> None:
    assert verify() == (0, "State and events agree.\n")
    execute(statement)
    code, text = verify()
    assert (code, text.splitlines()[0]) == (1, f"directory: {CORRUPTIONS[statement]}")
    assert verify("--repair")[0] == 0
    assert dump("directory") == told
    assert verify() == (0, "State and events agree.\n")


def test_somebody_who_was_learned_of_by_asking_is_no_difference(told: str) -> None:
    """Also not in a version of which Kafka has not told yet."""
    KnownUser.objects.create(user_id=5, version=2)
    assert verify()[0] == 0


def test_what_the_users_service_must_be_asked_about_is_told_where_it_is_away(
    told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(user_id: int) -> int | None:
        raise Problem(503, "It does not say.")

    monkeypatch.setattr(directory, "version_now", away)
    KnownUser.objects.create(user_id=5, version=2)
    for arguments in ((), ("--repair",)):
        code, text = verify(*arguments)
        assert (code, "more than Kafka has told. Ask again" in text) == (1, True)
    assert KnownUser.objects.get(user_id=5).version == 2


def test_what_the_consumer_has_not_come_to_is_no_difference(told: str) -> None:
    message = as_message(6, 1)
    assert json.loads(message.value)["stream"] == "user-6"
    send(broker.topic_name("user"), ("6", message.value))
    assert verify()[0] == 0
