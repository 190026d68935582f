"""The documents and the page that shows them: served with tags, packed, from here alone."""

import gzip
import json
import re

import pytest
from django.test import Client

from gateway import documentation

PARTS = re.compile(r'(?:src|href)="([^"#]+)"')
NAMES = sorted(documentation._FILES)


def test_the_page_needs_nothing_from_elsewhere_and_nothing_inline() -> None:
    answer = Client().get("/docs")
    text = answer.content.decode()
    named = set(PARTS.findall(text))
    assert {"/docs/swagger-ui-bundle.js", "/docs/page.js", "/docs/openapi.json", "/docs/asyncapi.json"} <= named
    for name in named:
        assert name.startswith("/docs/")
        assert Client().get(name).status_code == 200, name
    assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son[a-z]+=|https?://", text)
    assert "'unsafe" not in answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_the_page_is_the_same_with_a_slash() -> None:
    assert Client().get("/docs/").content == Client().get("/docs").content


@pytest.mark.parametrize("name", NAMES)
def test_what_is_packed_is_the_same_under_another_tag(name: str) -> None:
    plain = Client().get(f"/docs/{name}")
    packed = Client().get(f"/docs/{name}", headers={"Accept-Encoding": "br, gzip;q=0.8"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == plain.content
    assert plain.headers["ETag"] != packed.headers["ETag"]
    for answer in (plain, packed):
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Length"] == str(len(answer.content))


@pytest.mark.parametrize("refusing", ["gzip;q=0", "gzip; q=0.000", "br", "", "xgzip"])
def test_who_cannot_unpack_gets_it_plain(refusing: str) -> None:
    answer = Client().get("/docs/openapi.json", headers={"Accept-Encoding": refusing})
    assert "Content-Encoding" not in answer.headers
    assert json.loads(answer.content)["openapi"].startswith("3.1")


def test_who_has_it_gets_304() -> None:
    tag = Client().get("/docs/openapi.json").headers["ETag"]
    again = Client().get("/docs/openapi.json", headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)


@pytest.mark.parametrize("name", ["nothing.js", "LICENSE", "swagger-ui-bundle.js.map", "..", "%2e%2e%2fsettings.py"])
def test_nothing_else_is_served(name: str) -> None:
    answer = Client().get(f"/docs/{name}")
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")


def test_it_is_only_read() -> None:
    assert Client().post("/docs").status_code == 405
