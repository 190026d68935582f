"""Kept connections: one that the server has ended is noticed before it is used."""

import pytest
from django.db import connection

from eventsourcing import direct

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_connection_that_rests_is_usable() -> None:
    connection.ensure_connection()
    assert connection.is_usable()


def test_a_connection_that_the_server_ended_is_replaced_before_its_next_use() -> None:
    connection.ensure_connection()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (mine,) = cursor.fetchone()
    administrator = direct.connect("administrator")
    direct.fetch(administrator, "SELECT pg_terminate_backend(%s, 5000)", [mine])
    administrator.close()
    assert not connection.is_usable()
    # What Django does when a request begins.
    connection.close_if_unusable_or_obsolete()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        assert cursor.fetchone() != (mine,)
