"""Reading users: pages, search by name, and what Django would get wrong by itself."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from users import commands

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def names() -> list[str]:
    found = ["Ada Lovelace", "Adam Smith", "Grace Hopper", "Alan Turing", "A%b C_d", "Åsa Öberg"]
    for name in found:
        first, last = name.split(" ")
        commands.create_user(first_name=first, last_name=last)
    return found


def get(client: Client, path: str) -> list[str]:
    answer = client.get(path)
    assert answer.status_code == 200, answer.content
    return [f"{user['firstName']} {user['lastName']}" for user in json.loads(answer.content)]


def test_pages_follow_one_another_by_their_links(client: Client, names: list[str]) -> None:
    path, seen = "/v1/users?limit=4", []
    while path:
        answer = client.get(path)
        seen += [user["firstName"] for user in json.loads(answer.content)]
        link = answer.headers.get("Link", "")
        path = f"/v1/users{link[1 : link.index('>')]}" if link else ""
    assert seen == [name.split(" ")[0] for name in names]


def test_the_link_keeps_what_was_searched_for(client: Client, names: list[str]) -> None:
    link = client.get("/v1/users?limit=1&name=ad").headers["Link"]
    query = parse_qs(urlsplit(link[1 : link.index(">")]).query)
    assert query["name"] == ["ad"]
    assert get(client, f"/v1/users?limit=1&name=ad&cursor={query['cursor'][0]}") == ["Adam Smith"]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("ada", ["Ada Lovelace", "Adam Smith"]),
        ("HOP", ["Grace Hopper"]),
        ("al tur", ["Alan Turing"]),
        ("al hop", []),
        ("%", []),
        ("a%25", ["A%b C_d"]),
        ("c_", ["A%b C_d"]),
        ("å", ["Åsa Öberg"]),
        ("ove", []),
    ],
)
def test_names_are_found_by_their_beginnings(client: Client, names: list[str], name: str, found: list[str]) -> None:
    assert get(client, f"/v1/users?name={name}") == found


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "cursor=x", "name=%00"])
def test_bad_queries_are_refused(client: Client, query: str) -> None:
    assert client.get(f"/v1/users?{query}").status_code == 400


def test_the_admin_lists_users_and_events_without_reading_whole_tables(
    admin_client: Client, names: list[str]
) -> None:
    for path in ("users/user", "eventsourcing/storedevent", "eventsourcing/outboxentry", "eventsourcing/deadletter"):
        assert admin_client.get(f"/admin/{path}/").status_code == 200
    assert b"Lovelace" in admin_client.get("/admin/users/user/?q=love").content
    assert b"Hopper" not in admin_client.get("/admin/users/user/?q=love").content
    page = admin_client.get("/admin/eventsourcing/storedevent/?stream__exact=user-1").content
    assert page
    assert admin_client.get("/admin/eventsourcing/outboxentry/?published=no").status_code == 200
    assert admin_client.post("/admin/users/user/add/").status_code == 403
