"""Keeping one instance registered, and finding others."""

import signal
from pathlib import Path
from typing import Any

import pytest

from service import gunicorn
from service.eureka import Heard, Instance, RegistryClient, RegistryError
from service.registration import Directory, ElectedRegistration, Registration, StaticDirectory, directory
from tests.support.waiting import until

ME = Instance(app="USER-SERVICE", instance_id="me", host="127.0.0.1", port=8120)


class Client(RegistryClient):
    """Remembers what it was asked; knows nobody, or is away, as told."""

    def __init__(self) -> None:
        super().__init__([])
        self.asked: list[str] = []
        self.known, self.away = True, False
        self.found: dict[str, list[Instance]] = {}

    def _note(self, what: str) -> None:
        self.asked.append(what)
        if self.away:
            raise RegistryError("away")

    def register(self, instance: Instance) -> None:
        """Noted."""
        self._note("register")

    def renew(self, instance: Instance) -> bool:
        """Noted."""
        self._note("renew")
        return self.known

    def cancel(self, instance: Instance) -> None:
        """Noted."""
        self._note("cancel")

    def fetch(self) -> Heard:
        """Noted."""
        self._note("fetch")
        return Heard(instances=self.found)


def test_it_registers_first_and_renews_at_about_a_third_of_the_lease() -> None:
    client = Client()
    registration = Registration(client, lambda: ME)
    waits = [registration.step() for _ in range(50)]
    assert client.asked == ["register"] + ["renew"] * 49
    assert all(4.0 <= wait <= 5.0 for wait in waits)
    assert len(set(waits)) > 1


def test_a_registry_that_has_forgotten_it_is_told_again() -> None:
    client = Client()
    registration = Registration(client, lambda: ME)
    registration.step()
    client.known = False
    registration.step()
    assert client.asked == ["register", "renew", "register"]


def test_a_registry_that_is_away_is_waited_for_and_then_told_again() -> None:
    client = Client()
    registration = Registration(client, lambda: ME)
    client.away = True
    waits = [registration.step() for _ in range(20)]
    assert all(0 < wait <= 10.0 for wait in waits)
    assert max(waits) > 4.0
    client.away = False
    client.asked.clear()
    registration.step()
    assert client.asked == ["register"]


def test_who_does_not_know_its_address_yet_tries_on() -> None:
    client = Client()
    addresses: list[Instance] = []

    def locate() -> Instance:
        if not addresses:
            raise RegistryError("the registry's name leads nowhere")
        return addresses[-1]

    registration = Registration(client, locate)
    registration.step()
    registration.cancel()
    assert client.asked == []
    addresses.append(ME)
    registration.step()
    assert client.asked == ["register"]


def test_what_was_never_registered_does_not_leave() -> None:
    client = Client()
    registration = Registration(client, lambda: ME)
    registration.cancel()
    assert client.asked == []
    registration.step()
    client.away = True
    registration.cancel()
    assert client.asked == ["register", "cancel"]


def test_one_worker_of_several_registers_and_another_takes_over(tmp_path: Path) -> None:
    clients = [Client(), Client()]
    workers = [
        ElectedRegistration(Registration(client, lambda: ME), lock=tmp_path / "run" / "registration.lock")
        for client in clients
    ]
    workers[0].start()
    until(lambda: clients[0].asked == ["register"])
    workers[1].start()
    workers[0].stop()
    assert clients[0].asked == ["register", "cancel"]
    until(lambda: clients[1].asked == ["register"])
    workers[1].stop()
    assert clients[1].asked == ["register", "cancel"]


def test_a_directory_knows_who_is_up_and_goes_by_what_it_last_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client()
    down = Instance(app="USER-SERVICE", instance_id="down", host="127.0.0.1", port=1, status="OUT_OF_SERVICE")
    client.found = {"USER-SERVICE": [ME, down]}
    found = Directory("USER-SERVICE", client)
    assert {found.pick() for _ in range(20)} == {"http://127.0.0.1:8120"}
    assert client.asked == ["fetch"]
    client.away = True
    found._due = 0.0
    assert found.pick() == "http://127.0.0.1:8120"


def test_a_directory_without_anybody_asks_again_at_once() -> None:
    client = Client()
    found = Directory("USER-SERVICE", client)
    assert found.pick() is None
    client.found = {"USER-SERVICE": [ME]}
    assert found.pick() == ME.base_url


def test_without_a_registry_names_are_fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_URL", "")
    monkeypatch.setenv("USER_SERVICE_URL", "http://users.example:80/")
    directory.cache_clear()
    found: Any = directory("USER-SERVICE")
    assert isinstance(found, StaticDirectory)
    assert found.pick() == "http://users.example:80"
    directory.cache_clear()


def test_a_worker_that_is_told_to_end_leaves_before_it_finishes_what_it_has() -> None:
    done: list[str] = []
    before = signal.signal(signal.SIGTERM, lambda *_: done.append("gunicorn's own"))
    try:
        gunicorn._leave_on_sigterm(lambda: done.append("leave"))
        signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert done == ["leave", "gunicorn's own"]
