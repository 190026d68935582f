"""XML and JSON say the same."""

from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry import registration, xml
from service.problems import Problem
from tests.unit.registry.bodies import SPRING, XML, body

NAMES = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn"]), min_size=1, max_size=20)


def document(metadata: dict[str, str]) -> dict[str, Any]:
    return registration.read("ORDERS", body(metadata=metadata)).document


def parsed(written: bytes) -> Any:
    return ElementTree.fromstring(written)  # noqa: S314 -- what was written here


def test_a_registration_in_xml_is_the_one_in_json() -> None:
    assert registration.read("ORDERS", xml.read(XML.encode())) == registration.read("ORDERS", SPRING)


def test_ports_and_classes_are_attributes_as_netflix_writes_them() -> None:
    written = parsed(xml.write({"instance": document({})}))
    assert written.find("port").text == "8080"
    assert written.find("port").attrib == {"enabled": "true"}
    assert written.find("dataCenterInfo").attrib["class"].endswith("$DefaultDataCenterInfo")


def test_lists_repeat_their_element() -> None:
    names = {"application": [{"name": "A"}, {"name": "B"}], "versions__delta": "1"}
    written = parsed(xml.write({"applications": names}))
    assert [found.text for found in written.findall("application/name")] == ["A", "B"]
    assert written.find("versions__delta").text == "1"


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("management.port", "management.port"),
        ("my_key", "my__key"),
        ("a$b", "a_-b"),
        ("a b", "a_.0020b"),
        ("1st", "_.0031st"),
        ("@class!", "_.0040class_.0021"),
        ("ns:key", "ns_.003akey"),
        ("😀", "_.d83d_.de00"),
    ],
)
def test_names_are_escaped_as_xstream_does(name: str, written: str) -> None:
    assert xml.encode(name) == written
    assert xml.decode(written) == name


@given(st.dictionaries(NAMES, st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn"]), max_size=20), max_size=5))
def test_any_metadata_survives_xml(metadata: dict[str, str]) -> None:
    try:
        before = document(metadata)
    except Problem:
        return
    after = registration.read("ORDERS", xml.read(xml.write({"instance": before}))).document
    assert after["metadata"] == {name: text.strip() for name, text in before["metadata"].items()}


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"not xml",
        b"<instance>",
        b"\xff\xfe\x00",
        b'<?xml version="1.0" encoding="no-such"?><instance/>',
        b'<!DOCTYPE x [<!ENTITY e "boom">]><instance><app>&e;</app></instance>',
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><instance><app>&e;</app></instance>',
        b"<a>" * 100_000 + b"</a>" * 100_000,
        b"<instance><metadata><a><b><c>deep</c></b></a></metadata></instance>",
    ],
)
def test_xml_that_is_not_taken_is_a_problem(sent: bytes) -> None:
    with pytest.raises(Problem) as caught:
        xml.read(sent)
    assert caught.value.status == 400


@pytest.mark.parametrize("sent", [b"<instance/>", b"<other><app>A</app></other>", b'<x:instance xmlns:x="urn:x"/>'])
def test_xml_without_an_instance_is_refused(sent: bytes) -> None:
    with pytest.raises(Problem) as caught:
        registration.read("A", xml.read(sent))
    assert caught.value.errors == [{"field": "instance", "message": "is missing"}]
