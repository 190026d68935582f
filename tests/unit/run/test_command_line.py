"""The command line of `tests/run.py`."""

import pytest

from tests.run import LANES, parse


@pytest.mark.parametrize(
    ("line", "everything", "engines", "names", "options"),
    [
        ("", False, "full", [], []),
        ("--all", True, "full", [], []),
        ("--all -x", True, "full", [], ["-x"]),
        ("integration/users -k name", False, "full", ["integration/users"], ["-k", "name"]),
        ("--engines light contract system -x", False, "light", ["contract", "system"], ["-x"]),
        ("unit --engines light", False, "light", ["unit"], []),
        ("--lanes 1 unit", False, "full", ["unit"], []),
    ],
)
def test_suites_and_our_options_come_first_the_rest_is_pytests(
    line: str, everything: bool, engines: str, names: list[str], options: list[str]
) -> None:
    request = parse(line.split())
    assert (request.everything, request.engines) == (everything, engines)
    assert (list(request.names), list(request.options)) == (names, options)


@pytest.mark.parametrize(("line", "lanes"), [("", LANES), ("--lanes 1", 1), ("--lanes 3 unit -x", 3)])
def test_how_many_suites_run_beside_each_other(line: str, lanes: int) -> None:
    assert parse(line.split()).lanes == lanes


def test_less_than_one_lane_is_not_ours() -> None:
    assert parse(["--lanes", "0"]).options == ["--lanes", "0"]
