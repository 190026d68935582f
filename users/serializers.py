"""What clients send to the users service."""

import unicodedata
from typing import Any, ClassVar

from rest_framework import serializers


class NameField(serializers.Field[str, str, str, Any]):
    """A name: text that is not blank, of at most 255 characters, none of them a control character; kept as sent."""

    default_error_messages: ClassVar = {
        "invalid": "must be text",
        "blank": "must not be blank",
        "long": "must have at most 255 characters",
        "control": "must not have control characters",
    }

    def to_internal_value(self, data: Any) -> str:
        """The name. Raises ValidationError."""
        if not isinstance(data, str):
            self.fail("invalid")
        if not data.strip():
            self.fail("blank")
        if len(data) > 255:
            self.fail("long")
        if any(unicodedata.category(character) in {"Cc", "Cs"} for character in data):
            self.fail("control")
        return data

    def to_representation(self, value: str) -> str:
        """The name as it is."""
        return value


MISSING: dict[str, Any] = {"required": "is missing", "null": "must not be null"}


class UserInput(serializers.Serializer[Any]):
    """The body of create and update. An id is read by the update only; other members are ignored."""

    firstName = NameField(error_messages=MISSING)
    lastName = NameField(error_messages=MISSING)
