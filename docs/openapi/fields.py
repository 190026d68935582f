"""Parameters of requests and headers of answers, each named once."""

from typing import Any

from docs.openapi import shapes
from docs.openapi.shapes import Schema

Field = dict[str, Any]
_STRING = '"[ !#-\\[\\]-~]{1,200}"'
_SEEN = f"{_STRING};service=[a-z]{{1,30}};version=[1-9][0-9]{{0,8}}"


def query(name: str, schema: Schema, description: str, *, required: bool = False) -> Field:
    """A parameter of the query."""
    return {"in": "query", "name": name, "schema": schema, "description": description, "required": required}


def sent(name: str, schema: Schema, description: str) -> Field:
    """A header that a request may have."""
    return {"in": "header", "name": name, "schema": schema, "description": description}


def limit(default: int | None, most: int) -> Field:
    """How many at most."""
    schema = {"type": "integer", "minimum": 1, "maximum": most}
    if default is None:
        return query("limit", schema, "A page of so many; without it, all.")
    return query("limit", {**schema, "default": default}, "At most so many.")


CURSOR = query("cursor", shapes.ANY_ID, "From the `Link` of the page before.")
FRIEND_ID = query("friendId", shapes.ID, "The other user.", required=True)
AS_OF = query(
    "asOf", {"type": "string", "format": "date-time"}, "As it was at that moment; in UTC where it has no offset."
)
# At most 4,096 bytes, which is not said here: generators of examples cannot do with both.
TOKEN: Schema = {"type": "string", "pattern": f"^({_SEEN}(, {_SEEN}){{0,31}})?$"}
# By the names of their components.
PARAMETERS: dict[str, Field] = {
    "IdempotencyKey": sent(
        "Idempotency-Key",
        {"type": "string", "pattern": "^[!-~]{1,255}$"},
        "The command happens once under it, however often it is sent, and is answered the same for 24 hours.",
    ),
    "IfMatch": sent(
        "If-Match",
        {"type": "string", "examples": ['"3"']},
        "The version that you have seen, as its `ETag`; at another one the command is refused.",
    ),
    "IfNoneMatch": sent(
        "If-None-Match",
        {"type": "string", "examples": ['"3"']},
        "The `ETag` of what you have: 304 if it is the same.",
    ),
    "ConsistencyToken": sent(
        "Consistency-Token",
        TOKEN,
        "What you have seen: an answer's tells it together with what that has seen itself.",
    ),
    "AwaitedToken": sent("Consistency-Token", TOKEN, "What you have seen: the answer waits for it."),
    "Prefer": sent("Prefer", {"type": "string", "examples": ["wait=10"]}, "For how many seconds to wait (RFC 7240)."),
    "RequestId": sent(
        "X-Request-Id",
        {"type": "string"},
        "Your name for the request; where it cannot be one, or is missing, one is made.",
    ),
    "Traceparent": sent("traceparent", {"type": "string"}, "W3C trace context; begun where it is missing."),
}


def shown(schema: Schema, description: str, *, required: bool = False) -> Field:
    """A header of an answer."""
    return {"schema": schema, "description": description, "required": required}


HEADERS: dict[str, Field] = {
    "RequestId": shown(
        {"type": "string"}, "The request's id; every event that it caused has it, too.", required=True
    ),
    "ETag": shown(
        {"type": "string", "pattern": '^(W/)?"[^"]*"$'},
        'Of one record its version (`"3"`); of a list a hash, and weak.',
        required=True,
    ),
    "ConsistencyToken": shown({"type": "string"}, "What this answer has seen.", required=True),
    "TokenOmitted": shown(
        {"type": "integer", "minimum": 1}, "So many members of your token had no room in the answer's."
    ),
    "Link": shown({"type": "string"}, 'Where there is more: the next page, `rel="next"` (RFC 8288).'),
    "ProjectionLag": shown({"type": "string"}, "What of your token has not arrived yet; missing if all has."),
    "PreferenceApplied": shown({"type": "string"}, "The wait that was granted."),
    "RetryAfter": shown({"type": "integer", "minimum": 0}, "Ask again in so many seconds.", required=True),
    "MayRetryAfter": shown({"type": "integer", "minimum": 0}, "Ask again in so many seconds, if it is there."),
    "Authenticate": shown({"type": "string"}, "How to say who you are (RFC 6750)."),
    "RateLimit": shown({"type": "string"}, "What is left (draft-ietf-httpapi-ratelimit-headers)."),
    "RateLimitPolicy": shown({"type": "string"}, "What there is in all, and for how long."),
}


def headers(**by_field: str) -> dict[str, Field]:
    """Headers of an answer, the request's id always: `ETag="ETag"` names the component, `_` stands for `-`."""
    named = {"X_Request_Id": "RequestId", **by_field}
    return {
        field.replace("_", "-"): {"$ref": f"#/components/headers/{component}"} for field, component in named.items()
    }
