"""Every process is scraped, once, at the port where its pod has the exporter, under the labels that alarms go by."""

from collections import Counter
from typing import Any

from desktop.services import SERVICES
from tests.support.kubernetes.chart import Manifest, of_kind, pods, render
from tests.unit.monitoring.alarms import PROCESSES

MANIFESTS = "values-hyperscale.yaml"
EXPORTER = 9464


def _monitors() -> list[Manifest]:
    return of_kind(render(MANIFESTS), "ServiceMonitor", "PodMonitor")


def _endpoint(monitor: Manifest) -> dict[str, Any]:
    (one,) = monitor["spec"].get("endpoints") or monitor["spec"]["podMetricsEndpoints"]
    assert isinstance(one, dict)
    return one


def _labelled(monitor: Manifest) -> tuple[str, str]:
    """The service and process that it puts on what it scrapes."""
    labels = {one["targetLabel"]: one["replacement"] for one in _endpoint(monitor)["relabelings"]}
    return labels["service"], labels["process"]


def _selects(monitor: Manifest, labels: dict[str, str]) -> bool:
    return bool(monitor["spec"]["selector"]["matchLabels"].items() <= labels.items())


def test_every_process_is_scraped_once() -> None:
    wanted = {(service.name, process) for service in SERVICES for process in service.processes}
    assert Counter(map(_labelled, _monitors())) == Counter(wanted)
    assert wanted == set(PROCESSES)


def test_what_has_a_service_is_scraped_by_it() -> None:
    services = [one["metadata"]["labels"] for one in of_kind(render(MANIFESTS), "Service")]
    for monitor in _monitors():
        behind = [labels for labels in services if _selects(monitor, labels)]
        assert len(behind) == (monitor["kind"] == "ServiceMonitor"), _labelled(monitor)


def test_the_port_is_one_of_the_pods() -> None:
    templates = {name: pod for name, pod in pods(render(MANIFESTS)) if name.startswith("Deployment/")}
    for monitor in _monitors():
        service, process = _labelled(monitor)
        pod = templates[f"Deployment/net-{service}-{process}"]
        assert _selects(monitor, pod["metadata"]["labels"])
        (container,) = pod["spec"]["containers"]
        port = _endpoint(monitor).get("targetPort") or _endpoint(monitor)["port"]
        ports = {one["name"]: one["containerPort"] for one in container["ports"]}
        environment = {one["name"]: one.get("value") for one in container["env"]}
        if process == "web" and service != "gateway":
            assert ports[port] != EXPORTER
        else:
            assert (ports[port], environment["METRICS_PORT"]) == (EXPORTER, str(EXPORTER))
