"""A feed as a client reads it, page by page along its links."""

import re
from collections.abc import Iterable
from typing import Any

from django.test import Client

NEXT = re.compile(r'<(\?[^>]*)>; rel="next"\Z')


def page(query: str = "") -> tuple[list[dict[str, Any]], str]:
    """The items of one page, and the query of the next."""
    answer = Client().get(f"/v1/events{query}")
    assert answer.status_code == 200, answer.content
    match = NEXT.match(answer.headers["Link"])
    assert match
    found: list[dict[str, Any]] = answer.json()
    return found, match[1]


def walk(query: str = "", limits: Iterable[int] = ()) -> list[dict[str, Any]]:
    """All items from a query on; the first pages are as large as `limits` say."""
    found: list[dict[str, Any]] = []
    sizes = iter(limits)
    while True:
        size = next(sizes, None)
        items, following = page(query if size is None else sized(query, size))
        if not items:
            return found
        assert size is None or len(items) <= size
        found, query = found + items, following


def sized(query: str, limit: int) -> str:
    """The query with another limit."""
    rest = [part for part in query.removeprefix("?").split("&") if part and not part.startswith("limit=")]
    return "?" + "&".join([*rest, f"limit={limit}"])


def told(items: Iterable[dict[str, Any]]) -> list[tuple[str, int]]:
    """Stream and version of each item."""
    return [(item["event"]["stream"], item["event"]["streamVersion"]) for item in items]
