"""The documents of what can be had behind the gateway, and a page that shows them: `/docs`.

Both documents are made from what the services declare by docs/generate.py, for the gateway knows nothing of them. The
page is Swagger UI, from the package drf-spectacular-sidecar; nothing is fetched from elsewhere.
"""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import condition

from service.methods import safe_only

PAGE = "index.html"
_OURS = resources.files("gateway") / "documents"
_SWAGGER = resources.files("drf_spectacular_sidecar") / "static" / "drf_spectacular_sidecar" / "swagger-ui-dist"
_FILES: dict[str, tuple[Traversable, str]] = {
    PAGE: (_OURS, "text/html; charset=utf-8"),
    "page.css": (_OURS, "text/css; charset=utf-8"),
    "page.js": (_OURS, "text/javascript; charset=utf-8"),
    "swagger-ui.css": (_SWAGGER, "text/css; charset=utf-8"),
    "swagger-ui-bundle.js": (_SWAGGER, "text/javascript; charset=utf-8"),
    "favicon-32x32.png": (_SWAGGER, "image/png"),
    # https://spec.openapis.org/oas/v3.1.1.html
    "openapi.json": (_OURS, "application/vnd.oai.openapi+json;version=3.1"),
    # https://www.asyncapi.com/docs/reference/specification/v3.0.0
    "asyncapi.json": (_OURS, "application/vnd.aai.asyncapi+json;version=3.0.0"),
}
# Swagger UI has its icons in data: URLs. No inline script, no inline style, nobody else's frame.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """What is served under a name, plain and packed; `tag` is the hash of the plain content."""

    plain: bytes
    packed: bytes
    media_type: str
    tag: str


@cache
def _document(name: str) -> Document:
    """Read and packed once, when it is first asked for. Raises Http404."""
    if name not in _FILES:
        raise Http404
    folder, media_type = _FILES[name]
    plain = (folder / name).read_bytes()
    tag = hashlib.sha256(plain).hexdigest()[:32]
    return Document(plain=plain, packed=gzip.compress(plain, mtime=0), media_type=media_type, tag=tag)


def _takes_gzip(request: HttpRequest) -> bool:
    """Whether the client can unpack: `gzip`, unless it says `;q=0` of it (RFC 9110, 12.5.3)."""
    for coding in request.headers.get("Accept-Encoding", "").lower().split(","):
        name, _, weight = coding.partition(";")
        if name.strip() == "gzip":
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


def _tag(request: HttpRequest, name: str = PAGE) -> str:
    # Packed it is another representation, and a tag is of one (RFC 9110, 8.8.3.3).
    return f'"{_document(name).tag}{"-gzip" if _takes_gzip(request) else ""}"'


@safe_only
@condition(etag_func=_tag)
def view(request: HttpRequest, name: str = PAGE) -> HttpResponse:
    """The page, a document, or a part of the page; 304 to who has it. Raises Http404."""
    found, packed = _document(name), _takes_gzip(request)
    headers = {"Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
    headers |= {"Content-Encoding": "gzip"} if packed else {}
    headers |= {"Content-Security-Policy": POLICY} if name == PAGE else {}
    return HttpResponse(found.packed if packed else found.plain, content_type=found.media_type, headers=headers)
