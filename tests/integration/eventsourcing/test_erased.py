"""`./manage.py users erased ID`: it sees what is left in each store, and says where it could not look."""

import json
from collections.abc import Mapping
from contextlib import closing
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaConnectionError

from eventsourcing import broker, envelope, store, wakeup
from eventsourcing.event import key_of
from eventsourcing.models import MaintenanceRun
from tests.integration.eventsourcing.conftest import SteppedRelay, published
from tests.integration.eventsourcing.consuming import send
from tests.integration.eventsourcing.test_consumer import make_anew
from tests.support.tables import execute
from tests.support.waiting import eventually
from users import commands

pytestmark = pytest.mark.django_db(transaction=True)


def erased(user_id: int, *arguments: str) -> tuple[int, dict[str, str]]:
    """The exit code, and what was said of each store."""
    out = StringIO()
    code = 0
    try:
        call_command("erased", str(user_id), *(arguments or ("--alone",)), stdout=out)
    except CommandError as error:
        code = error.returncode
    lines = [line.removeprefix("users  ") for line in out.getvalue().splitlines() if line.startswith("users  ")]
    return code, {line.partition(":")[0]: line.partition(":")[2].strip() for line in lines}


def of_kafka(said: Mapping[str, str]) -> str:
    return next(text for name, text in said.items() if name.startswith("kafka topic"))


@pytest.fixture
def gone(topic: str, relay: SteppedRelay) -> int:
    """Somebody who was published with names, and then deleted."""
    user_id = commands.create_user(first_name="Zuleika", last_name="Dobson").id
    relay.drain()
    commands.delete_user(user_id)
    relay.drain()
    return user_id


def test_a_deleted_user_is_gone_and_kafka_is_said_to_await_compaction(gone: int) -> None:
    code, said = erased(gone)
    assert code == 0
    assert list(said)[:4] == ["state", "events", "personal", "idempotency"]
    assert of_kafka(said).startswith("2 messages in partition")
    assert "awaits compaction of 1 messages with names, until 20" in of_kafka(said)


def test_what_it_last_came_to_is_kept_for_the_alarm(gone: int) -> None:
    assert erased(gone)[0] == 0
    assert MaintenanceRun.objects.get(command="erased").differences == 0
    someone = commands.create_user(first_name="Ada", last_name="Lovelace").id
    assert erased(someone)[0] == 1
    assert MaintenanceRun.objects.get(command="erased").differences > 0


def test_somebody_who_is_there_or_never_was_is_not_gone(topic: str, relay: SteppedRelay) -> None:
    user_id = commands.create_user(first_name="Ada", last_name="Lovelace").id
    for number in (user_id, 4711):
        code, said = erased(number)
        assert code == 1
        assert "it is not erased" in said["events"]
        assert "no deletion that was sent" in of_kafka(said)


LEFT = {
    "state": "INSERT INTO users VALUES (%s, 'Zuleika', 'Dobson', now(), now(), 1)",
    "personal": "INSERT INTO personal SELECT event_id, '{}' FROM events WHERE stream = 'user-' || %s AND version = 1",
    "idempotency": """
        INSERT INTO idempotency
               (principal, method, path, key, fingerprint, status, headers, body, subjects, created_at)
        VALUES ('', '', '', '', '', 201, '{}', '', ARRAY['user-' || %s], now())
    """,
    "events": """
        INSERT INTO events (event_id, stream, version, type, schema_version, data, metadata, occurred_at)
        SELECT gen_random_uuid(), stream, 3, 'USER_DELETED', 1, '{"firstName": "Zuleika"}', metadata, now()
        FROM events WHERE stream = 'user-' || %s AND version = 1
    """,
}


@pytest.mark.parametrize("name", LEFT)
def test_what_is_left_in_a_store_is_found(gone: int, name: str) -> None:
    execute(LEFT[name], gone)
    code, said = erased(gone)
    assert code == 1
    assert {store for store, text in said.items() if "FOUND" in text} == {name}


def test_a_message_behind_the_deletion_is_found_and_can_be_repaired(
    gone: int, topic: str, relay: SteppedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relay that hung had read the event before it was erased, and sends it now."""
    woken: list[str] = []
    monkeypatch.setattr(wakeup, "announce", lambda: woken.append("relay"))
    (created, _) = store.load(f"user-{gone}")
    subject = {**created.subject, "firstName": "Zuleika", "lastName": "Dobson"}
    body = json.loads(envelope.to_json(created)) | {"subject": subject}
    body.pop("erased")
    send(topic, (key_of(created.stream), json.dumps(body).encode()))
    code, said = erased(gone)
    assert code == 1
    assert "FOUND 1 messages with names behind the deletion" in of_kafka(said)
    assert erased(gone, "--alone", "--repair")[0] == 1
    assert woken == ["relay"]
    relay.drain()
    assert [message["eventType"] for message in published(topic)][-1] == "USER_DELETED"
    code, said = erased(gone)
    assert code == 0
    assert "awaits compaction of 2 messages with names" in of_kafka(said)


def test_a_deletion_that_was_not_sent_yet_is_no_proof(topic: str, relay: SteppedRelay) -> None:
    user_id = commands.create_user(first_name="Zuleika", last_name="Dobson").id
    relay.drain()
    commands.delete_user(user_id)
    code, said = erased(user_id)
    assert (code, of_kafka(said)) == (1, "the outbox: FOUND no deletion that was sent yet")


def test_a_topic_that_was_made_anew_has_not_heard_of_it_yet(gone: int, topic: str, relay: SteppedRelay) -> None:
    make_anew(topic)
    assert "another topic than it was sent to" in of_kafka(erased(gone)[1])
    relay.relay.forget_topics()
    relay.drain()
    assert erased(gone)[0] == 0


def test_where_kafka_does_not_answer_nothing_is_proven(gone: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent() -> None:
        raise KafkaConnectionError

    monkeypatch.setattr("eventsourcing.broker.reader", silent)
    code, said = erased(gone)
    assert code == 2
    assert "NOT LOOKED INTO" in said["kafka"]


def test_services_whose_environment_is_not_to_be_had_are_named(gone: int, tmp_path: Path) -> None:
    out = StringIO()
    with pytest.raises(CommandError) as caught:
        call_command("erased", str(gone), "--run", str(tmp_path), stdout=out)
    assert caught.value.returncode == 2
    for service in ("friends", "recommendations"):
        assert f"{service}  NOT LOOKED INTO" in out.getvalue()
        assert f"./manage.py {service} erased {gone}" in out.getvalue()


def test_compaction_takes_the_names_out_and_leaves_the_deletion(
    gone: int, topic: str, relay: SteppedRelay, everything: bool
) -> None:
    if not everything:
        pytest.skip("waits for the broker's log cleaner; make test-all does")
    soon = {"max.compaction.lag.ms": "1000", "segment.ms": "1000"}
    with closing(broker.admin()) as client:
        client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, soon)])

    def compacted() -> None:
        # Kafka closes a segment when it writes: to every partition, some time.
        commands.create_user(first_name="Ada", last_name="Lovelace")
        relay.drain()
        assert "Zuleika" not in str(published(topic))

    eventually(compacted, within=120, every=1)
    assert [one["eventType"] for one in published(topic) if one["stream"] == f"user-{gone}"] == ["USER_DELETED"]
