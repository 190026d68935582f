"""`./manage.py friends erased ID`: what the directory, friendships and dead letters still have of a user."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from eventsourcing import deadletters
from tests.integration.friends.test_commands import known
from tests.integration.friends.test_deadletters import as_message
from tests.integration.friends.test_departures import deleted, handle
from tests.support.tables import execute

pytestmark = pytest.mark.django_db(transaction=True)


def found(user_id: int) -> set[str]:
    """The stores in which something was found."""
    out = StringIO()
    code = 0
    try:
        call_command("erased", str(user_id), stdout=out)
    except CommandError as error:
        code = error.returncode
    lines = [line.removeprefix("friends  ") for line in out.getvalue().splitlines()]
    stores = {line.partition(":")[0] for line in lines if "FOUND" in line}
    assert code == (1 if stores else 0)
    assert stores or "Nothing is left" in out.getvalue()
    return stores


def test_each_store_is_looked_into() -> None:
    known(1, 2)
    assert found(1) == {"directory", "erased_streams"}
    handle(deleted(1))
    assert found(1) == set()
    execute("INSERT INTO friendships VALUES (9, 1, 2, 1, true, now(), now(), 1)")
    assert found(1) == {"friendships"}
    execute("DELETE FROM friendships")
    execute("UPDATE directory SET deleted = false")
    assert found(1) == {"directory"}


def test_a_letter_with_names_is_found() -> None:
    deadletters.park("friends-directory", as_message(1, 1).letter(), ValueError("a bug"))
    assert found(1) == {"directory", "erased_streams", "dead_letters"}
    handle(deleted(1))
    assert found(1) == set()
