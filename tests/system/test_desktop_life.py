"""One life of `./manage.py up`: started in the background, looked at, hurt, killed, found again, stopped.

The tests are one story on one data folder: each begins where the one before it ended.
"""

import http.client
import os
import signal
from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from desktop import runfiles
from desktop.services import DOMAIN, REGISTRY
from tests.support.client import Client
from tests.support.desktop import Desktop, Terminal, pids
from tests.support.waiting import eventually


@pytest.fixture(scope="module")
def desktop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desktop]:
    """A system in the background."""
    desktop = Desktop(tmp_path_factory.mktemp("desktop") / "data")
    started = desktop.run("up", "--detach")
    assert started.returncode == 0, started.stdout + started.stderr
    (desktop.data.parent / "screen.txt").write_text(started.stdout)
    yield desktop
    desktop.clear()


@pytest.fixture
def person(desktop: Desktop) -> int:
    """The id of a new person."""
    answer = Client(desktop.url("gateway")).post("/user/v1/users", {"firstName": "Ada", "lastName": "Lovelace"})
    return int(answer.json()["id"])


def test_the_screen_says_where_everything_is(desktop: Desktop) -> None:
    screen = (desktop.data.parent / "screen.txt").read_text()
    for service in ("gateway", "users", "friends", "recommendations", "registry"):
        assert desktop.url(service) in screen
    assert (desktop.data / "admin-password").read_text().strip() in screen
    assert "PostgreSQL 18" in screen
    assert "./manage.py down" in screen
    assert "DOWN" not in screen


def test_the_status_is_up_in_every_part(desktop: Desktop) -> None:
    status = desktop.status()
    assert status["state"] == "UP"
    assert {service["state"] for service in status["services"].values()} == {"UP"}
    assert len(status["engines"]) == 3
    assert len(pids(status)) == 1 + 10 + 3
    assert desktop.run("status").returncode == 0


def test_the_supervisor_has_left_the_terminal(desktop: Desktop) -> None:
    supervisor = desktop.status()["supervisor"]
    assert os.getsid(supervisor) == supervisor
    assert Path(f"/proc/{supervisor}/fd/0").readlink() == Path("/dev/null")


def test_secrets_are_for_the_owner_only(desktop: Desktop) -> None:
    for name in ("admin-password", "secret-key", "run/users.env.json"):
        assert (desktop.data / name).stat().st_mode & 0o077 == 0


def login(url: str, password: str) -> int:
    """Logs in to an admin as its login page does; the status of the answer."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    connection.request("GET", "/admin/login/")
    answer = connection.getresponse()
    answer.read()
    cookies: SimpleCookie = SimpleCookie()
    for header in answer.headers.get_all("Set-Cookie", []):
        cookies.load(header)
    name, token = next((name, morsel.value) for name, morsel in cookies.items() if "csrf" in name)
    form = {"username": "admin", "password": password, "csrfmiddlewaretoken": token, "next": "/admin/"}
    headers = {"Cookie": f"{name}={token}", "Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/admin/login/", urlencode(form), headers)
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.parametrize("service", [service.name for service in (*DOMAIN, REGISTRY)])
def test_the_admin_lets_its_user_in(desktop: Desktop, service: str) -> None:
    password = (desktop.data / "admin-password").read_text().strip()
    assert login(desktop.url(service), password) == 302
    assert login(desktop.url(service), password + "?") == 200


def test_a_second_start_says_that_it_runs(desktop: Desktop) -> None:
    for arguments in (["up"], ["up", "--detach"]):
        second = desktop.run(*arguments)
        assert second.returncode == 1
        assert "already runs" in second.stderr
        assert "Traceback" not in second.stderr
    assert desktop.status()["state"] == "UP"


def test_what_dies_is_started_again(desktop: Desktop) -> None:
    before = pids(desktop.status())
    victims = ("users-web", "friends-relay", "recommendations-project", "gateway-web")
    for name in victims:
        os.kill(before[name], signal.SIGKILL)

    def check() -> None:
        status = desktop.status()
        assert status["state"] == "UP"
        now = pids(status)
        assert all(now[name] != before[name] for name in victims)

    eventually(check, within=60)
    log = (desktop.data / "logs" / "supervisor.log").read_text()
    for name in victims:
        assert f"{name} ended (killed by SIGKILL)" in log
        assert f"{name} is started again" in log


def test_an_engine_that_dies_is_started_again_with_its_data(desktop: Desktop, person: int) -> None:
    status = desktop.status()
    [postgresql] = [name for name in status["engines"] if "PostgreSQL" in name]
    os.kill(status["engines"][postgresql]["pid"], signal.SIGKILL)

    def check() -> None:
        # For a moment the server's children outlive it and answer; what counts is the new one.
        now = desktop.status()["engines"][postgresql]["pid"]
        assert now not in (None, status["engines"][postgresql]["pid"])
        assert Client(desktop.url("gateway")).get(f"/user/v1/users/{person}").status == 200

    eventually(check, within=90)


def test_the_demo_agrees_with_networkx(desktop: Desktop) -> None:
    demo = desktop.run("demo", "--network", "karate")
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert "34 people, 78 ties" in demo.stdout
    assert "The same as networkx" in demo.stdout


@pytest.fixture
def terminal(desktop: Desktop) -> Iterator[Terminal]:
    """A window with `make up` in it, when all is up; whatever ran before is gone."""
    terminal = Terminal(desktop.make_up())
    try:
        terminal.read_until("Ctrl-C stops everything.")
        yield terminal
    finally:
        terminal.end()


def processes(desktop: Desktop) -> list[runfiles.Identity]:
    """Every process of the system."""
    return [found for pid in pids(desktop.status()).values() if (found := runfiles.identify(pid))]


def alive(identities: list[runfiles.Identity]) -> list[int]:
    """Those that still run."""
    return [identity.pid for identity in identities if identity.alive()]


@pytest.fixture
def orphans(desktop: Desktop, person: int) -> list[runfiles.Identity]:
    """What is left when the supervisor is killed: everything but itself. Asked for before `terminal`."""
    supervisor, *others = processes(desktop)
    os.kill(supervisor.pid, signal.SIGKILL)
    eventually(lambda: _none_of([supervisor]))
    assert len(alive(others)) == 13
    return others


def _none_of(identities: list[runfiles.Identity]) -> None:
    assert alive(identities) == []


def test_a_new_supervisor_ends_what_a_killed_one_left_and_ctrl_c_stops_it(
    desktop: Desktop, person: int, orphans: list[runfiles.Identity], terminal: Terminal
) -> None:
    assert "An earlier run was killed and left 13 processes" in terminal.seen
    assert alive(orphans) == []
    answer = Client(desktop.url("gateway")).get(f"/user/v1/users/{person}")
    assert answer.status == 200, "The data are those of before."

    running = processes(desktop)
    assert len(alive(running)) == 14
    terminal.press(b"\x03")
    seen = terminal.drain()
    assert "Stopped." in seen
    assert "Traceback" not in seen
    assert alive(running) == []
    for name in ("users-relay", "friends-consume", "recommendations-project"):
        assert "KeyboardInterrupt" not in desktop.log(name), f"Ctrl-C reached {name} itself."


def test_a_closed_window_stops_everything(desktop: Desktop, terminal: Terminal) -> None:
    running = processes(desktop)
    assert len(alive(running)) == 14
    terminal.close()
    # make may end before the supervisor, which has to stop everything first.
    eventually(lambda: _none_of(running), within=60)
    assert not list((desktop.data / "run" / "processes").glob("*.json"))
