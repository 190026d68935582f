"""The syntax of consistency tokens, and that merging them is a join."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from eventsourcing import consistency, tokens
from eventsourcing.consistency import MOST_BYTES, MOST_MEMBERS, MOST_VERSION, Source, Token, Unreadable

PRINTABLE = st.characters(min_codepoint=0x20, max_codepoint=0x7E)
STREAMS = st.one_of(
    st.builds("user-{}".format, st.integers(1, 5)),
    st.builds("friendship-{}-{}".format, st.integers(1, 5), st.integers(1, 5)),
    st.text(PRINTABLE, min_size=1, max_size=40),
)
# A few that two tokens are likely to share, and any other.
SOURCES = st.one_of(
    st.builds(Source, st.sampled_from(["users", "friends"]), st.sampled_from(["user-1", "user-2", "friendship-1-2"])),
    st.builds(Source, st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True), STREAMS),
)
TOKENS = st.builds(Token, st.dictionaries(SOURCES, st.integers(1, MOST_VERSION), max_size=MOST_MEMBERS))
EXAMPLE = '"friendship-7-42";service=friends;version=1, "user-42";service=users;version=3'


@given(TOKENS)
def test_what_was_rendered_is_read_again(token: Token) -> None:
    if token.fits:
        assert consistency.parse(token.render()) == token


def test_how_it_looks() -> None:
    token = Token({Source("users", "user-42"): 3, Source("friends", "friendship-7-42"): 1})
    assert token.render() == EXAMPLE
    assert Token().render() == ""
    assert consistency.parse("") == Token()


@given(TOKENS, TOKENS, TOKENS)
def test_merging_is_a_join(one: Token, two: Token, three: Token) -> None:
    assert one.merged(two) == two.merged(one)
    assert one.merged(two).merged(three) == one.merged(two.merged(three))
    assert one.merged(one) == one
    assert one.merged(Token()) == one


@given(TOKENS, TOKENS)
def test_a_merged_token_promises_what_each_promised(one: Token, two: Token) -> None:
    merged = one.merged(two).versions
    assert set(merged) == {*one.versions, *two.versions}
    for source, version in merged.items():
        assert version == max(one.versions.get(source, 0), two.versions.get(source, 0))


@given(TOKENS, TOKENS)
def test_sent_twice_is_sent_together(one: Token, two: Token) -> None:
    """Two lines of a header are one list, whoever joins them; of two versions the higher counts."""
    both = ", ".join(filter(None, (one.render(), two.render())))
    if len(both) <= MOST_BYTES and len(one.versions) + len(two.versions) <= MOST_MEMBERS:
        assert consistency.parse(both) == one.merged(two)


def test_what_nobody_knows_yet_is_ignored() -> None:
    assert consistency.parse('"user-1";version=2;service=users;shard=4') == Token({Source("users", "user-1"): 2})


@pytest.mark.parametrize(
    "text",
    [
        "user-1",
        '"user-1"',
        '"user-1";service=users',
        '"user-1";version=1',
        '"user-1";service="users";version=1',
        '"user-1";service=Users;version=1',
        '"user-1";service=users;version="1"',
        '"user-1";service=users;version=1.0',
        '"user-1";service=users;version=?1',
        '"user-1";service=users;version',
        '"user-1";service=users;version=0',
        '"user-1";service=users;version=-1',
        f'"user-1";service=users;version={MOST_VERSION + 1}',
        '"user-1";service=users;version=9999999999999999999',
        '"";service=users;version=1',
        f'"{"x" * 201}";service=users;version=1',
        '"ü-1";service=users;version=1',
        '("user-1");service=users;version=1',
        '"user-1";service=users;version=1,',
        '"user-1";service=users;version=1, nonsense',
        "{}",
        "\0",
        "ü",
    ],
)
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        consistency.parse(text)


@given(st.text(max_size=200))
def test_any_text_is_a_token_or_refused(text: str) -> None:
    try:
        found = consistency.parse(text)
    except Unreadable:
        return
    assert consistency.parse(found.render()) == found


def of(count: int, width: int = 1) -> Token:
    """A token of so many members, with names about so wide."""
    return Token({Source("users", f"user-{number:0{width}}"): 1 for number in range(1, count + 1)})


def test_a_token_is_bounded_in_members_and_in_bytes() -> None:
    assert of(MOST_MEMBERS).fits
    assert not of(MOST_MEMBERS + 1).fits
    assert not of(MOST_MEMBERS, width=150).fits
    for large in (of(MOST_MEMBERS + 1), of(MOST_MEMBERS, width=150)):
        with pytest.raises(Unreadable, match=r"longer than 4096 bytes|more than 32 members"):
            consistency.parse(large.render())


def test_the_largest_streams_of_ours_fit_as_often_as_members_do() -> None:
    widest = 2**63 - 1
    names = [f"friendship-{widest - number - 1}-{widest}" for number in range(MOST_MEMBERS)]
    assert Token({Source("friends", name): MOST_VERSION for name in names}).fits


@given(TOKENS, TOKENS)
@example(of(3), Token({Source("friends", f"friendship-1-{number}"): 1 for number in range(2, MOST_MEMBERS + 2)}))
@example(of(MOST_MEMBERS + 1), of(2))
def test_what_an_answer_carries_is_everything_or_says_what_not(own: Token, sent: Token) -> None:
    found = tokens.headers(own, sent)
    given = consistency.parse(found.get(tokens.HEADER, ""))
    merged = own.merged(sent)
    assert set(given.versions) <= set(merged.versions)
    assert len(merged.versions) - len(given.versions) == int(found.get(tokens.OMITTED, 0))
    if merged.fits:
        assert given == merged
    elif own.fits:
        assert given == own
