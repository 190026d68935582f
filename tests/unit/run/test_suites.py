"""Which suites a folder of tests makes."""

from pathlib import Path

import pytest

from tests.support.run import suites
from tests.support.run.suites import Suite


@pytest.fixture
def tests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    files = (
        "unit/config/test_environment.py",
        "unit/eventsourcing/test_envelope.py",
        "unit/empty/helper.py",
        "integration/users/deep/test_api.py",
        "integration/mine/test_it.py",
        "integration/mine/settings.py",
        "contract/test_rows.py",
        "faults/test_steps.py",
        "system/test_smoke.py",
    )
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.setattr(suites, "TESTS", tmp_path)
    return tmp_path


def test_each_folder_with_tests_is_a_suite_in_the_order_of_its_cost(tests: Path) -> None:
    names = [suite.name for suite in suites.discover(tests)]
    assert names == [
        "unit/config",
        "unit/eventsourcing",
        "integration/mine",
        "integration/users",
        "contract",
        "faults",
        "system",
    ]


def test_a_suite_runs_under_its_services_settings_or_its_own_or_none(tests: Path) -> None:
    settings = {suite.name: suite.settings for suite in suites.discover(tests)}
    assert settings["integration/users"] == "users.settings"
    assert settings["integration/mine"] == "tests.integration.mine.settings"
    assert settings["unit/eventsourcing"] == "users.settings"
    assert settings["unit/config"] is None
    assert settings["system"] is None


def test_unit_tests_get_no_engines_all_others_do(tests: Path) -> None:
    for suite in suites.discover(tests):
        assert suite.engines == ("none" if suite.name.startswith("unit/") else "full")


def test_the_plan_ends_with_contract_and_smoke_on_the_light_engines(tests: Path) -> None:
    light = [suite for suite in suites.plan(everything=False, tests=tests) if suite.engines == "light"]
    assert [suite.title for suite in light] == ["contract (light)", "smoke (light)"]
    assert light[-1].paths == ("system/test_smoke.py",)


def test_what_needs_no_engines_comes_first_and_then_what_takes_longest(tests: Path) -> None:
    plan = suites.plan(everything=False, tests=tests)
    assert [suite.name for suite in plan if suite.engines != "light"] == [
        "unit/config",
        "unit/eventsourcing",
        "system",
        "faults",
        "integration/mine",
        "integration/users",
        "contract",
    ]


def test_everything_is_every_suite_that_needs_engines_on_both(tests: Path) -> None:
    plan = suites.plan(everything=True, tests=tests)
    full = [suite.name for suite in plan if suite.engines == "full"]
    assert "integration/users" in full
    full.remove("faults")
    assert full == [suite.name for suite in plan if suite.engines == "light"]


def test_what_is_about_the_engines_of_production_runs_on_no_others(tests: Path) -> None:
    assert [suite.engines for suite in suites.select(["faults"], "light", tests)] == ["full"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("unit", [("unit/config", "unit/config"), ("unit/eventsourcing", "unit/eventsourcing")]),
        ("tests/integration/users/", [("integration/users", "integration/users")]),
        ("system/test_smoke.py::test_one", [("system", "system/test_smoke.py::test_one")]),
        ("integration/users/deep", [("integration/users", "integration/users/deep")]),
    ],
)
def test_a_name_selects_folders_and_files(tests: Path, name: str, expected: list[tuple[str, str]]) -> None:
    found = suites.select([name], "full", tests)
    assert [(suite.name, suite.paths[0]) for suite in found] == expected


def test_a_selected_suite_runs_on_the_engines_asked_for(tests: Path) -> None:
    assert [suite.engines for suite in suites.select(["unit/config", "contract"], "light", tests)] == [
        "none",
        "light",
    ]


def test_two_files_of_one_suite_run_in_one_process(tests: Path) -> None:
    names = ["system/test_smoke.py", "unit/config", "system/test_other.py", "system/test_smoke.py"]
    found = suites.select(names, "light", tests)
    assert [suite.name for suite in found] == ["system", "unit/config"]
    assert found[0].paths == ("system/test_smoke.py", "system/test_other.py")


def test_a_name_that_is_no_suite_is_an_error(tests: Path) -> None:
    with pytest.raises(LookupError, match="integration/nobody"):
        suites.select(["integration/nobody"], "full", tests)


def test_only_suites_on_light_engines_say_so() -> None:
    assert Suite(name="contract", paths=(), engines="full").title == "contract"
    assert Suite(name="contract", paths=(), engines="light").title == "contract (light)"
