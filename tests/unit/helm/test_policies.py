"""What must hold for every pod of every values file: our own policies, stricter than Pod Security 'restricted'."""

import re
from typing import Any

import pytest

from tests.support.kubernetes.chart import RELEASE, VALUES, Manifest, containers, named, of_kind, ours, pods, render

PODS = [
    pytest.param(pod, id=f"{values or 'defaults'}-{name}")
    for values in VALUES
    for more in ((), ("--is-upgrade",))
    for name, pod in pods(render(values, *more))
]
# Their entry points write settings beside the program; there is no engine here to find folders for all of it.
WRITABLE = {"kafka", "neo4j"}
each_pod = pytest.mark.parametrize("pod", PODS)


@each_pod
def test_a_pod_is_nobody_in_particular_and_may_nothing(pod: Manifest) -> None:
    spec, security = pod["spec"], pod["spec"]["securityContext"]
    assert security["runAsNonRoot"] is True
    assert security["runAsUser"] > 0
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    assert spec["enableServiceLinks"] is False
    assert spec["serviceAccountName"] not in {"", "default"}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)
    assert all(set(volume) - {"name"} <= {"emptyDir", "secret", "configMap"} for volume in spec.get("volumes", ()))


@each_pod
def test_a_container_cannot_gain_rights_nor_write_its_root(pod: Manifest) -> None:
    for container in containers(pod):
        security = container["securityContext"]
        assert security["allowPrivilegeEscalation"] is False
        assert security["capabilities"] == {"drop": ["ALL"]}
        assert security["readOnlyRootFilesystem"] is (container["name"] not in WRITABLE)


@each_pod
def test_a_container_says_what_it_needs_and_has_an_image_by_its_version(pod: Manifest) -> None:
    for container in containers(pod):
        assert set(container["resources"]["limits"]) == {"cpu", "memory"}
        assert set(container["resources"]["requests"]) == {"cpu", "memory"}
        assert re.fullmatch(r"[^:]+:\d[\w.-]*", container["image"]), container["image"]


@each_pod
def test_what_has_a_password_has_it_from_a_secret(pod: Manifest) -> None:
    for container in containers(pod):
        for variable in container.get("env", ()):
            secret = re.search(
                r"PASSWORD|SECRET|REGISTRY_KEY|INTERNAL_KEYS|DATABASE|NEO4J_(BOLT_URL|AUTH)", variable["name"]
            )
            assert bool(secret) == ("secretKeyRef" in variable.get("valueFrom", {})), variable["name"]


@pytest.mark.parametrize("values", VALUES)
def test_every_long_running_container_has_three_probes_that_ask_three_things(values: str) -> None:
    for manifest in of_kind(render(values), "Deployment", "StatefulSet"):
        for container in manifest["spec"]["template"]["spec"]["containers"]:
            probes = [container[f"{kind}Probe"] for kind in ("startup", "readiness", "liveness")]
            if ours(container):
                asked = [str(probe.get("httpGet") or probe["exec"]) for probe in probes]
                assert asked[1] != asked[2], named(manifest)
            assert all("sh" not in probe.get("exec", {}).get("command", ()) for probe in probes)
            startup, _, liveness = probes
            assert startup["failureThreshold"] * startup["periodSeconds"] >= 120
            assert liveness["failureThreshold"] * liveness["periodSeconds"] >= 60


@pytest.mark.parametrize("values", VALUES)
def test_an_upgrade_takes_nothing_away_before_the_new_is_ready(values: str) -> None:
    from service import gunicorn

    for manifest in of_kind(render(values), "Deployment"):
        rolling = manifest["spec"]["strategy"]["rollingUpdate"]
        assert rolling == {"maxUnavailable": 0, "maxSurge": 1}
        spec = manifest["spec"]["template"]["spec"]
        (container,) = spec["containers"]
        drain = container.get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command", [])
        assert bool(drain) == (container["name"] == "web")
        seconds = float(drain[-1]) if drain else 0.0
        assert spec["terminationGracePeriodSeconds"] > seconds + gunicorn.graceful_timeout + 5


