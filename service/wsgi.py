"""The WSGI application of a service."""

import io
from collections.abc import Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application

from service.parsing import MAX_BODY_BYTES


class Application:
    """Django's application, also for bodies sent in chunks.

    Django reads as many bytes as Content-Length says, and none without it; a chunked body (RFC 9112, 7.1), which the
    server has decoded, is given its length here. One byte over the limit is enough for the parser to refuse it.
    """

    def __init__(self) -> None:
        self._django = get_wsgi_application()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Serve one request (PEP 3333)."""
        if environ.get("HTTP_TRANSFER_ENCODING", "").lower() == "chunked":
            body = environ["wsgi.input"].read(MAX_BODY_BYTES + 1)
            environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(body), str(len(body))
        return self._django(environ, start_response)
