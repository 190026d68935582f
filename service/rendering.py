"""JSON out: compact, UTF-8, fast."""

from collections.abc import Mapping
from typing import Any

import orjson
from rest_framework.renderers import BaseRenderer


class JSONRenderer(BaseRenderer):
    """Renders what a view returns with orjson; there is one representation, so nothing is negotiated."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """`data` as JSON; nothing (204) as no bytes at all."""
        return b"" if data is None else orjson.dumps(data)
