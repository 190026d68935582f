"""A request's target, in the one form that everything behind here reads: a path."""

import re
from typing import Any
from urllib.parse import unquote_to_bytes

from gateway import headers
from service.problems import Problem

Scope = dict[str, Any]

# About the way to a server, not about what is there: a proxy that lets TRACE pass shows clients what it adds, and one
# that lets CONNECT pass is a tunnel.
_REFUSED = frozenset({"CONNECT", "TRACE"})
_ALLOW = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
_ABSOLUTE = re.compile(rb"https?://([^/?#@]+)(/.*)?", re.IGNORECASE)


def read(scope: Scope, *, tls: bool) -> Scope:
    """The scope with a path for its target, and the scheme that clients use: https where TLS ends before us (`tls`).

    Raises Problem: 405 for methods that nobody here answers.
    """
    if scope["method"] in _REFUSED:
        raise Problem(405, f"{scope['method']} is not for here.", headers={"Allow": _ALLOW})
    if tls:
        scope = {**scope, "scheme": "https"}
    return scope if scope["raw_path"].startswith(b"/") else _absolute(scope)


def _absolute(scope: Scope) -> Scope:
    """A server must accept `http://host/path` (https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2).

    Raises Problem: 400 where that is not the very host that Host says, or the target is of another form.
    """
    found = _ABSOLUTE.fullmatch(scope["raw_path"])
    host = headers.value(scope["headers"], b"host") or b""
    if found is None or found[1].lower() != host.lower():
        raise Problem(400, "The request's target must be a path, or begin with this server's own address.")
    path = found[2] or b"/"
    return {**scope, "raw_path": path, "path": unquote_to_bytes(path).decode(errors="replace")}
