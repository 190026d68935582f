"""What the gateway reads out of a registry's answer, and what it keeps from one to the next."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.environment import InvalidSetting
from gateway import discovery
from gateway.discovery import Discovery, Unreadable, live
from gateway.upstream import UpstreamError
from service.networks import PRIVATE, parse

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

    async def fetch(url: str) -> bytes:
        asked.append(url)
        if len(asked) == 1:
            raise ZeroDivisionError("never seen before")
        return body(application(instance()))

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
