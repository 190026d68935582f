"""What pages refer to is there: files, headings, tests, and the code that they quote."""

import ast
import re
from functools import cache
from pathlib import Path

import networkx
import pytest

from tests.support import markdown

BASE = Path(__file__).resolve().parents[3]
PAGES = markdown.pages(BASE)
# A path of this repository, as prose names it: `eventsourcing/store.py`.
FILE = re.compile(r"(?:[a-z_]+/)+[\w.-]+\.(?:py|md|json|toml|svg)\Z")
TEST = re.compile(r"`(test_\w+)`\Z")


def _name(path: Path) -> str:
    return str(path.relative_to(BASE))


@cache
def _anchors(path: Path) -> set[str]:
    return markdown.anchors(path.read_text("utf-8"))


def test_there_are_pages() -> None:
    assert {"README.md", "CHANGELOG.md", "docs/architecture.md", "docs/guarantees.md"} <= set(map(_name, PAGES))


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for _, target in markdown.links(page.read_text("utf-8")):
        if re.match(r"https?://|mailto:", target):
            continue
        file, _, fragment = target.partition("#")
        path = (page.parent / file).resolve() if file else page
        if not path.exists() or (fragment and path.suffix == ".md" and fragment not in _anchors(path)):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_file_that_is_named_is_there(page: Path) -> None:
    named = [text for text in markdown.code(page.read_text("utf-8")) if FILE.match(text)]
    # A how-to invents a service; its files are those that it shows.
    shown = {first for block in markdown.blocks(page.read_text("utf-8")) for first in block.text.splitlines()[:1]}
    missing = [name for name in named if not (BASE / name).exists() and f"# {name}" not in shown]
    assert missing == []


@cache
def _tests(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text("utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return frozenset(node.name for node in functions if node.name.startswith("test_"))


def _proofs(page: Path) -> list[tuple[str, Path]]:
    """The tests that a page names, each as a link to its file."""
    named = [(TEST.match(text), target) for text, target in markdown.links(page.read_text("utf-8"))]
    return [(match[1], (page.parent / target).resolve()) for match, target in named if match]


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_test_that_is_named_is_there(page: Path) -> None:
    missing = [f"{name} in {path}" for name, path in _proofs(page) if name not in _tests(path)]
    assert missing == []


def test_every_guarantee_names_a_test() -> None:
    page = BASE / "docs" / "guarantees.md"
    guarantees = re.split(r"^### ", page.read_text("utf-8"), flags=re.MULTILINE)[1:]
    assert len(guarantees) > 20
    proven = [any(TEST.match(text) for text, _ in markdown.links(part)) for part in guarantees]
    assert [part.partition("\n")[0] for part, good in zip(guarantees, proven, strict=True) if not good] == []


def _squeezed(text: str) -> str:
    return " ".join(text.split())


def test_quoted_queries_are_those_of_the_service() -> None:
    code = _squeezed((BASE / "recommendations" / "queries.py").read_text("utf-8"))
    page = (BASE / "docs" / "discussion" / "why-events.md").read_text("utf-8")
    quoted = [block.text for block in markdown.blocks(page) if block.language == "cypher"]
    assert len(quoted) >= 2
    assert [text for text in quoted if _squeezed(text) not in code] == []


def test_the_examples_costs_are_those_of_the_network() -> None:
    page = _squeezed((BASE / "docs" / "discussion" / "why-events.md").read_text("utf-8"))
    graph = networkx.les_miserables_graph()
    friends, others = set(graph["Cosette"]), set[str]()
    for friend in friends:
        others |= set(graph[friend]) - friends - {"Cosette"}
    listed = sum(len(graph[friend]) for friend in friends)
    shown = min(20, len(others))
    assert f"Cosette has {len(friends)} friends. Together they list {listed} friendships" in page
    assert f"lead to {len(others)} candidates" in page
    assert f"1 + {len(friends)} + {shown} = **{1 + len(friends) + shown} calls**" in page
    known = len(graph["Valjean"])
    records = sum(len(graph[friend]) for friend in graph["Valjean"])
    assert f"Valjean has {known} friends: {1 + known + 20} calls, and {records} friend records" in page


def test_the_decisions_are_numbered_once_and_told_alike() -> None:
    decisions = [page for page in PAGES if page.parent.name == "adr" and page.name != "README.md"]
    numbers = [page.name[:4] for page in decisions]
    assert numbers
    assert len(numbers) == len(set(numbers))
    for page in decisions:
        text = page.read_text("utf-8")
        assert text.startswith(f"# {page.name[:4]} "), page
        wanted = ("Status: ", "## Context", "## Decision", "## Alternatives")
        assert [part for part in wanted if part not in text] == [], page


def test_every_decision_stands_in_the_list() -> None:
    folder = BASE / "docs" / "adr"
    listed = {target for _, target in markdown.links((folder / "README.md").read_text("utf-8"))}
    assert sorted(page.name for page in folder.glob("0*.md") if page.name not in listed) == []
