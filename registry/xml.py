"""Eureka's XML: the same documents as its JSON, as XStream writes them.

`{"$": 8120, "@enabled": "true"}` is `<port enabled="true">8120</port>`; a list repeats its element. Lists stand
without an element around them, so that reading XML gives what reading JSON gives.
"""

from typing import Any
from xml.etree.ElementTree import Element, ParseError, SubElement, tostring

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from service.problems import Problem


def write(document: dict[str, Any]) -> bytes:
    """A document of one member as XML, UTF-8, with its declaration."""
    ((name, value),) = document.items()
    root = Element(name)
    _fill(root, value)
    return bytes(tostring(root, encoding="UTF-8", xml_declaration=True))


def _fill(element: Element, value: Any) -> None:
    if not isinstance(value, dict):
        element.text = "" if value is None else str(value)
        return
    for name, member in value.items():
        if name.startswith("@"):
            element.set(name[1:], str(member))
        elif name == "$":
            element.text = str(member)
        else:
            for one in member if isinstance(member, list) else [member]:
                _fill(SubElement(element, name), one)


def read(body: bytes) -> dict[str, Any]:
    """XML as the document that the same JSON would be: values are text. Raises Problem 400."""
    try:
        root = fromstring(body)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise Problem(400, f"The body is not XML that is taken here: {error}") from error
    return {root.tag: _value(root)}


def _value(element: Element) -> Any:
    members: dict[str, Any] = {f"@{name}": value for name, value in element.attrib.items()}
    members |= {child.tag: _value(child) for child in element}
    text = (element.text or "").strip()
    if not members:
        return text
    return members | ({"$": text} if text else {})
