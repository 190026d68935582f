"""Answers that the gateway gives itself on the routes: problem documents (RFC 9457)."""

from collections.abc import Mapping
from typing import Any

import orjson

from gateway import headers
from gateway.body import Send
from service import problems


async def problem(
    send: Send, found: problems.Problem, scope: Mapping[str, Any], incoming: headers.Incoming | None = None
) -> None:
    """Answer with the problem. `incoming`: the request's headers, where they were read before."""
    request_id = (incoming or headers.read(scope["headers"])).request_id
    document = problems.document(
        status=found.status,
        path=scope["path"],
        detail=found.detail,
        request_id=request_id.decode(),
        type_uri=found.type_uri,
    )
    body = orjson.dumps(document)
    fields = [
        (b"content-type", problems.MEDIA_TYPE.encode()),
        (b"content-length", b"%d" % len(body)),
        (b"x-request-id", request_id),
        *((name.lower().encode(), value.encode()) for name, value in found.headers.items()),
    ]
    await send({"type": "http.response.start", "status": found.status, "headers": fields})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
