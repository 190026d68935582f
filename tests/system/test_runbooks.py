"""What the runbooks tell one to do can be done: every SQL, every Cypher, every command, on a system that is well."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote, urlsplit

import neo4j
import psycopg2
import pytest

from desktop.bootstrap import BASE
from desktop.supervisor import System
from tests.support import markdown
from tests.support.network import Network
from tests.support.system import address
from tests.support.waiting import eventually

PAGES = sorted((BASE / "docs" / "how-to" / "runbooks").glob("*.md"))
MANAGE = "./manage.py "


def _blocks(language: str) -> list[tuple[str, str]]:
    """Page and text of each block in a language."""
    return [
        (page.stem, block.text)
        for page in PAGES
        for block in markdown.blocks(page.read_text("utf-8"))
        if block.language == language
    ]


def environment(system: System, name: str) -> dict[str, str]:
    """What a service's processes have."""
    return system.processes[f"{name}-web"].environment


def run_sql(system: System, text: str) -> None:
    """Carry a statement out in the database that its first line names."""
    service, _, statement = text.removeprefix("-- ").partition("\n")
    with closing(psycopg2.connect(environment(system, service)["DATABASE_URL"])) as connection:
        connection.cursor().execute(statement)


def run_cypher(system: System, text: str) -> None:
    """Ask the graph."""
    parts = urlsplit(address(system, "NEO4J_BOLT_URL"))
    login = (unquote(parts.username or ""), unquote(parts.password or ""))
    with (
        neo4j.GraphDatabase.driver(f"{parts.scheme}://{parts.hostname}:{parts.port}", auth=login) as driver,
        driver.session() as session,
    ):
        session.run(text).consume()


def run_commands(system: System, text: str) -> None:
    """Carry out commands of services."""
    for line in text.strip().splitlines():
        assert line.startswith(MANAGE)
        service, *arguments = line.removeprefix(MANAGE).split()
        # What asks beyond its own service finds the others by their run files.
        elsewhere = ["--run", str(system.run)] if arguments[0] == "erased" else []
        command = [sys.executable, "manage.py", service, *arguments, *elsewhere]
        done = subprocess.run(
            command, cwd=BASE, env=environment(system, service), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"


def gone(system: System, network: Network) -> int:
    """Somebody who is deleted, of whom every store has heard."""
    user = network.create("Alarmed", "Erased")["id"]
    network.delete(user)
    eventually(lambda: run_commands(system, f"{MANAGE}users erased {user}"), within=90, every=1)
    return int(user)


def test_what_the_runbooks_say_can_be_done(system: System, network: Network) -> None:
    one, friend, other = network.people(3)
    network.befriend_all([(one, friend), (friend, other)])
    network.until_recommended(one, [(other, 1)])
    erased = gone(system, network)
    for language, run in (("sql", run_sql), ("cypher", run_cypher), ("sh", run_commands)):
        found = [(page, text.replace("erased 42", f"erased {erased}")) for page, text in _blocks(language)]
        assert found
        for page, text in found:
            try:
                run(system, text)
            except Exception as error:
                raise AssertionError(f"{page}: {text}") from error


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "README.md"], ids=lambda page: page.stem)
def test_a_runbook_says_what_one_wants_to_know(page: Path) -> None:
    text = page.read_text("utf-8")
    wanted = ("**Means:**", "**Users notice:**", "\n## Look\n", "\n## Mend\n", "\n## Over\n")
    assert [part for part in wanted if part not in text] == []


def test_every_alarm_has_its_runbook() -> None:
    listed = (PAGES[0].parent / "README.md").read_text("utf-8")
    for page in PAGES:
        if page.name != "README.md":
            name = page.read_text("utf-8").splitlines()[0].removeprefix("# ")
            assert f"| `{name}` |" in listed
            assert f"({page.name})" in listed
