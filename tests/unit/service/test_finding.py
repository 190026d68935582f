"""What threads of a service share to find others, and how an instance finds its own address."""

import logging
import socket
import threading
from dataclasses import replace

import pytest
from django.test import override_settings

from config.environment import InvalidSetting
from service import registration
from service.eureka import Heard, Instance, RegistryClient, RegistryError
from service.registration import Directory, Registration, reachable
from tests.support.waiting import until

ME = Instance(app="USER-SERVICE", instance_id="me", host="127.0.0.1", port=8120)


class SlowClient(RegistryClient):
    """Answers only when it is let, with who is up or with an error."""

    def __init__(self) -> None:
        super().__init__([])
        self.asked, self.away = 0, False
        self.says = Heard(instances={"USER-SERVICE": [ME]})
        self.entered, self.let = threading.Event(), threading.Event()

    def fetch(self) -> Heard:
        """Waits until it is let."""
        self.asked += 1
        self.entered.set()
        self.let.wait(30)
        if self.away:
            raise RegistryError("away")
        return self.says


def picking(directory: Directory, found: list[str | None]) -> threading.Thread:
    thread = threading.Thread(target=lambda: found.append(directory.pick()))
    thread.start()
    return thread


def test_threads_that_know_nobody_wait_for_one_answer() -> None:
    client = SlowClient()
    directory = Directory("USER-SERVICE", client)
    found: list[str | None] = []
    threads = [picking(directory, found)]
    assert client.entered.wait(30)
    threads += [picking(directory, found) for _ in range(5)]
    client.let.set()
    for thread in threads:
        thread.join(30)
    assert found == [ME.base_url] * 6
    # One that came while the first was asking may have had to ask once more; the others went by that answer.
    assert client.asked <= 2


def test_threads_that_know_somebody_do_not_wait_for_a_registry_that_hangs() -> None:
    client = SlowClient()
    directory = Directory("USER-SERVICE", client)
    client.let.set()
    assert directory.pick() == ME.base_url
    client.let.clear()
    client.entered.clear()
    directory._due = 0.0
    hanging = picking(directory, [])
    assert client.entered.wait(30)
    assert directory.pick() == ME.base_url
    assert client.asked == 2
    client.let.set()
    hanging.join(30)


def test_what_is_older_than_what_is_known_is_not_believed() -> None:
    client = SlowClient()
    client.let.set()
    directory = Directory("USER-SERVICE", client)
    other = replace(ME, port=8121)

    def picked(*up: Instance, age: float) -> str | None:
        client.says = Heard(instances={"USER-SERVICE": up}, age=age)
        directory._due = 0.0
        return directory.pick()

    # Better than nothing, then better than that, then worse.
    assert picked(ME, age=300.0) == ME.base_url
    assert picked(other, age=200.0) == other.base_url
    assert picked(ME, age=0.0) == ME.base_url
    assert picked(other, age=100.0) == ME.base_url
    assert picked(age=100.0) == ME.base_url
    assert picked(other, age=0.0) == other.base_url


def test_a_registry_that_is_away_is_not_asked_by_every_request(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = SlowClient()
    client.away = True
    client.let.set()
    monkeypatch.setattr(registration, "AWAY_SECONDS", 60.0)
    directory = Directory("USER-SERVICE", client)
    assert [directory.pick() for _ in range(10)] == [None] * 10
    assert client.asked == 1
    directory._due = 0.0
    assert directory.pick() is None
    assert client.asked == 2
    assert len([record for record in caplog.records if record.levelno == logging.WARNING]) == 1


def test_a_renewal_that_got_no_answer_is_tried_again_and_still_leaves() -> None:
    asked: list[str] = []

    class Client(RegistryClient):
        away = False

        def register(self, instance: Instance) -> None:
            asked.append("register")

        def renew(self, instance: Instance) -> bool:
            asked.append("renew")
            if self.away:
                raise RegistryError("away")
            return True

        def cancel(self, instance: Instance) -> None:
            asked.append("cancel")

    client = Client([])
    kept = Registration(client, lambda: ME)
    kept.step()
    client.away = True
    kept.step()
    client.away = False
    kept.step()
    client.away = True
    kept.step()
    kept.cancel()
    assert asked == ["register", "renew", "renew", "renew", "cancel"]


def test_a_change_of_the_registrys_state_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    # A port that nobody listens on: it was free a moment ago.
    with socket.create_server(("127.0.0.1", 0)) as opened:
        port = opened.getsockname()[1]
    kept = Registration(RegistryClient([f"http://127.0.0.1:{port}"]), lambda: ME)
    for _ in range(5):
        kept.step()
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_an_address_that_is_every_address_is_registered_as_the_one_that_leads_to_the_registry() -> None:
    assert reachable("10.1.2.3", "http://127.0.0.1:8761") == "10.1.2.3"
    assert reachable("0.0.0.0", "http://127.0.0.1:8761") == "127.0.0.1"
    assert reachable("", "http://127.0.0.1:8761") == "127.0.0.1"
    assert reachable("localhost", "http://127.0.0.1:8761") in {"127.0.0.1", "::1"}
    with pytest.raises(RegistryError, match="not known yet"):
        reachable("::", "http://no-such-host.invalid:8761")


def test_the_registration_is_of_the_settings_and_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"REGISTRY_URL": "http://127.0.0.1:8761", "HOST": "127.0.0.1", "PORT": "8120"}.items():
        monkeypatch.setenv(name, value)
    kept = registration.from_settings()
    assert kept is not None
    found = kept._locate()
    assert (found.app, found.base_url) == ("USER-SERVICE", "http://127.0.0.1:8120")
    assert (found.instance_id, found.lease_seconds) == ("127.0.0.1:users:8120", 15)


def test_without_a_registry_or_a_name_there_is_nothing_to_register(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_URL", "")
    assert registration.from_settings() is None
    monkeypatch.setenv("REGISTRY_URL", "http://127.0.0.1:8761")
    with override_settings(REGISTRY_NAME=None):
        assert registration.from_settings() is None


@pytest.mark.parametrize(
    "url", ["127.0.0.1:8761", "ftp://127.0.0.1", "http://", "http://host:port", "http://h:99999"]
)
def test_a_registry_url_that_is_none_is_named_at_the_start(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("REGISTRY_URL", url)
    with pytest.raises(InvalidSetting, match="REGISTRY_URL"):
        registration.from_settings()


def test_a_worker_that_stops_before_it_is_elected_asks_nothing(tmp_path_factory: pytest.TempPathFactory) -> None:
    lock = tmp_path_factory.mktemp("run") / "registration.lock"
    first, second = SlowClient(), SlowClient()
    holder = registration.ElectedRegistration(Registration(_Counting(first), lambda: ME), lock=lock)
    holder.start()
    until(lambda: first.asked == 1)
    waiting = registration.ElectedRegistration(Registration(_Counting(second), lambda: ME), lock=lock)
    waiting.start()
    waiting.stop()
    holder.stop()
    assert second.asked == 0


class _Counting(RegistryClient):
    """Counts every call in another client."""

    def __init__(self, counted: SlowClient) -> None:
        super().__init__([])
        self._counted = counted

    def register(self, instance: Instance) -> None:
        """Counted."""
        self._counted.asked += 1

    def cancel(self, instance: Instance) -> None:
        """Counted."""
        self._counted.asked += 1
