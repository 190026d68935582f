"""What the gateway reads out of a registry's answer, and what it keeps from one to the next."""

import asyncio
import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.environment import InvalidSetting
from gateway import discovery, names
from gateway.discovery import Discovery, Said
from gateway.listing import Address, Listing, Unreadable
from gateway.upstream import UpstreamError
from service.networks import PRIVATE, Networks, parse

# Brackets in brackets: Python's reader gives up with an exception that is no ValueError.
DEEP = b"[" * 100_000


def instance(port: Any = 8120, status: str = "UP", host: str = "10.0.0.1") -> dict[str, Any]:
    """One as a registry tells it."""
    return {"instanceId": f"{host}:{port}", "hostName": "h", "ipAddr": host, "status": status, "port": port}


def body(*applications: Any) -> bytes:
    """A registry's answer."""
    return json.dumps({"applications": {"versions__delta": "1", "application": list(applications)}}).encode()


def application(*instances: Any, name: str = "USER-SERVICE") -> dict[str, Any]:
    """One of its applications."""
    return {"name": name, "instance": list(instances)}


def live(answer: bytes, networks: Networks | None = None) -> dict[str, list[Address]]:
    """What is up by a registry's whole answer."""
    listing = Listing(networks)
    listing.replace(answer)
    return listing.live()


@pytest.mark.parametrize("port", [{"$": 8120, "@enabled": "true"}, {"$": "8120"}, 8120, "8120"])
def test_a_port_comes_in_several_shapes(port: Any) -> None:
    assert live(body(application(instance(port)))) == {"USER-SERVICE": [("10.0.0.1", 8120)]}


def test_one_may_stand_instead_of_a_list_of_one() -> None:
    only = {"name": "user-service", "instance": instance()}
    answer = json.dumps({"applications": {"application": only}}).encode()
    assert live(answer) == {"USER-SERVICE": [("10.0.0.1", 8120)]}


@pytest.mark.parametrize("status", ["DOWN", "STARTING", "OUT_OF_SERVICE", "UNKNOWN", "up", ""])
def test_only_what_is_up_is_taken(status: str) -> None:
    assert live(body(application(instance(status=status), instance(8121)))) == {"USER-SERVICE": [("10.0.0.1", 8121)]}


def test_an_address_that_is_listed_twice_is_one() -> None:
    assert live(body(application(instance(), instance()))) == {"USER-SERVICE": [("10.0.0.1", 8120)]}


@pytest.mark.parametrize(
    "bad",
    [None, 7, "x", [], {}, instance(port=None), instance(port={}), instance(port="x"), instance(0), instance(65536)],
)
def test_an_instance_that_cannot_be_understood_hides_no_other(bad: Any) -> None:
    assert live(body(application(bad, instance()))) == {"USER-SERVICE": [("10.0.0.1", 8120)]}


@pytest.mark.parametrize("host", ["a b", "h\r\nX-Evil: 1", "h/../x", "user@h", "h?x", "", "é", "h" * 254])
def test_a_host_that_is_none_is_not_taken(host: str) -> None:
    assert live(body(application(instance(host=host) | {"hostName": host}))) == {}


@pytest.mark.parametrize("host", ["users", "users.default.svc", "10.0.0.1", "::1", "fe80::1"])
def test_names_and_addresses_are_hosts(host: str) -> None:
    assert live(body(application(instance(host=host)))) == {"USER-SERVICE": [(host, 8120)]}


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "::ffff:a9fe:a9fe", "127.0.0.1", "8.8.8.8", "users", "10.1", "fe80::1"]
)
def test_an_instance_where_none_may_be_is_not_spoken_to(host: str) -> None:
    answer = body(application(instance(host=host) | {"hostName": host}, instance(8121)))
    assert live(answer, parse(PRIVATE)) == {"USER-SERVICE": [("10.0.0.1", 8121)]}


@pytest.mark.parametrize("empty", [b'{"applications":{}}', b'{"applications":{"application":null}}', body()])
def test_there_may_be_nobody(empty: bytes) -> None:
    assert live(empty) == {}


@pytest.mark.parametrize(
    "bad", [b"", b"<applications/>", b"null", b"[]", b"{}", b'{"applications":7}', b"\xff", DEEP]
)
def test_what_is_no_answer_of_a_registry_is_unreadable(bad: bytes) -> None:
    with pytest.raises(Unreadable):
        live(bad)


