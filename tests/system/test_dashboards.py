"""Every panel of every dashboard has something to show under load, and no alarm cries meanwhile."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from desktop.bootstrap import BASE
from desktop.supervisor import System
from tests.support import prometheus, promql
from tests.support.metrics import scrape
from tests.support.network import Network
from tests.support.scraping import Prometheus, scraping_it
from tests.support.waiting import eventually
from tests.system.test_simulation import simulation

CHART = BASE / "helm" / "social-network"
RULES = CHART / "rules" / "alerts.yaml"
# Not of this system: Prometheus' own, the kubelet's, a node exporter's.
FOREIGN = ("up", "kubelet_", "node_")


def _queries() -> dict[str, str]:
    """Every query of every dashboard, by dashboard, panel and number."""
    return {
        f"{file.stem}: {panel['title']} {target['refId']}": target["expr"]
        for file in sorted((CHART / "dashboards").glob("*.json"))
        for panel in json.loads(file.read_text("utf-8"))["panels"]
        for target in panel.get("targets", ())
    }


def _rules() -> list[str]:
    return [rule["expr"] for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def _use(network: Network) -> None:
    """Something of everything that people do."""
    one, two, three = network.people(3)
    network.befriend_all([(one, two), (two, three)])
    network.until_recommended(one, [(three, 1)])
    network.rename(one, "Once", "Renamed")
    network.unfriend(one, two)
    network.delete(three)


def _verify(system: System) -> None:
    command = [sys.executable, "manage.py", "users", "verify"]
    environment = system.processes["users-relay"].environment
    subprocess.run(command, cwd=BASE, env=environment, check=True, capture_output=True)


@contextmanager
def _loaded(system: System, report: Path) -> Iterator[None]:
    """`make load` goes on until the block ends."""
    process = simulation(system, report, "--users", "600", "--ties", "20000")
    try:
        yield
        assert process.poll() is None, "the load ended by itself"
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


def test_every_metric_that_is_drawn_or_alarmed_on_is_exported(system: System, network: Network) -> None:
    named = {name for query in [*_queries().values(), *_rules()] for name in promql.metrics(query)}
    wanted = {name for name in named if not name.startswith(FOREIGN)}
    assert len(wanted) > 50
    _use(network)
    _verify(system)

    def told() -> None:
        exported = {one.name for address in system.metrics.values() for one in scrape(address).series}
        assert wanted - exported == set()

    eventually(told)


def test_every_query_answers_under_load(everything: bool, system: System, network: Network, tmp_path: Path) -> None:
    if not everything:
        pytest.skip("make test-all has a real Prometheus scrape the system for a minute")
    _use(network)
    _verify(system)
    try:
        with scraping_it(system, tmp_path, rules=RULES) as one, _loaded(system, tmp_path / "load.html"):
            eventually(lambda: _all_answer(one), within=60, every=2)
            assert one.firing() == set()
    except prometheus.Unavailable as error:
        pytest.skip(str(error))


def _all_answer(one: Prometheus) -> None:
    silent = [name for name, query in _queries().items() if not one.query(promql.chosen(query))]
    assert silent == []
