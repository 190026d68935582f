"""Commands over HTTP: idempotency keys, entity tags, preconditions, consistency tokens."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import orjson
from django.http import HttpResponse
from rest_framework.request import Request

from eventsourcing import consistency, footprint, idempotency, metrics, tokens
from eventsourcing.consistency import Token
from eventsourcing.idempotency import AlreadyAnswered, Answer, Scope, Stored
from service import context
from service.problems import Problem

R = TypeVar("R")
_KEY = re.compile(r"[\x21-\x7e]{1,255}\Z")
_TAG = re.compile(r'(?:W/)?"[^"]*"')
_VERSION = re.compile(r'"([0-9]{1,10})"', re.ASCII)


def execute(
    request: Request, command: Callable[[], R], answer: Callable[[R], Answer], *, name: str, body: object = None
) -> HttpResponse:
    """Run a command and answer, with a token of what it has read and written; under an `Idempotency-Key`, once
    however often it is asked for.

    `name` is what it is counted under; `body` is what was read of the request's: with the query it makes the key's
    fingerprint. Raises Problem 400 for a key or a token that is none, 409 while the same command is under way, 422
    for a key that was used for something else.
    """

    def complete(outcome: R) -> Answer:
        given = answer(outcome)
        return replace(given, headers={**given.headers, tokens.HEADER: footprint.token().render()})

    sent = tokens.of(request)
    scope = _scope(request, complete, body)
    try:
        with metrics.command_counted(name), idempotency.using(scope), footprint.collecting():
            if scope is not None:
                # Before anything else: what the command would look at first may be gone by now, its answer is not.
                scope.check()
            given = complete(command())
    except AlreadyAnswered as before:
        return _response(before.stored, sent)
    return _response(Stored(status=given.status, headers=given.headers, content=given.content()), sent)


def _scope(request: Request, answer: Callable[[R], Answer], body: object) -> Scope | None:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not _KEY.match(key):
        raise Problem(400, "Idempotency-Key must have 1 to 255 printable ASCII characters, none of them blank.")
    made_of = orjson.dumps(
        [sorted(request.query_params.lists()), request.headers.get("If-Match"), body], option=orjson.OPT_SORT_KEYS
    )
    return Scope(
        principal=context.current().actor,
        method=request.method or "",
        path=request.path,
        key=key,
        fingerprint=hashlib.sha256(made_of).digest(),
        answer=answer,
    )


def _response(stored: Stored, sent: Token) -> HttpResponse:
    headers = dict(stored.headers)
    # Kept is what the command itself has seen; what a client had seen when it asks (again) is added to its answer.
    headers |= tokens.headers(consistency.parse(headers.pop(tokens.HEADER, "")), sent)
    response = HttpResponse(stored.content, status=stored.status, headers=headers)
    if stored.content:
        response["Content-Type"] = "application/json"
    else:
        del response["Content-Type"]
    return response


def etag(version: int) -> str:
    """The entity tag of an aggregate: its version."""
    return f'"{version}"'


def version_of(tag: str | None) -> int:
    """The version that `etag` wrote; 0 for any other text."""
    match = _VERSION.fullmatch(tag or "")
    return int(match.group(1)) if match else 0


def expected_versions(request: Request) -> frozenset[int] | None:
    """The versions that `If-Match` allows; None where any will do (no header, or `*`).

    Tags that are no versions match nothing (RFC 9110, 13.1.1): weak ones too, for a write compares strongly.
    """
    header = request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return None
    return frozenset(version_of(match.group()) for match in _TAG.finditer(header)) - {0}


def require_version(expected: frozenset[int] | None, version: int) -> None:
    """Raises Problem 412 where the aggregate is at another version than the client has seen."""
    if expected is not None and version not in expected:
        raise Problem(412, f"It is at version {version} by now.", headers={"ETag": etag(version)})
