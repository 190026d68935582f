"""One aggregate over HTTP: as it is, and how it came about."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from rest_framework.request import Request

from eventsourcing import history, store, tokens
from eventsourcing.consistency import Source, Token
from eventsourcing.http import etag
from service import parameters
from service.conditional import representation
from service.paging import next_page
from service.problems import Problem


def record(request: Request, body: Mapping[str, Any], *, stream: str, version: int) -> HttpResponse:
    """One aggregate as of a version of its stream: with that as its entity tag, and in a consistency token.

    Raises Problem 400 for a token that is none.
    """
    seen = Token({Source(settings.SERVICE, stream): version})
    return representation(request, body, etag=etag(version), headers=tokens.headers(seen, tokens.of(request)))


def history_page(request: Request, stream: str, *, missing: str) -> HttpResponse:
    """A stream's events, the first first: at most `limit` (default 100, at most 1,000), behind the version `after`.

    Raises Problem 400; 404 with the text `missing` where the stream has no event at all.
    """
    limit = parameters.limit(request, default=100, most=1000)
    after = parameters.integer(request.query_params.get("after", "0"), "after")
    found = history.entries(stream, after=after, limit=limit + 1)
    if not found and not store.load(stream, limit=1):
        raise Problem(404, missing)
    page = found[:limit]
    more = next_page(limit=limit, after=page[-1]["version"]) if len(found) > limit else {}
    return representation(request, page, headers=more)
