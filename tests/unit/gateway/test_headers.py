"""Which headers pass, which do not, and which the gateway writes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import headers

TRACE = b"00-16524ccd870f919338ae4c4b35b15067-715f32597d5babd4-01"


def sent(*fields: tuple[bytes, bytes], method: str = "GET", target: bytes = b"/v1/users?a=%20b") -> list[bytes]:
    """The lines of the head that an instance gets for these headers."""
    head = headers.request_head(
        method=method,
        target=target,
        prefix="user",
        client="10.1.2.3",
        scheme="https",
        authority=b"10.0.0.9:8120",
        deadline=1764057600000,
        incoming=headers.read(fields),
    )
    assert head.endswith(b"\r\n\r\n")
    return head[:-4].split(b"\r\n")


def test_ordinary_headers_pass_in_order_with_their_repetitions() -> None:
    fields = [(b"accept", b"a"), (b"cookie", b"1"), (b"accept", b"b"), (b"authorization", b"Bearer x")]
    assert sent(*fields)[-4:] == [b"accept: a", b"cookie: 1", b"accept: b", b"authorization: Bearer x"]


def test_the_request_line_carries_target_and_method_as_they_are() -> None:
    assert sent(method="OPTIONS")[0] == b"OPTIONS /v1/users?a=%20b HTTP/1.1"


@pytest.mark.parametrize("name", sorted(headers.HOP_BY_HOP - {b"transfer-encoding"}))
def test_what_is_about_one_connection_stays_behind(name: bytes) -> None:
    assert not [line for line in sent((name, b"x")) if line.startswith(name + b":")]


def test_what_connection_names_stays_behind() -> None:
    lines = sent(
        (b"connection", b"close, X-Secret"), (b"x-secret", b"1"), (b"x-other", b"2"), (b"connection", b"x-b")
    )
    assert b"x-other: 2" in lines
    assert b"x-secret: 1" not in lines


def test_connection_cannot_take_away_what_the_gateway_writes() -> None:
    named = b"host, content-length, x-request-id, x-forwarded-for"
    lines = sent((b"connection", named), (b"host", b"social.example"), (b"content-length", b"3"))
    assert {b"host: social.example", b"content-length: 3", b"x-forwarded-for: 10.1.2.3"} <= set(lines)
    assert any(line.startswith(b"x-request-id: ") for line in lines)


def test_where_a_request_comes_from_is_said_by_the_gateway_alone() -> None:
    lies = (
        (b"x-forwarded-for", b"1.1.1.1"),
        (b"x-forwarded-host", b"evil"),
        (b"x-forwarded-proto", b"ftp"),
        (b"x-forwarded-prefix", b"/evil"),
        (b"x-forwarded-port", b"1"),
        (b"forwarded", b"for=1.1.1.1"),
        (b"x-real-ip", b"1.1.1.1"),
    )
    about = [line for line in sent((b"host", b"social.example"), *lies) if b"forwarded" in line or b"real" in line]
    assert about == [
        b"forwarded: for=10.1.2.3;proto=https",
        b"x-forwarded-for: 10.1.2.3",
        b"x-forwarded-host: social.example",
        b"x-forwarded-proto: https",
        b"x-forwarded-prefix: /user",
    ]


def test_the_host_is_the_clients_or_the_instances() -> None:
    assert b"host: social.example" in sent((b"host", b"social.example"))
    assert b"host: 10.0.0.9:8120" in sent()


@pytest.mark.parametrize(
    ("fields", "framing"),
    [
        ([], []),
        ([(b"content-length", b"0")], [b"content-length: 0"]),
        ([(b"content-length", b"5")], [b"content-length: 5"]),
        ([(b"transfer-encoding", b"chunked")], [b"transfer-encoding: chunked"]),
        # The server in front refuses both together; if it did not, one of them must win.
        (
            [(b"content-length", b"5"), (b"transfer-encoding", b"chunked")],
            [b"transfer-encoding: chunked"],
        ),
    ],
)
def test_there_is_one_framing(fields: list[tuple[bytes, bytes]], framing: list[bytes]) -> None:
    lines = sent(*fields)
    assert [line for line in lines if line.startswith((b"content-length", b"transfer-encoding"))] == framing


@pytest.mark.parametrize(
    ("fields", "has_body"),
    [
        ([], False),
        ([(b"content-length", b"0")], False),
        ([(b"content-length", b"1")], True),
        ([(b"transfer-encoding", b"chunked")], True),
    ],
)
def test_whether_a_body_follows(fields: list[tuple[bytes, bytes]], has_body: bool) -> None:
    assert headers.read(fields).has_body is has_body


def test_a_request_id_and_a_trace_are_carried_on() -> None:
    fields = [(b"x-request-id", b"abc-1"), (b"traceparent", TRACE), (b"tracestate", b"a=1")]
    assert {b"x-request-id: abc-1", b"traceparent: " + TRACE, b"tracestate: a=1"} <= set(sent(*fields))


@pytest.mark.parametrize("bad", [b"", b"a b", b"x" * 129, b"\xe4", b"a\tb"])
def test_a_request_id_that_cannot_be_carried_on_is_made_anew(bad: bytes) -> None:
    made = headers.read([(b"x-request-id", bad)]).request_id
    assert made != bad
    assert len(made) == 36


def test_a_bad_trace_is_made_anew_and_its_state_dropped() -> None:
    lines = sent((b"traceparent", b"00-0-0-00"), (b"tracestate", b"a=1"))
    made = next(line for line in lines if line.startswith(b"traceparent: "))
    assert len(made) == len(b"traceparent: ") + len(TRACE)
    assert not [line for line in lines if line.startswith(b"tracestate")]


def test_two_requests_get_two_ids() -> None:
    assert headers.read([]).request_id != headers.read([]).request_id


def test_an_answers_headers_pass_without_those_of_the_connection() -> None:
    given_back = headers.returned(
        [
            (b"content-type", b"text/plain"),
            (b"content-length", b"5"),
            (b"set-cookie", b"a"),
            (b"set-cookie", b"b"),
            (b"connection", b"close, x-inner, content-length"),
            (b"x-inner", b"1"),
            (b"keep-alive", b"timeout=5"),
            (b"transfer-encoding", b"chunked"),
            (b"x-request-id", b"theirs"),
        ],
        b"ours",
    )
    assert given_back == [
        (b"content-type", b"text/plain"),
        (b"content-length", b"5"),
        (b"set-cookie", b"a"),
        (b"set-cookie", b"b"),
        (b"x-request-id", b"ours"),
    ]


_NAMES = st.sampled_from(sorted(headers.HOP_BY_HOP | {b"accept", b"x-a", b"host", b"content-length", b"forwarded"}))


@given(st.lists(st.tuples(_NAMES, st.sampled_from([b"1", b"x-a, accept", b"close"]))))
def test_nothing_of_the_connection_passes_whatever_comes(fields: list[tuple[bytes, bytes]]) -> None:
    names = [line.partition(b":")[0] for line in sent(*fields)[1:]]
    assert not set(names) & (headers.HOP_BY_HOP - {b"transfer-encoding"})
    for once in (b"host", b"x-request-id", b"traceparent", b"x-forwarded-for", b"x-forwarded-prefix"):
        assert names.count(once) == 1
    assert names.count(b"content-length") + names.count(b"transfer-encoding") <= 1
