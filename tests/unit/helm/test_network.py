"""Who may speak to whom, worked out from the policies as a cluster would: a table of all that is allowed."""

from collections.abc import Iterator

import pytest

from tests.support.kubernetes.chart import VALUES, Manifest, of_kind, pods, render

Labels = dict[str, str]
NAME, COMPONENT = "app.kubernetes.io/name", "app.kubernetes.io/component"
USERS, FRIENDS, RECOMMENDATIONS, REGISTRY, GATEWAY = "users", "friends", "recommendations", "registry", "gateway"
WEB = {USERS: 8120, FRIENDS: 8100, RECOMMENDATIONS: 8110, REGISTRY: 8761, GATEWAY: 9000}
PROCESSES = {
    REGISTRY: ["web", "migrate"],
    USERS: ["web", "relay", "migrate", "topics"],
    FRIENDS: ["web", "relay", "consume", "migrate", "topics"],
    RECOMMENDATIONS: ["web", "consume", "project", "migrate"],
}
ALLOWED = {
    *((f"{GATEWAY}/web", f"{name}/web", WEB[name]) for name in (USERS, FRIENDS, RECOMMENDATIONS, REGISTRY)),
    *((f"{name}/web", f"{REGISTRY}/web", WEB[REGISTRY]) for name in (USERS, FRIENDS, RECOMMENDATIONS)),
    (f"{FRIENDS}/web", f"{USERS}/web", WEB[USERS]),
    ("test/health", f"{GATEWAY}/web", WEB[GATEWAY]),
    *((f"{name}/{process}", f"{name}/postgresql", 5432) for name, those in PROCESSES.items() for process in those),
    *((f"{USERS}/{process}", "kafka/kafka", 9092) for process in ("relay", "topics")),
    *((f"{FRIENDS}/{process}", "kafka/kafka", 9092) for process in ("relay", "consume", "topics")),
    (f"{RECOMMENDATIONS}/consume", "kafka/kafka", 9092),
    *((f"{RECOMMENDATIONS}/{process}", "neo4j/neo4j", 7687) for process in ("web", "project")),
}


def _matches(selector: Manifest, labels: Labels) -> bool:
    assert set(selector) <= {"matchLabels"}
    return all(labels.get(name) == value for name, value in selector.get("matchLabels", {}).items())


def _rules(policies: list[Manifest], direction: str, labels: Labels) -> Iterator[Manifest]:
    for policy in policies:
        if _matches(policy["spec"]["podSelector"], labels) and direction in policy["spec"]["policyTypes"]:
            yield from policy["spec"].get(direction.lower()) or ()


def _lets(rules: Iterator[Manifest], peer: Labels, port: int, key: str) -> bool:
    for rule in rules:
        ports = [entry["port"] for entry in rule.get("ports", ())]
        peers = rule.get(key)
        reached = not peers or any(
            "namespaceSelector" not in one and _matches(one["podSelector"], peer) for one in peers
        )
        if reached and port in ports:
            return True
    return False


def _flows(values: str) -> set[tuple[str, str, int]]:
    manifests = render(values)
    policies = of_kind(manifests, "NetworkPolicy")
    labels = {
        f"{one[NAME]}/{one[COMPONENT]}": one for one in (pod["metadata"]["labels"] for _, pod in pods(manifests))
    }
    ports = {*WEB.values(), 5432, 9092, 9093, 7687, 7474}
    return {
        (source, target, port)
        for source in labels
        for target in labels
        for port in ports
        if source != target
        and _lets(_rules(policies, "Egress", labels[source]), labels[target], port, "to")
        and _lets(_rules(policies, "Ingress", labels[target]), labels[source], port, "from")
    }


def test_in_a_whole_system_exactly_these_flows_are_allowed() -> None:
    assert _flows("values-desktop.yaml") == ALLOWED


@pytest.mark.parametrize("values", VALUES)
def test_every_pod_is_under_the_policy_that_denies_everything(values: str) -> None:
    manifests = render(values)
    (deny,) = [one for one in of_kind(manifests, "NetworkPolicy") if one["metadata"]["name"].endswith("default-deny")]
    assert deny["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert not {"ingress", "egress"} & set(deny["spec"])
    for name, pod in pods(manifests):
        assert _matches(deny["spec"]["podSelector"], pod["metadata"]["labels"]), name


def test_names_are_the_only_thing_that_everybody_may_ask_for() -> None:
    (dns,) = [one for one in of_kind(render(), "NetworkPolicy") if one["metadata"]["name"].endswith("-dns")]
    (rule,) = dns["spec"]["egress"]
    assert {entry["port"] for entry in rule["ports"]} == {53}
    assert rule["to"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}]
