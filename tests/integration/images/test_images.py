"""Every image is built from the Dockerfile and runs its service on the engines of this run: as nobody in particular,
on a root that refuses writes. What stands in for the official base and for an engine: tests/support/images."""

import os
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from desktop import databases
from desktop.engines.ports import choose
from desktop.health import get
from desktop.services import SERVICES, Service
from tests.support.images import buildah
from tests.support.images.container import Container
from tests.support.waiting import eventually

MEGABYTE = 1_000_000
LARGEST = 200 * MEGABYTE
BY_NAME = {service.name: service for service in SERVICES}


@pytest.fixture(scope="session")
def images(everything: bool) -> None:
    """All five, built now. Skipped, with the reason, where that cannot be."""
    if not everything:
        pytest.skip("building images takes minutes: make test-all")
    if os.environ.get("TEST_ENGINES") == "light":
        pytest.skip("images are tried once, on the full engines")
    if missing := buildah.missing():
        pytest.skip(missing)
    buildah.make_stand_in()
    for service in BY_NAME:
        buildah.build(service)


@pytest.fixture(scope="session")
def prefix() -> str:
    """Of names on engines that are shared with other tests."""
    return f"images_{uuid.uuid4().hex[:8]}"


class Place:
    """Where one image is unpacked, and how its containers are started."""

    def __init__(self, service: Service, root: Path, folder: Path, prefix: str, ports: dict[str, int]) -> None:
        self.service, self._root, self._folder, self._prefix, self._ports = service, root, folder, prefix, ports
        self.config: dict[str, Any] = buildah.inspect(service.name)
        self.url = f"http://127.0.0.1:{ports[service.name]}"

    def start(self, name: str, *words: str) -> Container:
        """A container; without words the image's own command."""
        given = {"PORT": str(self._ports[self.service.name]), "SECRET_KEY": "x" * 50, "HOST": "127.0.0.1"}
        given["REGISTRY_URL"] = (
            "" if self.service.name == "registry" else f"http://127.0.0.1:{self._ports['registry']}"
        )
        if self.service.database:
            given["DATABASE_URL"] = databases.named(os.environ["DATABASE_URL"], f"{self._prefix}_{self.service.name}")
            databases.ensure(given["DATABASE_URL"])
        given["TOPIC_PREFIX"] = f"{self._prefix}-"
        given |= {name: os.environ[name] for name in ("KAFKA_BOOTSTRAP_SERVERS", "NEO4J_BOLT_URL")}
        return Container(self._root, self.config, self._folder / name, words or self.config["Cmd"], **given)


@pytest.fixture(scope="session")
def places(images: None, prefix: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Place]]:
    """All images unpacked, and their databases migrated by their own command."""
    folder = tmp_path_factory.mktemp("images")
    ports = {name: choose() for name in BY_NAME}
    with ExitStack() as stack:
        found = {
            name: Place(service, stack.enter_context(buildah.root_of(name)), folder, prefix, ports)
            for name, service in BY_NAME.items()
        }
        for name, place in found.items():
            if place.service.database:
                command = ("python", "manage.py", name, "migrate", "--noinput")
                with place.start(f"{name}-migrate", *command) as migrating:
                    assert migrating.wait() == 0, migrating.log.read_text()
        yield found


@pytest.fixture(scope="session")
def running(places: dict[str, Place]) -> Iterator[dict[str, Container]]:
    """One container for each service, all of them up."""
    with ExitStack() as stack:
        found = {name: stack.enter_context(place.start(name)) for name, place in places.items()}
        for name, place in places.items():

            def check(url: str = f"{place.url}/actuator/health", log: Path = found[name].log) -> None:
                assert get(url) == (200, b'{"status":"UP"}'), log.read_text()

            eventually(check, within=90)
        yield found


each = pytest.mark.parametrize("name", BY_NAME)


@each
def test_its_health_check_is_answered(running: dict[str, Container], places: dict[str, Place], name: str) -> None:
    kind, *command = places[name].config["Healthcheck"]["Test"]
    assert kind == "CMD"
    answer = running[name].execute(*command)
    assert answer.returncode == 0, answer.stderr


@each
def test_it_is_nobody_in_particular_and_may_nothing(running: dict[str, Container], name: str) -> None:
    first = running[name].first
    for process in (first, *first.children(recursive=True)):
        assert set(process.uids()) == {10001}
        assert set(process.gids()) == {10001}
        status = Path(f"/proc/{process.pid}/status").read_text()
        assert "CapEff:\t0000000000000000" in status
        assert "NoNewPrivs:\t1" in status


@each
def test_its_root_refuses_writes_and_what_is_in_memory_takes_them(running: dict[str, Container], name: str) -> None:
    write = "import sys; open(sys.argv[1], 'w').write('x')"
    for folder in ("/app", "/opt/venv", "/usr/local", "/var/lib"):
        refused = running[name].execute("python", "-c", write, f"{folder}/written")
        assert "Read-only file system" in refused.stderr, folder
    for folder in ("/tmp", "/run/social-network"):  # noqa: S108 -- the container's
        assert running[name].execute("python", "-c", write, f"{folder}/written").returncode == 0


@each
def test_it_has_nothing_that_builds_and_no_other_service(running: dict[str, Container], name: str) -> None:
    tools = ("gcc", "cc", "make", "git", "curl")
    look = f"import shutil, os; print([t for t in {tools} if shutil.which(t)], os.listdir('/app'))"
    found = running[name].execute("python", "-c", look).stdout
    assert found.startswith("[] ")
    assert [other for other in BY_NAME if other != name and f"'{other}'" in found] == []
    assert running[name].execute("python", "-c", "import pip").returncode == 1


@each
def test_psycopg2_is_built_against_the_systems_libpq(running: dict[str, Container], name: str) -> None:
    code = "import psycopg2; print([line for line in open('/proc/self/maps') if 'libpq' in line][0].split()[-1])"
    assert running[name].execute("python", "-c", code).stdout.startswith("/usr/lib/")


@each
def test_it_is_small_and_says_what_it_is(places: dict[str, Place], name: str) -> None:
    size = buildah.compressed_size(name)
    print(f"{name}: {size / MEGABYTE:.0f} MB compressed")  # noqa: T201 -- for whoever asks with -s
    assert size < LARGEST
    labels = places[name].config["Labels"]
    wanted = {"title", "version", "revision", "source", "licenses"}
    assert {f"org.opencontainers.image.{label}" for label in wanted} <= set(labels)


@pytest.mark.parametrize("name", [f"{service.name}-{worker}" for service in SERVICES for worker in service.workers])
def test_its_other_processes_run_and_end_in_order(
    running: dict[str, Container], places: dict[str, Place], name: str
) -> None:
    service, _, process = name.partition("-")
    if service != "recommendations":
        with places[service].start(f"{service}-topics", "python", "manage.py", service, "topics") as topics:
            assert topics.wait() == 0, topics.log.read_text()
    with places[service].start(name, "python", "manage.py", service, process) as container:

        def check() -> None:
            answer = container.execute("python", "-m", "service.alive", process, "15")
            assert answer.returncode == 0, answer.stderr + container.log.read_text()

        eventually(check, within=90)
        assert container.stop() == 0


def test_told_to_end_each_ends_in_order(running: dict[str, Container]) -> None:
    codes = {name: container.stop() for name, container in reversed(running.items())}
    assert set(codes.values()) == {0}, codes
