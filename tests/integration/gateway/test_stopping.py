"""The gateway's end: who waits is let go, who is being served is served, and the registry knows."""

import signal
import socket
import subprocess
from pathlib import Path

import pytest

from tests.integration.gateway.process import Gateway, response, running
from tests.integration.gateway.servers import Loop, Registry, Talk, echo
from tests.support.waiting import eventually

GET = b"GET /user/x HTTP/1.1\r\nHost: h\r\n\r\n"
# gunicorn gives requests so long to finish, and then kills: who ends much sooner has waited for nobody.
PATIENT = {"GUNICORN_CMD_ARGS": "--graceful-timeout 120"}
MUCH_SOONER = 40.0


async def held(talk: Talk) -> None:
    """Answers when it is told to go."""
    while True:
        await talk.request()
        talk.server.left.set()
        while not talk.server.go.is_set():
            await talk.server.pause()
        await talk.answer(b"done")


def ended(gateway: Gateway, within: float = 15.0) -> bool:
    """Whether it ends by itself in that time, in good order."""
    try:
        return gateway.process.wait(within) == 0
    except subprocess.TimeoutExpired:
        return False


def kept(gateway: Gateway) -> socket.socket:
    """A connection that has been answered once and is kept open."""
    connection = gateway.connect()
    connection.sendall(GET)
    answer = response(connection)
    answer.read()
    assert answer.status == 200
    return connection


def closed(connection: socket.socket) -> bool:
    """Whether the gateway has ended it; waits for it as long as the connection does."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def test_idle_clients_are_let_go_at_once(loop: Loop, registry: Registry, tmp_path: Path) -> None:
    registry.list("USER-SERVICE", loop.serve(echo))
    with running(tmp_path, registry.url, **PATIENT) as gateway, gateway.connect() as silent:
        gateway.healthy()
        connections = [kept(gateway) for _ in range(3)]
        gateway.process.send_signal(signal.SIGTERM)
        assert ended(gateway, MUCH_SOONER), "it waited for clients that ask for nothing"
        for connection in (*connections, silent):
            assert closed(connection)
            connection.close()


def test_a_request_under_way_is_finished_and_the_registry_told_before(loop: Loop, tmp_path: Path) -> None:
    server, registry = loop.serve(held), Registry(loop)
    registry.list("USER-SERVICE", server)
    with running(tmp_path, registry.url, GATEWAY_TIMEOUT_SECONDS="30") as gateway, gateway.connect() as client:
        eventually(lambda: _asked(registry, "POST"))
        client.sendall(GET)
        assert server.left.wait(10)
        gateway.process.send_signal(signal.SIGTERM)
        eventually(lambda: _asked(registry, "DELETE"))
        server.go.set()
        answer = response(client)
        assert (answer.status, answer.read()) == (200, b"done")
        assert ended(gateway)


def test_who_takes_longer_than_the_grace_period_is_cut_off_and_the_registry_told(loop: Loop, tmp_path: Path) -> None:
    server, registry = loop.serve(held), Registry(loop)
    registry.list("USER-SERVICE", server)
    with running(tmp_path, registry.url, GATEWAY_TIMEOUT_SECONDS="60") as gateway, gateway.connect() as client:
        eventually(lambda: _asked(registry, "POST"))
        client.sendall(GET)
        assert server.left.wait(10)
        gateway.process.send_signal(signal.SIGTERM)
        assert ended(gateway)
        assert closed(client)
    _asked(registry, "DELETE")
    server.go.set()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT])
def test_a_quick_stop_waits_for_nobody(loop: Loop, tmp_path: Path, number: signal.Signals) -> None:
    server, registry = loop.serve(held), Registry(loop)
    registry.list("USER-SERVICE", server)
    patient = PATIENT | {"GATEWAY_TIMEOUT_SECONDS": "60"}
    with running(tmp_path, registry.url, **patient) as gateway, gateway.connect() as client:
        client.sendall(GET)
        assert server.left.wait(10)
        gateway.process.send_signal(number)
        assert ended(gateway, MUCH_SOONER)
    server.go.set()


def _asked(registry: Registry, method: str) -> None:
    assert any(line.startswith(f"{method} ") for line in registry.leases)
