"""The alarms, as promtool evaluates them over the numbers of a system that is well but for one thing."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from desktop.bootstrap import BASE
from tests.support import prometheus
from tests.support.kubernetes.chart import CHART
from tests.unit.monitoring.alarms import WELL, Case
from tests.unit.monitoring.cases import CASES

RULES = CHART / "rules" / "alerts.yaml"
RUNBOOKS = BASE / "docs" / "how-to" / "runbooks"
ALERTS: list[dict[str, Any]] = [
    rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]
]
BY_NAME = {rule["alert"]: rule for rule in ALERTS}
FIRING = 'count by (alertname) (ALERTS{alertstate="firing"})'


def _expected(case: Case) -> dict[str, Any]:
    rule = BY_NAME[case.fires]
    annotations = {**rule["annotations"], "summary": case.summary}
    return {"exp_labels": {**case.labels, **rule["labels"]}, "exp_annotations": annotations}


def _written(case: Case) -> dict[str, Any]:
    """The case as promtool's test: what is to fire fires, and nothing else does."""
    numbers = {**WELL, **case.changed}
    at = f"{case.minutes}m"
    samples = [{"labels": f'{{alertname="{case.fires}"}}', "value": 1}] if case.fires else []
    alerts = [{"eval_time": at, "alertname": case.fires, "exp_alerts": [_expected(case)]}] if case.fires else []
    return {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in numbers.items() if values],
        "promql_expr_test": [{"expr": FIRING, "eval_time": at, "exp_samples": samples}],
        "alert_rule_test": alerts,
    }


@pytest.mark.usefixtures("promtool")
def test_promtool_finds_nothing_wrong() -> None:
    prometheus.promtool("check", "rules", "--lint-fatal", RULES)


@pytest.mark.usefixtures("promtool")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.about)
def test_an_alarm_fires_when_it_must_and_no_other_does(case: Case, tmp_path: Path) -> None:
    file = tmp_path / "case.yaml"
    file.write_text(
        yaml.safe_dump({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": [_written(case)]})
    )
    prometheus.promtool("test", "rules", file)


def test_every_alarm_was_seen_to_fire() -> None:
    assert {case.fires for case in CASES if case.fires} == set(BY_NAME)
    assert len(BY_NAME) == len(ALERTS)


def test_every_alarm_of_a_runbook_is_there_and_links_to_it() -> None:
    listed = dict(re.findall(r"^\| `(\w+)` \|.*\]\(([\w.-]+)\) \|$", (RUNBOOKS / "README.md").read_text(), re.M))
    linked = {
        name: rule["annotations"]["runbook_url"].removeprefix("DOCUMENTATION/runbooks/")
        for name, rule in BY_NAME.items()
        if name != "InstanceDown"
    }
    assert linked == listed


def test_every_alarm_says_how_bad_it_is() -> None:
    for name, rule in BY_NAME.items():
        assert rule["labels"]["severity"] in {"critical", "warning"}, name
        assert rule["annotations"].keys() == {"summary", "runbook_url"}, name
