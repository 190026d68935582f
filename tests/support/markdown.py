"""What tests want to know of a page in Markdown: its code, its links, what one can link to in it."""

import re
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[((?:[^\]\[]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
IN_CODE = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """A fenced block: its language as written behind the fence, and its text."""

    language: str
    text: str


def blocks(page: str) -> list[Block]:
    """The fenced blocks in order."""
    return [Block(language=language, text=text) for language, text in FENCE.findall(page)]


def prose(page: str) -> str:
    """The page without its fenced blocks."""
    return FENCE.sub("", page)


def links(page: str) -> list[tuple[str, str]]:
    """Text and target of each link and picture."""
    return [(text, target) for text, target in LINK.findall(prose(page))]


def code(page: str) -> list[str]:
    """What stands between single backticks."""
    return IN_CODE.findall(prose(page))


def anchors(page: str) -> set[str]:
    """The fragments by which GitHub lets one link to the page's headings."""
    found: set[str] = set()
    for heading in HEADING.findall(prose(page)):
        shown = LINK.sub(r"\1", heading).replace("`", "")
        found.add(re.sub(r"[^\w\- ]", "", shown.strip().lower()).replace(" ", "-"))
    return found


def section(page: str, heading: str) -> str:
    """What stands below a heading of the second level, up to the next one. Raises ValueError where it is missing."""
    _, begin, rest = page.partition(f"\n## {heading}\n")
    if not begin:
        raise ValueError(f"There is no heading {heading!r}.")
    return rest.partition("\n## ")[0]


def pages(base: Path) -> list[Path]:
    """The project's pages: those in the folder itself, and all below `docs`."""
    return sorted([*base.glob("*.md"), *base.glob("docs/**/*.md")])
