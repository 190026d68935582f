"""Entity tags of what is shown, and 304."""

from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse

from service.conditional import content_tag, representation

LINK = {"Link": '<?cursor=2>; rel="next"'}


def answered(body: Any = (1, 2), *, sent: str | None = None, **named: Any) -> HttpResponse:
    request = HttpRequest()
    if sent is not None:
        request.META["HTTP_IF_NONE_MATCH"] = sent
    return representation(request, list(body), **named)


def test_the_tag_is_weak_and_of_the_content() -> None:
    tag = answered()["ETag"]
    assert tag.startswith('W/"')
    assert answered()["ETag"] == tag
    assert answered(body=(1, 3))["ETag"] != tag


def test_the_next_page_belongs_to_what_is_shown() -> None:
    """A list of which the first page stays and a second one appears has changed."""
    assert answered(headers=LINK)["ETag"] != answered()["ETag"]
    assert content_tag(b"a", "b") != content_tag(b"ab")


@pytest.mark.parametrize("sent", ["{tag}", '"x", {tag}', '{tag}, W/"y"', "*", "{strong}"])
def test_who_has_it_already_gets_304_with_its_headers(sent: str) -> None:
    tag = answered(headers=LINK)["ETag"]
    answer = answered(headers=LINK, sent=sent.format(tag=tag, strong=tag.removeprefix("W/")))
    assert (answer.status_code, answer.content) == (304, b"")
    assert (answer["ETag"], answer["Link"]) == (tag, LINK["Link"])
    assert "Content-Type" not in answer


@pytest.mark.parametrize("sent", ["", '"x"', 'W/"x"', "x", '"', "{digest}"])
def test_who_has_something_else_gets_it_whole(sent: str) -> None:
    digest = answered()["ETag"].removeprefix("W/").strip('"')
    answer = answered(sent=sent.format(digest=digest))
    assert (answer.status_code, answer.content) == (200, b"[1,2]")
    assert answer["Content-Type"] == "application/json"


def test_a_tag_that_is_given_is_kept() -> None:
    assert answered(etag='"3"')["ETag"] == '"3"'
    assert answered(etag='"3"', sent='"3"').status_code == 304
    assert answered(etag='"3"', sent='"4"').status_code == 200
