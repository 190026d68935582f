"""Answers: those that are the same in many operations, and how the others are put together."""

from collections.abc import Mapping
from typing import Any

from docs.openapi.fields import Field, headers
from docs.openapi.shapes import Schema, reference

Answer = dict[str, Any]
Answers = dict[str, Answer]


def _problem(description: str, **more: str) -> Answer:
    content = {"application/problem+json": {"schema": reference("Problem")}}
    return {"description": description, "headers": headers(**more), "content": content}


RESPONSES: dict[str, Answer] = {
    "NotModified": {"description": "It is what you have.", "headers": headers(ETag="ETag")},
    "BadRequest": _problem("The request is not valid; `errors` names the fields that are to blame."),
    "Unauthorized": _problem("Where authentication is on: who asks?", WWW_Authenticate="Authenticate"),
    "Forbidden": _problem("Where authentication is on: not for who asks."),
    "NotFound": _problem("There is no such thing."),
    "RequestTimeout": _problem("The request's body did not come."),
    "Conflict": _problem(
        "It is so already; or others kept changing the same; or the same command is under way under its "
        "`Idempotency-Key`, of the type `/problems/command-in-progress`.",
        Retry_After="MayRetryAfter",
    ),
    "Gone": _problem("What was done under the `Idempotency-Key` was erased since; the cursor's feed is gone."),
    "PreconditionFailed": _problem("It is at another version than `If-Match` says.", ETag="ETag"),
    "TooLarge": _problem("The body is larger than 1 MiB."),
    "TargetTooLong": {
        "description": "The request line is longer than 8,190 bytes. The one answer that is no problem document.",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    },
    "UnsupportedMediaType": _problem("The body must be JSON."),
    "Unprocessable": _problem("The `Idempotency-Key` was used for another request."),
    "TooManyRequests": _problem(
        "More than the limit.", Retry_After="RetryAfter", RateLimit="RateLimit", RateLimit_Policy="RateLimitPolicy"
    ),
    "HeadersTooLarge": _problem("The headers are too large."),
    "Failure": _problem("A failure of ours; the log has it under the request's id."),
    "BadGateway": _problem("The instance gave no proper answer."),
    "Unavailable": _problem("Nobody can answer this now.", Retry_After="RetryAfter"),
    "GatewayTimeout": _problem("The instance did not answer in time."),
}
_NAMES = {
    304: "NotModified",
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    408: "RequestTimeout",
    409: "Conflict",
    410: "Gone",
    412: "PreconditionFailed",
    413: "TooLarge",
    414: "TargetTooLong",
    415: "UnsupportedMediaType",
    422: "Unprocessable",
    429: "TooManyRequests",
    431: "HeadersTooLarge",
    500: "Failure",
    502: "BadGateway",
    503: "Unavailable",
    504: "GatewayTimeout",
}
# What can come whatever is asked for: of the gateway itself, of its limits, of a service in trouble.
ALWAYS = (400, 401, 403, 408, 413, 414, 429, 431, 500, 502, 503, 504)


def shared(*statuses: int) -> Answers:
    """Answers that many operations have, by status."""
    return {str(status): {"$ref": f"#/components/responses/{_NAMES[status]}"} for status in statuses}


def success(
    description: str,
    schema: Schema | None = None,
    *,
    fields: Mapping[str, Field] | None = None,
    links: Mapping[str, Any] | None = None,
) -> Answer:
    """An answer with a body of that schema, or with none."""
    answer: Answer = {"description": description, "headers": dict(fields or headers())}
    if schema is not None:
        answer["content"] = {"application/json": {"schema": schema}}
    if links:
        answer["links"] = dict(links)
    return answer
