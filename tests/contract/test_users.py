"""Users: what the table's shapes do not show."""

import time
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from tests.contract.table import UNKNOWN
from tests.support.client import Client
from tests.support.network import Network, expect
from tests.support.waiting import eventually


def test_a_created_user_is_read_as_it_was_answered(network: Network) -> None:
    created = network.create("Žofie", "李 O'Neil-Smith")
    assert (created["firstName"], created["lastName"]) == ("Žofie", "李 O'Neil-Smith")
    assert network.read(created["id"]) == created


def test_users_created_one_after_the_other_get_consecutive_ids(network: Network) -> None:
    ids = network.people(10)
    assert ids == list(range(ids[0], ids[0] + 10))


def test_a_refused_user_leaves_no_gap_in_the_ids(network: Network, client: Client) -> None:
    before = network.create()["id"]
    expect(client.post("/user/v1/users", {"firstName": ""}), 400)
    assert network.create()["id"] == before + 1


def test_times_are_now_in_utc(network: Network) -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    created = datetime.fromisoformat(network.create()["createdAt"])
    assert before <= created <= datetime.now(UTC)


def test_an_id_sent_on_create_is_ignored(network: Network, client: Client) -> None:
    taken = network.create("First", "Owner")
    body = {"id": taken["id"], "firstName": "Second", "lastName": "Comer"}
    assert expect(client.post("/user/v1/users", body), 201)["id"] == taken["id"] + 1
    assert network.read(taken["id"]) == taken
    body["id"] = UNKNOWN
    assert expect(client.post("/user/v1/users", body), 201)["id"] == taken["id"] + 2


def test_an_update_changes_names_and_last_modified_only(network: Network) -> None:
    before = network.create("Old", "Name")
    time.sleep(0.002)
    after = network.rename(before["id"], "New", "Name")
    assert (after["id"], after["createdAt"]) == (before["id"], before["createdAt"])
    assert (after["firstName"], after["lastName"]) == ("New", "Name")
    assert after["lastModified"] > before["lastModified"]
    assert network.read(before["id"]) == after


@pytest.mark.parametrize("body_id", [UNKNOWN, "one", 1.5, -1, [1], True])
def test_an_id_in_the_body_that_is_not_the_paths_changes_nothing(
    network: Network, client: Client, body_id: object
) -> None:
    before = network.create()
    body = {"id": body_id, "firstName": "New", "lastName": "Name"}
    expect(client.put(f"/user/v1/users/{before['id']}", body), 400)
    assert network.read(before["id"]) == before


def test_a_refused_update_changes_nothing(network: Network, client: Client) -> None:
    before = network.create()
    body = {"firstName": "New", "lastName": "x" * 256}
    expect(client.put(f"/user/v1/users/{before['id']}", body), 400)
    assert network.read(before["id"]) == before


def test_a_request_id_of_the_client_comes_back(client: Client) -> None:
    headers = {"X-Request-Id": "asked-by-a-test"}
    answer = client.get(f"/user/v1/users/{UNKNOWN}", headers)
    assert answer.headers["X-Request-Id"] == "asked-by-a-test"
    assert answer.json()["requestId"] == "asked-by-a-test"


def test_a_deleted_user_is_nobody_and_can_neither_be_deleted_again_nor_befriended(
    network: Network, client: Client
) -> None:
    gone, other = network.people(2)
    network.delete(gone)
    path = f"/user/v1/users/{gone}"
    expect(client.get(path), 404)
    expect(client.put(path, {"firstName": "New", "lastName": "Name"}), 404)
    expect(client.request("DELETE", path), 404)
    for pair in ((gone, other), (other, gone)):
        call = "/friend/v1/users/{}/commands/addFriend?friendId={}".format(*pair)
        # Until the friends service hears of it, a friendship may begin; it ends with its user.
        problem = eventually(partial(_refused, client, call))
        assert str(gone) in problem["detail"]
    assert network.friends(other) == []


def _refused(client: Client, call: str) -> Any:
    return expect(client.post(call), 404)


def test_a_deletion_depends_on_the_version_and_happens_once_under_a_key(network: Network, client: Client) -> None:
    path = f"/user/v1/users/{network.create()['id']}"
    expect(client.request("DELETE", path, headers={"If-Match": '"7"'}), 412)
    headers = {"If-Match": '"1"', "Idempotency-Key": f"delete {path}".replace(" ", "")}
    for _ in range(2):
        assert client.request("DELETE", path, headers=headers).status == 204
