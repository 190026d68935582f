"""Each container's command of Compose and Helm: started with its manifest's environment, well, and ended when told.

Not seen so: what the container itself would change (its root, its user, its network); see tests/integration/images.
"""

import uuid
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.integration.containers.machine import Machine, Running
from tests.integration.containers.manifests import Start, of_compose, of_helm
from tests.support.kubernetes import tools
from tests.support.kubernetes.chart import VALUES

SOURCES = ("compose", "helm")


@pytest.fixture(scope="module", params=SOURCES)
def starts(request: pytest.FixtureRequest) -> list[Start]:
    """All containers of one source; the same command with the same variables once."""
    if request.param == "compose":
        return list(of_compose())
    try:
        return list(of_helm("values-desktop.yaml"))
    except tools.Unavailable as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def machine(starts: list[Start], tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """A folder and names of this source's own."""
    return Machine(folder=tmp_path_factory.mktemp("containers"), prefix=f"containers_{uuid.uuid4().hex[:8]}")


@pytest.fixture(scope="module")
def registry(starts: list[Start], machine: Machine) -> Iterator[Running]:
    """The registry of this source, which the others find at its port."""
    (start,) = [one for one in starts if (one.service, one.process) == ("registry", "web")]
    for step in starts:
        if (step.service, step.process) == ("registry", "migrate"):
            assert machine.run(list(step.arguments), machine.environment(step)).returncode == 0
    machine.ports[start.name] = machine.port("registry")
    running = Running(machine, start)
    with ExitStack() as stack:
        stack.callback(running.stop)
        running.well()
        yield running


def test_what_comes_before_ends_well_and_so_does_waiting_for_it(starts: list[Start], machine: Machine) -> None:
    once = sorted((one for one in starts if one.once), key=lambda one: one.process == "await-migrations")
    assert {one.process for one in once} >= {"migrate", "topics"}
    for start in once:
        answer = machine.run(list(start.arguments), machine.environment(start))
        assert answer.returncode == 0, f"{start.name}: {answer.stdout}{answer.stderr}"


def test_every_process_is_well_and_ends_in_order_when_told(
    starts: list[Start], machine: Machine, registry: Running
) -> None:
    assert registry.process.poll() is None
    others = [one for one in starts if not one.once and one.service != "registry"]
    assert len(others) == 9
    with ExitStack() as stack:
        running = [Running(machine, start) for start in others]
        for one in running:
            stack.callback(one.process.kill)
        for one in running:
            one.well()
        codes = {one.start.name: one.stop() for one in reversed(running)}
        assert set(codes.values()) == {0}, codes


def test_what_differs_for_many_nodes_are_addresses_and_numbers() -> None:
    """The desktop's values were started: the others' containers have the same commands, and no variable more but of
    logins, sizes and limits."""
    found = {values: {one.name: one for one in of_helm(values)} for values in VALUES}
    more = {"KAFKA_SECURITY_PROTOCOL", "KAFKA_SASL_MECHANISM", "KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD"}
    more |= {"KAFKA_SSL_CAFILE", "WEB_WORKERS", "INTERNAL_KEYS", "GATEWAY_RATE_LIMIT", "GATEWAY_TRUSTED_PROXIES"}
    more |= {"GATEWAY_JWKS_URL", "GATEWAY_JWT_ISSUER", "GATEWAY_JWT_AUDIENCE"}
    desktop = found["values-desktop.yaml"]
    for values in VALUES:
        assert set(found[values]) == set(desktop)
        for name, start in found[values].items():
            assert start.arguments == desktop[name].arguments
            assert set(start.environment) ^ set(desktop[name].environment) <= more, (values, name)
