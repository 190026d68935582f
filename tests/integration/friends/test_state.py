"""Friendships are a fold of their events."""

import pytest
from django.core.management import call_command
from django.test import Client

from friends import commands
from tests.integration.friends.test_commands import known
from tests.support.tables import dump, execute

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def friendships() -> str:
    known(*range(1, 12))
    for low in range(1, 11):
        commands.add_friend(low, low + 1)
        if low % 2:
            commands.remove_friend(low + 1, low)
        if low % 4 == 1:
            commands.add_friend(low + 1, low)
    return dump("friendships")


def test_rebuild_gives_the_table_back_byte_for_byte(friendships: str) -> None:
    execute("DELETE FROM friendships")
    call_command("rebuild")
    assert dump("friendships") == friendships
    call_command("verify")


def test_repair_heals_a_friendship_that_was_turned_round(friendships: str) -> None:
    execute("UPDATE friendships SET active = NOT active, user_id = low WHERE low < 3")
    call_command("verify", "--repair")
    assert dump("friendships") == friendships


def test_the_admin_finds_friendships_by_either_user(admin_client: Client, friendships: str) -> None:
    assert admin_client.get("/admin/friends/friendship/?q=10").status_code == 200
    assert admin_client.get("/admin/friends/friendship/?q=nobody").status_code == 200
    assert admin_client.get("/admin/friends/knownuser/?q=3").status_code == 200
