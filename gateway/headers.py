"""Which headers pass, and which the gateway writes itself."""

from collections.abc import Iterable
from dataclasses import dataclass

from service import context

Headers = list[tuple[bytes, bytes]]

# https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1: about one connection, not about the message.
HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
# What a client says about who it is and where it comes from is not believed; the gateway says it.
_WRITTEN_ANEW = frozenset(
    {
        b"host",
        b"content-length",
        b"expect",
        b"forwarded",
        b"x-forwarded-for",
        b"x-forwarded-host",
        b"x-forwarded-port",
        b"x-forwarded-prefix",
        b"x-forwarded-proto",
        b"x-forwarded-server",
        b"x-forwarded-ssl",
        b"x-real-ip",
        b"x-request-deadline",
        b"x-request-timeout",
        b"x-request-id",
        b"traceparent",
        b"tracestate",
        # Between a client and the gateway.
        b"x-api-key",
        # Between the gateway and a service.
        b"x-internal-identity",
    }
)
_NOT_FORWARDED = HOP_BY_HOP | _WRITTEN_ANEW
_NOT_RETURNED = HOP_BY_HOP | {b"x-request-id"}
_CHUNKED = b"transfer-encoding: chunked\r\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class Incoming:
    """What the gateway itself reads of a request's headers. `length` None and not `chunked`: there is no body."""

    host: bytes = b""
    length: bytes | None = None
    chunked: bool = False
    request_id: bytes = b""
    traceparent: bytes = b""
    tracestate: bytes = b""
    timeout: bytes = b""
    passed: bytes = b""

    @property
    def has_body(self) -> bool:
        """Whether bytes follow the head."""
        return self.chunked or self.length not in {None, b"0"}


def value(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> bytes | None:
    """The first of that name (in lower case); None: there is none."""
    return next((found for key, found in headers if key == name), None)


def read(headers: Iterable[tuple[bytes, bytes]]) -> Incoming:
    """Sorts a request's headers (names in lower case): those that pass, written out, and those that are for us."""
    own: dict[bytes, bytes] = {}
    passed: Headers = []
    named: frozenset[bytes] = frozenset()
    for name, value in headers:
        if name not in _NOT_FORWARDED:
            passed.append((name, value))
        elif name == b"connection":
            named |= _names(value)
        else:
            own[name] = value
    if named:
        passed = [header for header in passed if header[0] not in named]
    return _incoming(own, passed)


def _incoming(own: dict[bytes, bytes], passed: Headers) -> Incoming:
    request_id = context.valid_request_id(own.get(b"x-request-id", b"").decode("latin-1"))
    traceparent = context.valid_traceparent(own.get(b"traceparent", b"").decode("latin-1"))
    chunked = b"transfer-encoding" in own
    return Incoming(
        host=own.get(b"host", b""),
        length=None if chunked else own.get(b"content-length"),
        chunked=chunked,
        request_id=(request_id or str(context.new_id())).encode(),
        traceparent=(traceparent or context.new_traceparent()).encode(),
        # https://www.w3.org/TR/trace-context/#tracestate-header: worth nothing without its traceparent.
        tracestate=own.get(b"tracestate", b"") if traceparent else b"",
        timeout=own.get(b"x-request-timeout", b""),
        passed=b"".join([b"%b: %b\r\n" % header for header in passed]),
    )


def _names(value: bytes) -> frozenset[bytes]:
    return frozenset(name.strip().lower() for name in value.split(b","))


def request_head(
    *,
    method: str,
    target: bytes,
    prefix: str,
    client: str,
    scheme: str,
    authority: bytes,
    deadline: int,
    incoming: Incoming,
    identity: bytes = b"",
) -> bytes:
    """The request's head as the instance gets it. `authority` stands for a Host that the client did not send;
    `deadline`: when nobody will wait for the answer any more, in milliseconds since 1970; `identity` says, signed,
    who the client is."""
    host = incoming.host or authority
    if incoming.chunked:
        framing = _CHUNKED
    else:
        framing = b"" if incoming.length is None else b"content-length: %b\r\n" % incoming.length
    signed = b"x-internal-identity: %b\r\n" % identity if identity else b""
    tracestate = b"tracestate: %b\r\n" % incoming.tracestate if incoming.tracestate else b""
    return (
        b"%b %b HTTP/1.1\r\nhost: %b\r\nx-request-id: %b\r\ntraceparent: %b\r\n%b"
        b"forwarded: for=%b;proto=%b\r\n"
        b"x-forwarded-for: %b\r\nx-forwarded-host: %b\r\nx-forwarded-proto: %b\r\nx-forwarded-prefix: /%b\r\n"
        b"x-request-deadline: %d\r\n%b%b%b\r\n"
    ) % (
        method.encode("ascii"),
        target,
        host,
        incoming.request_id,
        incoming.traceparent,
        tracestate,
        # https://www.rfc-editor.org/rfc/rfc7239#section-6: colons are for quotes and brackets.
        (f'"[{client}]"' if ":" in client else client).encode("ascii"),
        scheme.encode("ascii"),
        client.encode("ascii"),
        host,
        scheme.encode("ascii"),
        prefix.encode("ascii"),
        deadline,
        signed,
        framing,
        incoming.passed,
    )


def returned(headers: Headers, request_id: bytes) -> Headers:
    """An answer's headers (names in lower case) as the client gets them."""
    named: frozenset[bytes] = frozenset()
    for name, value in headers:
        if name == b"connection":
            named |= _names(value)
    dropped = _NOT_RETURNED | (named - {b"content-length"}) if named else _NOT_RETURNED
    kept = [header for header in headers if header[0] not in dropped]
    kept.append((b"x-request-id", request_id))
    return kept
