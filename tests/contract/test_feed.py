"""The feeds, through the gateway: in pages, and as streams of server-sent events."""

from contextlib import closing
from typing import Any

import pytest

from tests.contract import shapes
from tests.support.client import Client
from tests.support.eventstreams import Follower
from tests.support.network import Network
from tests.support.waiting import eventually

PREFIXES = ("user", "friend", "recommendation")


def follow(client: Client, prefix: str, query: str = "", last: str | None = None) -> Follower:
    """A stream of a service, opened."""
    follower = Follower(client.url, f"/{prefix}/v1/events{query}", last=last)
    assert follower.status == 200
    assert follower.response.headers["Content-Type"] == "text/event-stream"
    return follower


def about(follower: Follower, stream: str) -> dict[str, Any]:
    """The first item about a stream; what other tests have left to be told comes before it."""
    while (item := follower.event())["event"]["stream"] != stream:
        pass
    return item


def test_an_event_is_told_where_it_was_published_and_where_it_was_received(network: Network) -> None:
    client = network.client
    with (
        closing(follow(client, "user", "?cursor=end")) as publisher,
        closing(follow(client, "recommendation", "?cursor=end")) as receiver,
    ):
        user = network.create("Feed", "Reader")
        first, second = (about(follower, f"user-{user['id']}") for follower in (publisher, receiver))
    assert first["event"] == second["event"]
    assert first["event"]["subject"] == user
    assert second["published"] == {name: first["published"][name] for name in second["published"]}


def test_a_page_and_a_stream_tell_the_same(network: Network) -> None:
    network.people(3)
    path = "/user/v1/events?limit=3"
    page = network.client.get(path).json()
    shapes.feed(page)
    with closing(follow(network.client, "user")) as follower:
        assert follower.events(3) == page


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_stream_goes_on_behind_the_last_id(network: Network, prefix: str) -> None:
    low, high = network.people(2)
    network.befriend(low, high)
    with closing(follow(network.client, prefix)) as first:
        first.event()
        behind = first.last
        following = first.event()
    with closing(follow(network.client, prefix, last=behind)) as second:
        assert second.event()["event"] == following["event"]


def test_what_was_projected_says_when(network: Network) -> None:
    user = network.create("Projected", "Soon")

    def check() -> dict[str, Any]:
        answer = network.client.get(f"/recommendation/v1/events?stream=user-{user['id']}")
        found: list[dict[str, Any]] = answer.json()
        # First it is not there at all; in the graph it is before the note of when is written.
        assert [bool(item["projected"] and item["projected"]["at"]) for item in found] == [True]
        return found[0]

    item = eventually(check)
    assert item["stored"]["at"] <= item["received"]["at"] <= item["projected"]["at"]


def test_the_links_lead_through_all_of_it(network: Network) -> None:
    wanted = {f"user-{number}" for number in network.people(5)}

    def check() -> None:
        seen: set[str] = set()
        query = "?limit=200"
        while page := (answer := network.client.get(f"/user/v1/events{query}")).json():
            seen |= {item["event"]["stream"] for item in page}
            query = answer.headers["Link"].partition("<")[2].partition(">")[0]
        assert wanted <= seen

    # Published a moment after the answers.
    eventually(check)
