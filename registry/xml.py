"""Eureka's XML: the same documents as its JSON, as XStream writes them.

`{"$": 8120, "@enabled": "true"}` is `<port enabled="true">8120</port>`; a list repeats its element. Lists stand
without an element around them. Names that XML cannot have are written in XStream's escapes
(https://x-stream.github.io/faq.html#XML_double_underscores).
"""

import re
from typing import Any
from xml.etree.ElementTree import Element, ParseError, SubElement, tostring

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from service.problems import Problem

# instance, dataCenterInfo, metadata, an entry: nothing in a registration lies deeper.
DEPTH = 4
_PLAIN = re.compile(r"[A-Za-z0-9.-]", re.ASCII)
_ESCAPE = re.compile(r"__|_-|((?:_\.[0-9a-fA-F]{4})+)")


def write(document: dict[str, Any]) -> bytes:
    """A document of one member as XML, UTF-8, with its declaration."""
    ((name, value),) = document.items()
    root = Element(name)
    _fill(root, value)
    return bytes(tostring(root, encoding="UTF-8", xml_declaration=True))


def _fill(element: Element, value: Any) -> None:
    if not isinstance(value, dict):
        element.text = str(value)
        return
    for name, member in value.items():
        if name == "metadata":
            _fill_metadata(SubElement(element, name), member)
        elif name.startswith("@"):
            element.set(name[1:], str(member))
        elif name == "$":
            element.text = str(member)
        else:
            for one in member if isinstance(member, list) else [member]:
                _fill(SubElement(element, name), one)


def _fill_metadata(element: Element, members: dict[str, str]) -> None:
    """Metadata has names of strangers: none of them is an attribute, all must be names in XML."""
    for name, text in members.items():
        SubElement(element, encode(name)).text = text


def encode(name: str) -> str:
    """A name as XStream writes it: `_` doubled, `$` as `_-`, what XML cannot have as `_.` and four hex digits."""
    return "".join(_encoded(character, first=place == 0) for place, character in enumerate(name))


def _encoded(character: str, *, first: bool) -> str:
    if character in "_$":
        return "__" if character == "_" else "_-"
    if _PLAIN.match(character) and not (first and not character.isalpha()):
        return character
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"_.{units[place : place + 4]}" for place in range(0, len(units), 4))


def decode(name: str) -> str:
    """The name that `encode` wrote."""
    return _ESCAPE.sub(_decoded, name)


def _decoded(match: re.Match[str]) -> str:
    if match[1]:
        return bytes.fromhex(match[1].replace("_.", "")).decode("utf-16-be", "surrogatepass")
    return "_" if match[0] == "__" else "$"


def read(body: bytes) -> dict[str, Any]:
    """XML as the document that the same JSON would be: values are text. Raises Problem 400."""
    try:
        root = fromstring(body)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise Problem(400, f"The body is not XML that is taken here: {error}") from error
    return {root.tag: _value(root, DEPTH)}


def _value(element: Element, depth: int) -> Any:
    if depth == 0:
        raise Problem(400, f"{element.tag} lies deeper than anything in a registration.")
    found: dict[str, Any] = {f"@{name}": value for name, value in element.attrib.items()}
    found |= {decode(child.tag): _value(child, depth - 1) for child in element}
    text = (element.text or "").strip()
    if not found:
        return text
    return found | ({"$": text} if text else {})
