"""Lists in pages."""

from urllib.parse import urlencode


def next_page(**query: int | str) -> dict[str, str]:
    """The header that leads to the next page of a list (RFC 8288): the same path with this query."""
    return {"Link": f'<?{urlencode(query)}>; rel="next"'}