@pytest.mark.parametrize("values", VALUES)
def test_every_deployment_has_a_disruption_budget_and_is_spread(values: str) -> None:
    manifests = render(values)
    budgets = {budget["metadata"]["name"]: budget["spec"] for budget in of_kind(manifests, "PodDisruptionBudget")}
    for manifest in of_kind(manifests, "Deployment"):
        budget = budgets.pop(manifest["metadata"]["name"])
        assert budget["selector"] == manifest["spec"]["selector"]
        assert budget["maxUnavailable"] == 1
        spread = manifest["spec"]["template"]["spec"]["topologySpreadConstraints"]
        assert {one["topologyKey"] for one in spread} == {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}
    assert budgets == {}


@pytest.mark.parametrize("values", VALUES)
def test_an_autoscaler_and_a_number_of_replicas_exclude_each_other(values: str) -> None:
    manifests = render(values)
    scaled = {one["spec"]["scaleTargetRef"]["name"] for one in of_kind(manifests, "HorizontalPodAutoscaler")}
    deployments = of_kind(manifests, "Deployment")
    assert scaled <= {one["metadata"]["name"] for one in deployments}
    for manifest in deployments:
        assert ("replicas" in manifest["spec"]) != (manifest["metadata"]["name"] in scaled)


def test_consumers_are_never_more_than_partitions() -> None:
    import yaml

    from tests.support.kubernetes.chart import CHART

    partitions = yaml.safe_load((CHART / "values-hyperscale.yaml").read_text())["kafka"]["partitions"]
    for scaler in of_kind(render("values-hyperscale.yaml"), "HorizontalPodAutoscaler"):
        if "consume" in scaler["metadata"]["name"]:
            assert scaler["spec"]["maxReplicas"] <= partitions


def _variables(values: str, *more: str) -> dict[str, dict[str, Any]]:
    """Of each Deployment."""
    return {
        manifest["metadata"]["name"]: {one["name"]: one for one in container["env"]}
        for manifest in of_kind(render(values, *more), "Deployment")
        for container in manifest["spec"]["template"]["spec"]["containers"]
    }


SIGNING = {f"{RELEASE}-{name}-web" for name in ("gateway", "users", "friends", "recommendations")}


def test_on_many_nodes_clients_say_who_they_are_and_services_believe_the_gateway_only() -> None:
    found = _variables("values-hyperscale.yaml")
    gateway = found[f"{RELEASE}-gateway-web"]
    for name in ("GATEWAY_JWKS_URL", "GATEWAY_JWT_ISSUER", "GATEWAY_JWT_AUDIENCE", "GATEWAY_RATE_LIMIT"):
        assert gateway[name]["value"], name
    assert gateway["GATEWAY_JWKS_URL"]["value"].startswith("https://")
    assert {name for name, variables in found.items() if "INTERNAL_KEYS" in variables} == SIGNING
    sources = {str(found[name]["INTERNAL_KEYS"]["valueFrom"]) for name in SIGNING}
    assert len(sources) == 1, "all of them share one key"


def test_the_gateway_reaches_the_issuer() -> None:
    (policy,) = [
        one
        for one in of_kind(render("values-hyperscale.yaml"), "NetworkPolicy")
        if one["metadata"]["name"] == f"{RELEASE}-gateway-web"
    ]
    assert {"ports": [{"port": 443}], "to": []} in policy["spec"]["egress"]


@pytest.mark.parametrize("values", ["", "values-desktop.yaml"])
def test_elsewhere_nobody_has_to(values: str) -> None:
    for variables in _variables(values).values():
        assert not {"GATEWAY_JWKS_URL", "INTERNAL_KEYS", "GATEWAY_RATE_LIMIT"} & set(variables)


def test_a_key_of_ones_own_takes_the_place_of_the_charts() -> None:
    own = ("--set", "internalKeys.existingSecret=ours")
    for name in SIGNING:
        source = _variables("values-hyperscale.yaml", *own)[name]["INTERNAL_KEYS"]["valueFrom"]
        assert source == {"secretKeyRef": {"name": "ours", "key": "INTERNAL_KEYS"}}
    made = [one["metadata"]["name"] for one in of_kind(render("values-hyperscale.yaml", *own), "Secret")]
    assert f"{RELEASE}-internal" not in made
