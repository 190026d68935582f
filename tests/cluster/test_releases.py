"""Both values files installed, upgraded, tested and uninstalled, where Pod Security 'restricted' is enforced."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.kubernetes import tools
from tests.support.kubernetes.chart import CHART, RELEASE
from tests.support.kubernetes.cluster import ControlPlane, documents, secret, stub
from tests.support.waiting import eventually

WAIT = ("--wait", "--wait-for-jobs", "--timeout", "8m")
VALUES = ("desktop", "hyperscale")
KINDS = (
    "serviceaccounts,secrets,configmaps,services,pods,jobs,deployments,replicasets,statefulsets,ingresses,"
    "networkpolicies,poddisruptionbudgets,horizontalpodautoscalers,persistentvolumeclaims"
)
MONITORING = "monitoring.coreos.com"
# What Kubernetes itself puts into every namespace.
KUBERNETES = {"ServiceAccount/default", "ConfigMap/kube-root-ca.crt"}


def _outside(namespace: str) -> Iterator[dict[str, Any]]:
    """What operators would have made before: their kinds, and Secrets with what they know."""
    yield stub(MONITORING, "ServiceMonitor", "servicemonitors")
    yield stub(MONITORING, "PodMonitor", "podmonitors")
    yield stub(MONITORING, "PrometheusRule", "prometheusrules")
    made = [secret(f"{name}-db-app", uri="…") for name in ("registry", "users", "friends", "recommendations")]
    made += [secret("graph", uri="…"), secret("social-network", password="…"), secret("kafka-cluster-ca-cert")]
    for one in made:
        one["metadata"]["namespace"] = namespace
        yield one


def _namespace(name: str) -> dict[str, Any]:
    enforce = "pod-security.kubernetes.io/enforce"
    labels = {enforce: "restricted", f"{enforce}-version": "latest"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def _options(namespace: str) -> tuple[str, ...]:
    return ("--namespace", namespace, "--values", str(CHART / f"values-{namespace}.yaml"), *WAIT)


@pytest.fixture(scope="module", params=VALUES)
def namespace(cluster: ControlPlane, request: pytest.FixtureRequest) -> str:
    """The namespace in which a values file is installed; they have one name."""
    name = str(request.param)
    cluster.apply(_namespace(name))
    if name == "hyperscale":
        cluster.apply(*_outside(name))
    cluster.helm("install", RELEASE, str(CHART), *_options(name))
    return name


def _names(cluster: ControlPlane, namespace: str, kinds: str = KINDS) -> set[str]:
    return {f"{one['kind']}/{one['metadata']['name']}" for one in cluster.get(kinds, namespace)}


def _secrets(cluster: ControlPlane, namespace: str) -> dict[str, Any]:
    """The content of all but Helm's own records, by name."""
    found = {one["metadata"]["name"]: one.get("data") for one in cluster.get("secrets", namespace)}
    return {name: data for name, data in found.items() if not name.startswith("sh.helm.")}


def test_a_pod_that_may_too_much_is_refused_there(cluster: ControlPlane, namespace: str) -> None:
    container = {"name": "root", "image": "example/root:1"}
    metadata = {"name": "root", "namespace": namespace}
    with pytest.raises(tools.Refused, match=r'violates PodSecurity "restricted'):
        cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}})


def test_every_pod_runs_and_every_job_is_done(cluster: ControlPlane, namespace: str) -> None:
    phases = {pod["metadata"]["name"]: pod["status"]["phase"] for pod in cluster.get("pods", namespace)}
    running = [name for name, phase in phases.items() if phase == "Running"]
    assert set(phases.values()) <= {"Running", "Succeeded"}
    deployments = cluster.get("deployments", namespace)
    assert len(deployments) == 10
    for deployment in deployments:
        assert deployment["status"]["availableReplicas"] == deployment["spec"]["replicas"], deployment["metadata"]
    wanted = sum(one["spec"]["replicas"] for one in deployments + cluster.get("statefulsets", namespace))
    assert len(running) == wanted
    jobs = cluster.get("jobs", namespace)
    assert len(jobs) == 6
    assert [job["metadata"]["name"] for job in jobs if job["status"].get("succeeded") != 1] == []


