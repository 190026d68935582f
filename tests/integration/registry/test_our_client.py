"""The client of our services against the real process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db.models import F

from registry.models import Lease
from service.eureka import Instance, RegistryClient, RegistryError
from service.registration import Directory, ElectedRegistration, Registration
from tests.integration.registry.leases import pass_time
from tests.integration.registry.process import BASE, NO_DATABASE, free_port, running
from tests.support.client import Client
from tests.support.waiting import until

ME = Instance(
    app="USER-SERVICE", instance_id="127.0.0.1:users:8120", host="127.0.0.1", port=8120, metadata={"zone": "a"}
)


def test_it_registers_renews_finds_and_leaves(registry: str) -> None:
    client = RegistryClient([registry])
    assert not client.renew(ME)
    client.register(ME)
    assert client.renew(ME)
    (found,) = client.fetch().instances["USER-SERVICE"]
    assert (found.base_url, found.status) == (ME.base_url, "UP")
    lease = Lease.objects.get()
    assert (lease.lease_seconds, lease.vip) == (15, "user-service")
    assert lease.document["metadata"] == {"zone": "a"}
    client.cancel(ME)
    client.cancel(ME)
    assert client.fetch().instances == {}


def test_a_registration_outlives_a_registry_that_forgets(registry: str, tmp_path: Path) -> None:
    instance = Instance(app="A", instance_id="a", host="127.0.0.1", port=1024, lease_seconds=1)
    kept = ElectedRegistration(Registration(RegistryClient([registry]), lambda: instance), lock=tmp_path / "lock")
    kept.start()
    until(lambda: Lease.objects.count() == 1)
    first = Lease.objects.get()
    until(lambda: Lease.objects.filter(renewed_at__gt=first.renewed_at).exists())
    Lease.objects.all().delete()
    until(lambda: Lease.objects.count() == 1)
    kept.stop()
    assert Lease.objects.count() == 0


def test_a_directory_finds_only_who_is_up_and_whose_lease_lasts(registry: str) -> None:
    client = RegistryClient([registry])
    other = Instance(app="USER-SERVICE", instance_id="other", host="127.0.0.1", port=8121)
    for instance in (ME, other):
        client.register(instance)
    Client(registry).request("PUT", f"/eureka/apps/USER-SERVICE/{other.instance_id}/status?value=OUT_OF_SERVICE")
    assert {Directory("USER-SERVICE", client).pick() for _ in range(10)} == {ME.base_url}
    pass_time(60)
    assert Directory("USER-SERVICE", client).pick() is None


def test_a_registry_without_its_database_says_so_and_the_next_one_is_asked(
    registry: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with running(tmp_path, NO_DATABASE) as broken:
        for path in ("/eureka/apps", "/eureka/apps/delta", "/eureka/apps/A", "/eureka/apps/A/a", "/eureka/vips/a"):
            answer = Client(broken).get(path, {"Accept": "application/json"})
            assert (answer.status, answer.content_type) == (503, "application/problem+json")
            assert answer.headers["Retry-After"]
        assert Client(broken).get("/actuator/health").json() == {"status": "DOWN"}
        page = Client(broken).get("/")
        assert (page.status, b"does not answer" in page.body) == (503, True)
        with pytest.raises(RegistryError, match="503"):
            RegistryClient([broken]).renew(ME)
        both = RegistryClient([broken, registry])
        both.register(ME)
        assert both.renew(ME)
    assert Lease.objects.filter(renewed_at__gte=F("registered_at")).count() == 1


def test_an_instance_that_drains_is_chosen_no_more_though_its_lease_goes_on(registry: str) -> None:
    port = free_port()
    own = {
        "DJANGO_SETTINGS_MODULE": "users.settings",
        "REGISTRY_URL": registry,
        "HOST": "127.0.0.1",
        "PORT": str(port),
    }
    instance = Instance(app="USER-SERVICE", instance_id=f"127.0.0.1:users:{port}", host="127.0.0.1", port=port)
    client = RegistryClient([registry])
    client.register(instance)
    assert Directory("USER-SERVICE", client).pick() == instance.base_url
    subprocess.run([sys.executable, "-m", "service.drain", "0"], cwd=BASE, env=os.environ | own, check=True)
    assert Directory("USER-SERVICE", client).pick() is None
    assert client.renew(instance)
    assert Directory("USER-SERVICE", client).pick() is None


def test_a_registry_that_is_away_does_not_hold_up_a_drain() -> None:
    own = {"DJANGO_SETTINGS_MODULE": "users.settings", "REGISTRY_URL": f"http://127.0.0.1:{free_port()}"}
    subprocess.run([sys.executable, "-m", "service.drain", "0"], cwd=BASE, env=os.environ | own, check=True)
