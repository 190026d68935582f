"""The dashboards: written as their source says, in Grafana's JSON, of metrics and labels that are declared."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from docs import generate
from helm import dashboards
from service import metrics
from tests.support import prometheus, promql
from tests.unit.monitoring.test_alerts import ALERTS, BY_NAME

FILES = sorted(dashboards.FOLDER.glob("*.json"))
each = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
# Of targets, not of metrics; `le` is of every histogram.
OF_TARGETS = {"service", "process", "instance", "job", "le"}
FOREIGN = {
    "up": OF_TARGETS,
    "kubelet_volume_stats_available_bytes": {"persistentvolumeclaim"},
    "node_filesystem_avail_bytes": {"fstype"},
}


def read(file: Path) -> dict[str, Any]:
    """A dashboard as it is committed."""
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return found


def panels(file: Path) -> list[dict[str, Any]]:
    """Its panels, without the headings of rows."""
    return [panel for panel in read(file)["panels"] if panel["type"] != "row"]


def queries(file: Path) -> list[str]:
    """Every query of a dashboard."""
    return [target["expr"] for panel in panels(file) for target in panel["targets"]]


@pytest.fixture(scope="module")
def declared() -> dict[str, set[str]]:
    """The labels of every series that the system declares, by name."""
    generate.load_metrics()
    found: dict[str, set[str]] = {}
    for one in metrics.all_declared():
        suffixes = ("_bucket", "_sum", "_count") if one.kind == "histogram" else ("",)
        found |= {one.name + suffix: set(one.labels) for suffix in suffixes}
    return found


def test_what_is_committed_is_what_the_source_makes() -> None:
    made = dashboards.files()
    assert set(made) == set(FILES)
    for path, text in made.items():
        assert path.read_text("utf-8") == text, "./manage.py python docs/generate.py writes it anew"


@each
def test_every_query_names_what_is_declared(file: Path, declared: dict[str, set[str]]) -> None:
    assert queries(file)
    for query in queries(file):
        _is_declared(query, declared)


@pytest.mark.parametrize("name", BY_NAME)
def test_every_alarm_names_what_is_declared(name: str, declared: dict[str, set[str]]) -> None:
    _is_declared(BY_NAME[name]["expr"], declared | FOREIGN)


def _is_declared(query: str, declared: dict[str, set[str]]) -> None:
    named = promql.metrics(query)
    assert named, query
    assert named - declared.keys() == set(), query
    known = set().union(*(declared[name] for name in named)) | OF_TARGETS
    assert promql.labels(query) - known == set(), query


@pytest.mark.usefixtures("promtool")
@each
def test_prometheus_understands_every_query(file: Path, tmp_path: Path) -> None:
    rules = [{"record": f"query:{n}", "expr": promql.chosen(query)} for n, query in enumerate(queries(file))]
    written = tmp_path / "queries.yaml"
    written.write_text(yaml.safe_dump({"groups": [{"name": file.stem, "rules": rules}]}))
    prometheus.promtool("check", "rules", written)


@each
def test_panels_lie_side_by_side(file: Path) -> None:
    taken = Counter(
        (column, line)
        for panel in read(file)["panels"]
        for place in (panel["gridPos"],)
        for column in range(place["x"], place["x"] + place["w"])
        for line in range(place["y"], place["y"] + place["h"])
    )
    assert taken.most_common(1)[0][1] == 1
    assert max(column for column, _ in taken) < 24


@each
def test_every_panel_says_what_it_means(file: Path) -> None:
    for panel in panels(file):
        assert panel["title"]
        assert panel["description"].endswith("."), panel["title"]
        for word in panel["description"].rstrip(".").partition("Alarm")[2].replace(",", "").split()[1:]:
            assert word in BY_NAME, panel["title"]


@each
def test_a_link_to_a_dashboard_stays(file: Path) -> None:
    assert read(file)["uid"] == f"social-{file.stem}"


def test_the_alarms_that_can_be_drawn_are() -> None:
    drawn = {query for file in FILES for query in queries(file)}
    used = {name for query in drawn for name in promql.metrics(query)}
    for alert in ALERTS:
        asked = promql.metrics(alert["expr"]) - FOREIGN.keys()
        assert asked <= used, alert["alert"]
