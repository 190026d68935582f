"""State is a fold of the events: `rebuild`, `verify`, `verify --repair`."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tests.support.tables import dump, execute
from users import commands

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def people() -> str:
    """Some people, some of them renamed; the table as it then is."""
    for number in range(1, 31):
        created = commands.create_user(first_name=f"First {number}", last_name="Ångström \\ \t"[:-2])
        if number % 3 == 0:
            commands.update_user(created.id, first_name="Renamed", last_name=f"Last {number}")
    return dump("users")


def verify(*arguments: str) -> str:
    out = StringIO()
    call_command("verify", *arguments, stdout=out)
    return out.getvalue()


def test_rebuild_gives_the_table_back_byte_for_byte(people: str) -> None:
    execute("DELETE FROM users")
    call_command("rebuild")
    assert dump("users") == people


def test_rebuild_mends_what_is_wrong_and_takes_away_what_never_happened(people: str) -> None:
    execute("UPDATE users SET first_name = 'Mallory'")
    execute("INSERT INTO users SELECT max(id) + 1000, 'No', 'Body', now(), now(), 1 FROM users")
    call_command("rebuild")
    assert dump("users") == people


def test_rebuild_leaves_the_sequence_of_ids_alone(people: str) -> None:
    last = commands.create_user(first_name="Ada", last_name="Lovelace").id
    execute("DELETE FROM users")
    call_command("rebuild")
    assert commands.create_user(first_name="Grace", last_name="Hopper").id == last + 1


def test_verify_agrees_when_nothing_is_wrong(people: str) -> None:
    assert "agree" in verify()


CORRUPTIONS = [
    ("UPDATE users SET last_name = 'X' WHERE id = (SELECT min(id) FROM users)", "differs in last_name"),
    ("UPDATE users SET version = 7 WHERE id = (SELECT min(id) FROM users)", "differs in version"),
    ("UPDATE users SET created_at = now() WHERE id = (SELECT min(id) FROM users)", "differs in created_at"),
    ("DELETE FROM users WHERE id = (SELECT min(id) FROM users)", "no row"),
    ("INSERT INTO users SELECT max(id) + 1000, 'No', 'Body', now(), now(), 1 FROM users", "a row, but no events"),
]


@pytest.mark.parametrize(("statement", "finding"), CORRUPTIONS)
def test_verify_names_each_corruption_and_repair_heals_it(people: str, statement: str, finding: str) -> None:
    execute(statement)
    out = StringIO()
    with pytest.raises(CommandError, match="1 differ"):
        call_command("verify", stdout=out)
    assert finding in out.getvalue()
    assert dump("users") != people
    assert "1 healed" in verify("--repair")
    assert dump("users") == people
