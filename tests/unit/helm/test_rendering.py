"""What the chart renders is what Kubernetes takes: helm's linter, Kubernetes' own schemas, strict values."""

import json
from typing import Any

import kubernetes_validate
import pytest
import yaml

from desktop.bootstrap import BASE
from tests.support import markdown
from tests.support.kubernetes import binaries, tools
from tests.support.kubernetes.chart import CHART, VALUES, Manifest, named, of_kind, options, render

KUBERNETES = binaries.KUBERNETES.rpartition(".")[0]
PUBLISHED = "https://example.org/event-sourced-social-network/docs/how-to"
EXAMPLES = CHART.parent / "examples"
# Of the Prometheus operator, whose schemas come with it, not with Kubernetes.
FOREIGN = "monitoring.coreos.com/v1"
each = pytest.mark.parametrize("values", VALUES, ids=lambda name: name or "defaults")


@each
def test_helms_linter_has_nothing_to_say(values: str) -> None:
    tools.run("helm", "lint", "--strict", "--quiet", str(CHART), *options(values))


@each
@pytest.mark.parametrize("more", [(), ("--is-upgrade",)], ids=["install", "upgrade"])
def test_every_manifest_is_valid_for_kubernetes(values: str, more: tuple[str, ...]) -> None:
    manifests = render(values, *more)
    checked = [manifest for manifest in manifests if manifest["apiVersion"] != FOREIGN]
    assert len(checked) > 60
    for manifest in checked:
        kubernetes_validate.validate(manifest, KUBERNETES, strict=True)


@each
def test_no_two_manifests_have_one_name(values: str) -> None:
    names = [named(manifest) for manifest in render(values)]
    assert sorted(names) == sorted(set(names))
    assert [name for name in names if len(name.partition("/")[2]) > 63] == []


def test_the_examples_make_what_the_values_name() -> None:
    found = [
        document
        for path in (EXAMPLES / "kafka.yaml", EXAMPLES / "postgresql.yaml")
        for document in yaml.safe_load_all(path.read_text())
    ]
    assert all({"apiVersion", "kind", "metadata"} <= set(document) for document in found)
    by_kind = {document["kind"]: document for document in found}
    config = by_kind["Kafka"]["spec"]["kafka"]["config"]
    assert (by_kind["KafkaNodePool"]["spec"]["replicas"], config["min.insync.replicas"]) == (3, 2)
    names = {f"{document['metadata']['name']}-app" for document in found if document["kind"] == "Cluster"}
    defaults = yaml.safe_load((CHART / "values.yaml").read_text())
    assert names == {database["existingSecret"] for database in defaults["databases"].values()}
    assert yaml.safe_load((EXAMPLES / "neo4j-values.yaml").read_text())["podSpec"]["labels"] == {"app": "graph"}


@pytest.mark.parametrize(
    "wrong",
    [
        "services.users.web.replica=2",
        "services.users.web.replicas=none",
        "image.tag=latest",
        "engines.kafka.image=docker.io/apache/kafka",
        "discovery=consul",
        "kafka.partitions=0",
        "environment.lower=x",
        "databases.users.existingSecret=",
        "ingress.hosts=x",
        "authentication.enabled=true",
        "authentication.jwksUrl=ftp://x",
        "clients.rateLimit=600",
    ],
)
def test_a_value_that_means_nothing_is_refused(wrong: str) -> None:
    with pytest.raises(tools.Refused, match=wrong.partition("=")[0].partition(".")[0]):
        tools.run("helm", "template", "net", str(CHART), "--set", wrong)


def _all_closed(schema: Any) -> bool:
    if isinstance(schema, list):
        return all(_all_closed(part) for part in schema)
    if not isinstance(schema, dict):
        return True
    return ("properties" not in schema or "additionalProperties" in schema) and all(map(_all_closed, schema.values()))


def test_the_schema_leaves_no_object_open_by_accident() -> None:
    assert _all_closed(json.loads((CHART / "values.schema.json").read_text()))


def _dashboards(manifests: list[Manifest]) -> set[str]:
    return {key for manifest in manifests for key in manifest["data"]}


def test_every_dashboard_is_given_to_grafana() -> None:
    found = of_kind(render("values-hyperscale.yaml"), "ConfigMap")
    assert all(manifest["metadata"]["labels"]["grafana_dashboard"] == "1" for manifest in found)
    assert _dashboards(found) == {path.name for path in (CHART / "dashboards").glob("*.json")}


def test_every_rule_links_to_a_runbook_that_is_there() -> None:
    (rules,) = of_kind(render("values-hyperscale.yaml"), "PrometheusRule")
    alerts = [rule for group in rules["spec"]["groups"] for rule in group["rules"] if "alert" in rule]
    assert alerts
    for alert in alerts:
        page, _, heading = alert["annotations"]["runbook_url"].removeprefix(f"{PUBLISHED}/").partition("#")
        text = (BASE / "docs" / "how-to" / page).read_text("utf-8")
        assert not heading or heading in markdown.anchors(text), alert