def test_what_nobody_thought_of_is_said_and_the_registry_asked_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked: list[str] = []

    async def fetch(url: str, path: str) -> Said:
        asked.append(url)
        if len(asked) == 1:
            raise ZeroDivisionError("never seen before")
        return Said(body=body(application(instance())))

    async def run() -> None:
        found = Discovery(["http://registry"], fixed={}, limit=1, poll_seconds=0.0)
        found.start()
        assert len(await found.instances("USER-SERVICE")) == 1
        found.check()
        await found.stop()

    monkeypatch.setattr(discovery, "fetch", fetch)
    monkeypatch.setattr(discovery, "PATIENCE_SECONDS", 10.0)
    asyncio.run(run())
    assert "never seen before" in caplog.text


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "$", "port"]), inner),
    max_leaves=8,
)


@given(_JSON)
def test_nothing_that_a_registry_may_say_is_an_exception_of_another_kind(application: Any) -> None:
    live(body(application, {"name": "A", "instance": application}))


@pytest.mark.parametrize("url", ["", "https://h:1", "ftp://h", "h:80", "http://"])
def test_an_address_must_be_plain_http(url: str) -> None:
    with pytest.raises(InvalidSetting):
        discovery.address(url)


def test_an_addresses_port_is_80_where_none_is_said() -> None:
    assert discovery.address("http://users/") == ("users", 80)
    assert discovery.address("http://[::1]:8120") == ("::1", 8120)


def test_without_a_registry_the_fixed_addresses_are_up_at_once() -> None:
    async def run() -> None:
        found = Discovery([], fixed={"USER-SERVICE": [("10.0.0.1", 8120)]}, limit=2)
        found.check()
        assert [(one.host, one.port) for one in await found.instances("USER-SERVICE")] == [("10.0.0.1", 8120)]
        assert not await found.instances("FRIEND-SERVICE")

    asyncio.run(run())


def test_an_instance_that_stays_keeps_its_state_one_that_goes_is_retired() -> None:
    async def run() -> None:
        found = Discovery([], fixed={"A": [("h", 1), ("h", 2)], "B": [("h", 1)]}, limit=2)
        first, second = await found.instances("A")
        found.learn({"A": [("h", 3), ("h", 1)]})
        third, again = await found.instances("A")
        assert again is first
        assert (third.port, second.retired, first.retired) == (3, True, False)
        assert not await found.instances("B")

    asyncio.run(run())


def test_before_the_registry_has_answered_the_gateway_is_down_and_requests_wait() -> None:
    async def run() -> None:
        found = Discovery(["http://127.0.0.1:1"], fixed={}, limit=2)
        with pytest.raises(UpstreamError):
            found.check()
        waiting = asyncio.ensure_future(found.instances("A"))
        await asyncio.sleep(0)
        assert not waiting.done()
        found.learn({"A": [("h", 1)]})
        assert len(await waiting) == 1
        found.check()

    asyncio.run(run())


def test_a_gateway_that_has_ceased_to_ask_is_down() -> None:
    async def run() -> None:
        found = Discovery([], fixed={}, limit=2)
        found.start()
        found.check()
        await found.stop()
        with pytest.raises(UpstreamError):
            found.check()

    asyncio.run(run())


def test_the_wait_for_a_registry_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "PATIENCE_SECONDS", 0.0)
    found = Discovery(["http://127.0.0.1:1"], fixed={}, limit=2)
    assert not asyncio.run(_instances(found, "A"))


async def _instances(found: Discovery, app: str) -> list[object]:
    return list(await found.instances(app))


def said(*instances: dict[str, Any], code: str, action: str = "") -> bytes:
    """A whole answer or a delta, with the hash code of all that there is."""
    entries = [one | ({"actionType": action} if action else {}) for one in instances]
    return json.dumps({"applications": {"apps__hashcode": code, "application": [application(*entries)]}}).encode()


def test_a_delta_adds_changes_and_removes() -> None:
    listing = Listing()
    listing.replace(said(instance(1), instance(2), code="UP_2_"))
    assert listing.change(said(instance(3), code="UP_3_", action="ADDED"))
    assert listing.change(said(instance(1, "DOWN"), code="DOWN_1_UP_2_", action="MODIFIED"))
    assert listing.live() == {"USER-SERVICE": [("10.0.0.1", 2), ("10.0.0.1", 3)]}
    assert listing.change(said(instance(2), code="DOWN_1_UP_1_", action="DELETED"))
    assert listing.live() == {"USER-SERVICE": [("10.0.0.1", 3)]}
    assert listing.change(said(instance(2), code="DOWN_1_UP_1_", action="DELETED")), "told again, it changes nothing"


