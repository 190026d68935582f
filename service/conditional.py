"""Answers to conditional reads: 304 where the client has already what it asks for (RFC 9110, 13.1.2)."""

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.utils.http import parse_etags


def content_tag(content: bytes, *more: str) -> str:
    """An entity tag made of what is shown, and of what else belongs to it (the link to the next page).

    Weak: If-Match compares strongly (RFC 9110, 13.1.1), so that no write can ever depend on it; nor can it be taken
    for the version of a record.
    """
    digest = hashlib.blake2b(content, digest_size=16)
    for text in more:
        digest.update(b"\0" + text.encode())
    return f'W/"{digest.hexdigest()}"'


def representation(
    request: HttpRequest, body: Any, *, etag: str | None = None, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    """200 with the body as JSON; 304 without it where `If-None-Match` names its entity tag.

    `etag`: that of what is shown, a hash of it by default. The other headers come with a 304 too.
    """
    others = dict(headers or {})
    content = orjson.dumps(body)
    tag = etag or content_tag(content, others.get("Link", ""))
    if _has(request, tag):
        response = HttpResponse(status=304, headers=others)
        del response["Content-Type"]
    else:
        response = HttpResponse(content, content_type="application/json", headers=others)
    response["ETag"] = tag
    return response


def _has(request: HttpRequest, tag: str) -> bool:
    sent = parse_etags(request.headers.get("If-None-Match", ""))
    return "*" in sent or tag.removeprefix("W/") in {one.removeprefix("W/") for one in sent}
