"""Who asks and in which trace: what one request carries through every layer that it touches."""

import logging
import re
import secrets
from contextvars import ContextVar
from dataclasses import dataclass, field
from uuid import UUID

import uuid_utils.compat as uuid_utils

# https://www.w3.org/TR/trace-context/#traceparent-header, version 00
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}\Z")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}\Z")


def new_traceparent() -> str:
    """A W3C traceparent that begins a trace, sampled."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def valid_traceparent(text: str | None) -> str | None:
    """The text where it is a W3C traceparent of version 00, else None."""
    return text if text and _TRACEPARENT.match(text) else None


def valid_request_id(text: str | None) -> str | None:
    """The text where it may stand in headers, logs and documents as it is, else None."""
    return text if text and _REQUEST_ID.match(text) else None


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562): unique, and ordered by time, so that indexes over it stay compact."""
    return uuid_utils.uuid7()


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestContext:
    """Identity of one request. `actor` is who asks: `anonymous` where nobody has to say. `scopes` is what they may;
    None where authentication is off."""

    request_id: str = field(default_factory=lambda: str(new_id()))
    traceparent: str = field(default_factory=new_traceparent)
    actor: str = "anonymous"
    scopes: frozenset[str] | None = None


_current: ContextVar[RequestContext | None] = ContextVar("request_context", default=None)


def current() -> RequestContext:
    """The context of the request under way; a new one outside of any request (a command line, a test)."""
    return _current.get() or RequestContext()


class OfRequest(logging.Filter):
    """Gives what is logged the ids of the request under way; of what belongs to none, none."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Adds `request_id` and `trace_id`; keeps everything."""
        request = _current.get()
        if request is not None:
            record.__dict__.setdefault("request_id", request.request_id)
            record.__dict__.setdefault("trace_id", request.traceparent.split("-")[1])
        return True


def begin(context: RequestContext) -> None:
    """Make `context` the current one of this thread or task."""
    _current.set(context)