def test_a_delta_that_does_not_add_up_changes_nothing() -> None:
    listing = Listing()
    listing.replace(said(instance(1), code="UP_1_"))
    assert not listing.change(said(instance(2), code="UP_3_", action="ADDED"))
    assert listing.live() == {"USER-SERVICE": [("10.0.0.1", 1)]}


_STATES = st.dictionaries(st.integers(1, 6), st.sampled_from(["UP", "DOWN"]), max_size=6)


@given(st.lists(_STATES, min_size=2, max_size=6))
def test_deltas_lead_to_what_the_whole_answer_says(states: list[dict[int, str]]) -> None:
    def code(state: dict[int, str]) -> str:
        return "".join(f"{name}_{number}_" for name in ("DOWN", "UP") if (number := list(state.values()).count(name)))

    listing, whole = Listing(), Listing()
    listing.replace(said(*(instance(*one) for one in states[0].items()), code=code(states[0])))
    for before, after in itertools.pairwise(states):
        changed = [instance(*one) | {"actionType": "MODIFIED"} for one in after.items() if one not in before.items()]
        gone = [instance(port) | {"actionType": "DELETED"} for port in before if port not in after]
        assert listing.change(said(*changed, *gone, code=code(after)))
        whole.replace(said(*(instance(*one) for one in after.items()), code=code(after)))
        assert {name: set(those) for name, those in listing.live().items() if those} == {
            name: set(those) for name, those in whole.live().items() if those
        }


def polled(monkeypatch: pytest.MonkeyPatch, registries: list[str], *rounds: dict[str, Said]) -> list[list[int]]:
    """The ports of the users service that are known after each round of what the registries say; who is missing in a
    round does not answer."""
    known: list[list[int]] = []

    async def run() -> None:
        found = Discovery(registries, fixed={}, limit=1)
        for answers in rounds:

            async def fetch(url: str, path: str, answers: dict[str, Said] = answers) -> Said:
                if url not in answers:
                    raise UpstreamError("away")
                return answers[url]

            monkeypatch.setattr(discovery, "fetch", fetch)
            await found._poll()
            known.append([one.port for one in found._upstreams.get("USER-SERVICE", ())])

    asyncio.run(run())
    return known


def port_of(number: int, age: float = 0.0) -> Said:
    """An answer with one instance, at this port."""
    return Said(body=said(instance(number), code="UP_1_"), age=age)


def test_a_fresh_answer_counts_more_than_a_stale_one(monkeypatch: pytest.MonkeyPatch) -> None:
    stale, fresh = {"a": port_of(1, age=60.0)}, {"b": port_of(2)}
    assert polled(monkeypatch, ["a", "b"], stale | fresh) == [[2]]


def test_a_stale_answer_is_better_than_none_and_the_younger_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    assert polled(monkeypatch, ["a", "b"], {"a": port_of(1, age=60.0), "b": port_of(2, age=30.0)}) == [[2]]


def test_what_is_known_holds_against_what_is_older(monkeypatch: pytest.MonkeyPatch) -> None:
    silence: dict[str, Said] = {}
    rounds = {"a": port_of(1)}, {"a": port_of(2, age=60.0)}, silence, {"a": port_of(3)}
    assert polled(monkeypatch, ["a"], *rounds) == [[1], [1], [1], [3]]


def test_names_count_until_a_registry_has_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: dict[str, Said] = {}
    looked_up: dict[str, list[tuple[str, int]]] = {"users": [("10.0.0.1", 1), ("10.0.0.2", 1)]}

    async def fetch(url: str, path: str) -> Said:
        if url not in answers:
            raise UpstreamError("away")
        return answers[url]

    async def resolve(host: str, port: int) -> list[tuple[str, int]]:
        return looked_up[host]

    async def hosts(found: Discovery) -> list[str]:
        await found._once()
        return [one.host for one in await found.instances("USER-SERVICE", 0.0)]

    async def run() -> None:
        found = Discovery(["a"], fixed={"USER-SERVICE": [("users", 1)]}, limit=1)
        assert await hosts(found) == ["10.0.0.1", "10.0.0.2"]
        looked_up["users"] = []
        assert await hosts(found) == ["10.0.0.1", "10.0.0.2"], "a name that is not known now stays what it was"
        answers["a"] = Said(body=body(application(instance(host="10.0.0.9"))))
        assert await hosts(found) == ["10.0.0.9"]
        answers.clear()
        assert await hosts(found) == ["10.0.0.9"]

    monkeypatch.setattr(discovery, "fetch", fetch)
    monkeypatch.setattr(names, "resolve", resolve)
    asyncio.run(run())
