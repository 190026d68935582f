"""An old version of an event is logged as it came, and becomes in the graph what it means now."""

from collections.abc import Callable

import pytest
from django.core.management import call_command

from recommendations import graph, verify
from recommendations.models import LogEntry, LogPersonal
from tests.integration.recommendations.conftest import Append, empty
from tests.integration.recommendations.histories import History
from tests.support.feeds import walk
from tests.support.versions import ship_second_version

Project = Callable[[], None]


def shown() -> list[str]:
    """The last names in the graph, by id."""
    rows = graph.read("MATCH (user:User) RETURN user.lastName AS name ORDER BY user.userId", {})
    return [row["name"] for row in rows]


@pytest.fixture
def old(append: Append, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log with an event of the first version, read by code that knows the second."""
    append([History().user(1)])
    ship_second_version(monkeypatch)


@pytest.mark.usefixtures("old")
def test_an_old_version_is_logged_as_it_came_and_projected_as_what_it_means_now(project: Project) -> None:
    project()
    assert shown() == ["LOVELACE"]
    assert LogEntry.objects.get().schema_version == 1
    assert LogPersonal.objects.get().data["lastName"] == "Lovelace"
    (item,) = walk()
    assert (item["event"]["schemaVersion"], item["event"]["subject"]["lastName"]) == (1, "Lovelace")
    assert list(verify.verify()) == []


@pytest.mark.usefixtures("old")
def test_a_rebuild_and_a_replay_read_old_versions(project: Project) -> None:
    project()
    for command in ("rebuild", "replay"):
        empty()
        call_command(command)
        assert shown() == ["LOVELACE"], command
        assert list(verify.verify()) == []
