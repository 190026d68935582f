"""What may be a name."""

from typing import Any

import pytest

from users.serializers import UserInput


def errors(**body: Any) -> dict[str, list[str]]:
    checked = UserInput(data=body)
    checked.is_valid()
    return {name: [str(error) for error in found] for name, found in checked.errors.items()}


@pytest.mark.parametrize("name", ["Ada", "Ó Súilleabháin", "李", "👩‍🔬", " Ada ", "x" * 255, "O'Neil-Smith, Jr."])
def test_names_are_kept_as_they_are(name: str) -> None:
    checked = UserInput(data={"firstName": name, "lastName": name})
    assert checked.is_valid()
    assert checked.validated_data["firstName"] == name


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "must not be null"),
        ("", "must not be blank"),
        (" \t", "must not be blank"),
        (7, "must be text"),
        (True, "must be text"),
        (["Ada"], "must be text"),
        ("x" * 256, "must have at most 255 characters"),
        ("A\0", "must not have control characters"),
        ("A\nB", "must not have control characters"),
        ("A\x7f", "must not have control characters"),
        ("\ud800", "must not have control characters"),
    ],
)
def test_each_field_that_is_wrong_is_named(value: Any, message: str) -> None:
    assert errors(firstName=value, lastName=value) == {"firstName": [message], "lastName": [message]}


def test_what_is_missing_is_named() -> None:
    assert errors(firstName="Ada") == {"lastName": ["is missing"]}
