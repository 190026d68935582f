"""JSON that comes in."""

import io

import pytest
from rest_framework.exceptions import ParseError

from service.parsing import MAX_BODY_BYTES, JSONParser
from service.problems import Problem


def parse(body: bytes) -> object:
    return JSONParser().parse(io.BytesIO(body))


def test_json_is_parsed() -> None:
    assert parse('{"a": "ä"}'.encode()) == {"a": "ä"}


@pytest.mark.parametrize(
    "body", [b"", b"{", b"NaN", b'{"a": "\xff"}', b'"\\ud800"', b"[" * 100_000, b'{"a":1}x', "﻿{}".encode()]
)
def test_anything_else_is_refused(body: bytes) -> None:
    with pytest.raises(ParseError):
        parse(body)


def test_a_body_that_is_too_long_is_not_even_parsed() -> None:
    with pytest.raises(Problem) as caught:
        parse(b"x" * (MAX_BODY_BYTES + 1))
    assert caught.value.status == 413
