"""`verify` names what is missing beside the events, and heals what can be healed; each corruption made by hand."""

from dataclasses import dataclass
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tests.support.tables import dump, tamper
from users import commands

pytestmark = pytest.mark.django_db(transaction=True)
TABLES = ("events", "personal", "outbox", "users")


def verify(*arguments: str) -> tuple[int, str]:
    """The exit code of `verify`, and what it said."""
    out = StringIO()
    try:
        call_command("verify", *arguments, stdout=out)
    except CommandError as error:
        return error.returncode, f"{out.getvalue()}{error}"
    return 0, out.getvalue()


@pytest.fixture
def stores() -> dict[str, str]:
    """Somebody with three versions and two more; every table as it then is, all of it published."""
    created = commands.create_user(first_name="Ada", last_name="Lovelace")
    for name in ("King", "Byron"):
        commands.update_user(created.id, first_name="Ada", last_name=name)
    for name in ("Grace", "Edith"):
        commands.create_user(first_name=name, last_name="Hopper")
    tamper(
        "UPDATE outbox SET published_at = '2026-11-25', sequence = numbered.place, partition = 0,"
        ' "offset" = numbered.place, topic_id = gen_random_uuid()'
        " FROM (SELECT position, row_number() OVER (ORDER BY position) AS place FROM outbox) AS numbered"
        " WHERE outbox.position = numbered.position"
    )
    return {table: dump(table) for table in TABLES}


@dataclass(frozen=True, kw_only=True)
class Corruption:
    """What somebody did, and what is said of it; `again`: what heals it has the event published once more."""

    done: str
    said: str
    again: bool = False


HEALED = {
    "an outbox entry gone": Corruption(
        done="DELETE FROM outbox WHERE position = (SELECT min(position) FROM events)",
        said="v1: no outbox entry",
        again=True,
    ),
    "an outbox entry of nothing": Corruption(
        done="INSERT INTO outbox (position, stream, version, shard) VALUES (99999, 'user-7', 1, 0)",
        said="outbox entry 99999, user-7 v1: there is no such event",
    ),
    "an outbox entry of another stream": Corruption(
        done="UPDATE outbox SET stream = 'user-99999' WHERE position = (SELECT min(position) FROM events)",
        said="v1: its outbox entry names another event",
    ),
    "an outbox entry of another version": Corruption(
        done="UPDATE outbox SET version = 9 WHERE position = (SELECT min(position) FROM events)",
        said="v1: its outbox entry names another event",
    ),
    "an outbox entry in another shard": Corruption(
        done="UPDATE outbox SET shard = (shard + 1) %% 16 WHERE position = (SELECT min(position) FROM events)",
        said="its relay looks in shard",
    ),
    "marked without a sequence": Corruption(
        done="UPDATE outbox SET sequence = NULL WHERE position = (SELECT min(position) FROM events)",
        said="v1: marked as published, but not where",
        again=True,
    ),
    "marked without a place": Corruption(
        done="UPDATE outbox SET partition = NULL WHERE position = (SELECT min(position) FROM events)",
        said="v1: marked as published, but not where",
        again=True,
    ),
    "personal members of nothing": Corruption(
        done="INSERT INTO personal VALUES ('01a20f86-0711-745d-85a7-e285e243ddfb', '{}')",
        said="personal members of 01a20f86-0711-745d-85a7-e285e243ddfb: there is no such event",
    ),
}


@pytest.mark.parametrize("what", HEALED)
def test_what_is_wrong_beside_the_events_is_reported_and_healed(what: str, stores: dict[str, str]) -> None:
    assert verify() == (0, "State and events agree.\n")
    corruption = HEALED[what]
    tamper(corruption.done)
    code, text = verify()
    assert code == 1
    assert corruption.said in text
    assert text.endswith("1 differ; --repair heals them.")
    assert {table: dump(table) for table in TABLES} != stores, "nothing was corrupted"
    assert verify("--repair") == (0, f"{text.splitlines()[0]}\n1 healed.\n")
    assert verify() == (0, "State and events agree.\n")
    if corruption.again:
        tamper("UPDATE outbox SET published_at = '2026-11-25' WHERE published_at IS NULL")
    for table in TABLES if not corruption.again else ("events", "personal", "users"):
        assert dump(table) == stores[table]


BEYOND = {
    "an event gone": (
        "WITH gone AS (DELETE FROM events WHERE version = 2 RETURNING position, event_id),"
        " outbox AS (DELETE FROM outbox USING gone WHERE outbox.position = gone.position)"
        " DELETE FROM personal USING gone WHERE personal.event_id = gone.event_id",
        "v3: the version before it is missing. Only a backup",
    ),
    "personal members gone": (
        "DELETE FROM personal USING events"
        " WHERE personal.event_id = events.event_id AND position = (SELECT min(position) FROM events)",
        "v1: its personal members are missing. `verify --topics --repair`",
    ),
}


@pytest.mark.parametrize("what", BEYOND)
def test_what_cannot_be_healed_says_what_to_do_and_is_left_alone(what: str, stores: dict[str, str]) -> None:
    done, said = BEYOND[what]
    tamper(done)
    left = {table: dump(table) for table in TABLES}
    for arguments in ((), ("--repair",)):
        code, text = verify(*arguments)
        assert code == 1
        assert said in text
    assert {table: dump(table) for table in TABLES} == left


def test_a_rebuild_does_not_begin_where_the_state_has_what_the_events_lack(stores: dict[str, str]) -> None:
    tamper("DELETE FROM personal")
    with pytest.raises(CommandError, match="5 events have lost their personal members"):
        call_command("rebuild")
    assert dump("users") == stores["users"]
