"""The summary: what people and CI read at the end of a run."""

from collections.abc import Sequence

import pytest

from tests.support.run import engines, report
from tests.support.run.processes import Result
from tests.support.run.suites import Suite


def result(
    name: str = "unit/config",
    *,
    passed: int = 0,
    failed: int = 0,
    skips: Sequence[tuple[str, str]] = (),
    problem: str = "",
) -> Result:
    suite = Suite(name=name, paths=())
    return Result(suite=suite, passed=passed, failed=failed, skips=skips, problem=problem)


def test_the_last_line_sums_up_all_suites() -> None:
    results = [result(passed=3, failed=1), result(passed=4, skips=[("t", "why")])]
    text = report.summary(results, {}, [])
    assert text.splitlines()[-1] == "7 passed, 1 failed, 1 skipped"


def test_a_problem_of_the_run_counts_as_a_failure_and_is_told() -> None:
    text = report.summary([result(passed=1)], {}, ["it was interrupted"])
    assert text.splitlines()[-1] == "1 passed, 1 failed, 0 skipped"
    assert "it was interrupted" in text


def test_versions_and_reasons_stand_in_the_summary() -> None:
    results = [result(skips=[("a", "no curl"), ("b", "no curl")]), result("system", problem="ran no test")]
    text = report.summary(results, {"Neo4j": "5.26.0", "PostgreSQL": "18.4"}, [])
    assert "Neo4j 5.26.0" in text
    assert "PostgreSQL 18.4" in text
    assert "2 × no curl: a [unit/config] …" in text
    assert "ran no test" in text


@pytest.mark.parametrize(
    ("versions", "in_ci", "missing"),
    [
        ({"Apache Kafka": "4.3.1", "Neo4j": "5.26.0"}, True, 0),
        ({"Kafka": "Apache Kafka 4.3.1", "graph": "Neo4j 5.26.0"}, True, 0),
        ({"Apache Kafka": "4.3.1", "ArcadeDB": "26.10.2"}, True, 1),
        ({}, True, 2),
        ({}, False, 0),
    ],
)
def test_ci_misses_the_engines_of_production(versions: dict[str, str], in_ci: bool, missing: int) -> None:
    assert len(engines.missing_in_ci(versions, in_ci)) == missing
