"""The command line of `tests/run.py`."""

import pytest

from tests.run import parse


@pytest.mark.parametrize(
    ("line", "everything", "engines", "names", "options"),
    [
        ("", False, "full", [], []),
        ("--all", True, "full", [], []),
        ("--all -x", True, "full", [], ["-x"]),
        ("integration/users -k name", False, "full", ["integration/users"], ["-k", "name"]),
        ("--engines light contract system -x", False, "light", ["contract", "system"], ["-x"]),
        ("unit --engines light", False, "light", ["unit"], []),
    ],
)
def test_suites_and_our_options_come_first_the_rest_is_pytests(
    line: str, everything: bool, engines: str, names: list[str], options: list[str]
) -> None:
    request = parse(line.split())
    assert (request.everything, request.engines) == (everything, engines)
    assert (list(request.names), list(request.options)) == (names, options)