def test_autoscalers_have_made_as_many_as_they_want_at_least(cluster: ControlPlane, namespace: str) -> None:
    def check() -> None:
        found = {one["metadata"]["name"]: one for one in cluster.get("deployments", namespace)}
        for scaler in cluster.get("horizontalpodautoscalers", namespace):
            target = found[scaler["spec"]["scaleTargetRef"]["name"]]
            assert target["spec"]["replicas"] >= scaler["spec"]["minReplicas"], target["metadata"]["name"]
            assert target["status"]["availableReplicas"] == target["spec"]["replicas"], target["metadata"]["name"]

    eventually(check, within=120)


@contextmanager
def _watching(cluster: ControlPlane, namespace: str, file: Path) -> Iterator[None]:
    """Every state of every Deployment goes to the file, until the block ends: none is missed, as polling would."""
    command = [str(tools.program("kubectl")), "get", "deployments", "--watch", "--output", "json"]
    environment = os.environ | {"KUBECONFIG": str(cluster.kubeconfig)}
    with file.open("wb") as output:
        process = subprocess.Popen([*command, "--namespace", namespace], env=environment, stdout=output)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def test_an_upgrade_never_goes_below_what_is_wanted(cluster: ControlPlane, namespace: str, tmp_path: Path) -> None:
    before = {one["metadata"]["name"]: one["spec"]["replicas"] for one in cluster.get("deployments", namespace)}
    passwords = _secrets(cluster, namespace)
    with _watching(cluster, namespace, tmp_path / "states"):
        cluster.helm("upgrade", RELEASE, str(CHART), *_options(namespace), "--set", "image.tag=0.1.1")
    seen = documents((tmp_path / "states").read_text())
    assert len(seen) > 5 * len(before)
    low = [
        (one["metadata"]["name"], one["status"].get("availableReplicas", 0))
        for one in seen
        if one["status"].get("availableReplicas", 0) < before[one["metadata"]["name"]]
    ]
    assert low == []
    images = {
        container["image"].rpartition(":")[2]
        for pod in cluster.get("pods", namespace)
        for container in pod["spec"]["containers"]
        if "/social-network-" in container["image"] and "deletionTimestamp" not in pod["metadata"]
    }
    assert images == {"0.1.1"}
    # Hooks that succeeded are gone, and so are the jobs of the first install; passwords are those of before.
    assert cluster.get("jobs", namespace) == []
    assert _secrets(cluster, namespace) == passwords


def test_helms_own_test_runs(cluster: ControlPlane, namespace: str) -> None:
    assert "Succeeded" in cluster.helm("test", RELEASE, "--namespace", namespace, "--timeout", "2m")


def test_uninstalling_leaves_volumes_and_their_passwords_and_nothing_else(
    cluster: ControlPlane, namespace: str
) -> None:
    volumes = _names(cluster, namespace, "persistentvolumeclaims")
    given = {f"Secret/{one['metadata']['name']}" for one in _outside(namespace) if one["kind"] == "Secret"}
    cluster.helm("uninstall", RELEASE, "--namespace", namespace, "--wait", "--timeout", "5m")
    keys = {f"Secret/{RELEASE}-{name}-key" for name in ("registry", "users", "friends", "recommendations", "gateway")}
    engines = {f"Secret/{name.removeprefix('PersistentVolumeClaim/data-').removesuffix('-0')}" for name in volumes}
    keys.add(f"Secret/{RELEASE}-registry-access")
    wanted = volumes | keys | (engines - {f"Secret/{RELEASE}-kafka"})

    def check() -> None:
        left = _names(cluster, namespace) - KUBERNETES - (given if namespace == "hyperscale" else set())
        assert left == wanted, left ^ wanted

    # What owned the pods is gone; Kubernetes collects them a moment later.
    eventually(check, within=120)
    assert len(volumes) == (6 if namespace == "desktop" else 0)


def test_what_was_left_is_found_by_the_next_release(cluster: ControlPlane, namespace: str) -> None:
    before = _secrets(cluster, namespace)
    cluster.helm("install", RELEASE, str(CHART), *_options(namespace))
    assert _secrets(cluster, namespace) == before
    text = cluster.helm("get", "notes", RELEASE, "--namespace", namespace)
    assert "delete persistentvolumeclaim,secret" in text or "delete secret" in text
    cluster.helm("uninstall", RELEASE, "--namespace", namespace, "--wait", "--timeout", "5m")


def test_what_a_watch_says_is_read_whole() -> None:
    stream = "".join(json.dumps({"number": number}, indent=1) + "\n" for number in range(3)) + '{"number": '
    assert [one["number"] for one in documents(stream)] == [0, 1, 2]
