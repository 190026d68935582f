"""Numbers in paths and queries."""

import pytest
from django.test import RequestFactory

from service import parameters
from service.problems import Problem


@pytest.mark.parametrize(
    ("text", "value"), [("7", 7), ("-1", -1), ("+7", 7), ("007", 7), (str(2**63 - 1), 2**63 - 1)]
)
def test_whole_numbers_of_64_bits(text: str, value: int) -> None:
    assert parameters.integer(text, "id") == value


@pytest.mark.parametrize("text", ["", "x", "1.0", "1e3", "٧", " 7", "7 ", "7\n", "0x7", str(2**63), "-" + "9" * 70])
def test_anything_else_is_a_400_that_names_the_parameter(text: str) -> None:
    with pytest.raises(Problem, match=r"^id ") as caught:
        parameters.integer(text, "id")
    assert caught.value.status == 400
    assert caught.value.errors is not None
    assert caught.value.errors[0]["field"] == "id"


@pytest.mark.parametrize("query", ["", "?friendId=", "?friendId=0", "?friendId=-3", "?friendId=abc"])
def test_a_required_id_is_there_and_positive(query: str) -> None:
    with pytest.raises(Problem, match="friendId"):
        parameters.required_id(RequestFactory().get(f"/{query}"), "friendId")


@pytest.mark.parametrize(("query", "value"), [("", 20), ("?limit=1", 1), ("?limit=100", 100)])
def test_a_limit_within_bounds(query: str, value: int) -> None:
    assert parameters.limit(RequestFactory().get(f"/{query}"), default=20, most=100) == value


@pytest.mark.parametrize("query", ["?limit=0", "?limit=101", "?limit=-1", "?limit=many"])
def test_a_limit_out_of_bounds(query: str) -> None:
    with pytest.raises(Problem, match="limit"):
        parameters.limit(RequestFactory().get(f"/{query}"), default=20, most=100)


def test_text_is_taken_as_it_is() -> None:
    request = RequestFactory().get("/", {"stream": "Žofie ' \" %"})
    assert parameters.text(request, "stream", most=20) == "Žofie ' \" %"
    assert parameters.text(request, "other", most=20) is None


@pytest.mark.parametrize("value", ["x" * 21, "a\0b"])
def test_text_that_is_too_long_or_has_nul_is_a_400(value: str) -> None:
    with pytest.raises(Problem, match=r"^stream "):
        parameters.text(RequestFactory().get("/", {"stream": value}), "stream", most=20)
