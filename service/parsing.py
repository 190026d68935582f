"""JSON in: strict, bounded."""

from collections.abc import Mapping
from typing import Any

import orjson
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from service.problems import Problem

MAX_BODY_BYTES = 1024 * 1024


class JSONParser(BaseParser):
    """A request's body as JSON (RFC 8259, UTF-8): no NaN, no lone surrogates, no endless nesting, at most 1 MiB."""

    media_type = "application/json"

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The parsed body. Raises ParseError (400) or Problem 413."""
        body = stream.read(MAX_BODY_BYTES + 1)
        if len(body) > MAX_BODY_BYTES:
            raise Problem(413, f"The body is longer than {MAX_BODY_BYTES} bytes.")
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ParseError(f"The body is not JSON: {error}") from error


class AnyParser(BaseParser):
    """For commands whose parameters stand in the URL: a body of any media type is accepted and not looked at."""

    media_type = "*/*"

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """No members."""
        return {}
