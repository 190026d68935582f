"""The generated pages are those that the code makes now; the written ones miss no path."""

import re
from pathlib import Path

import pytest

from docs import generate

PATH = re.compile(r'path\("(v1/[^"]+)"')
PREFIXES = {"users": "/user", "friends": "/friend", "recommendations": "/recommendation"}


GENERATED = (
    "docs/reference/settings.md",
    "docs/reference/commands.md",
    "docs/reference/events.md",
    "docs/reference/helm-values.md",
    "docs/adr/README.md",
    "gateway/documents/asyncapi.json",
    "gateway/documents/openapi.json",
)


@pytest.mark.parametrize("name", GENERATED)
def test_a_generated_page_is_up_to_date(name: str) -> None:
    path = generate.BASE / name
    assert path.read_text("utf-8") == generate.pages()[path], "./manage.py python docs/generate.py writes it anew"


def test_a_setting_of_the_code_stands_in_the_page() -> None:
    from config.environment import SETTINGS

    page = generate.settings_page()
    assert [name for name in SETTINGS if f"| `{name}` |" not in page] == []


def test_every_schema_is_told_with_its_personal_members() -> None:
    page = generate.events_page()
    schemas = [path.name for path in (generate.BASE / "eventsourcing" / "schemas").glob("*.v*.json")]
    assert schemas
    assert [name for name in schemas if f"/schemas/{name})" not in page or f"/samples/{name})" not in page] == []
    assert "| `firstName` | string, 1 to 255 characters | personal |" in page


def _as_documented(path: str) -> str:
    """`v1/users/<str:user_id>` as the page writes it: `/v1/users/{userId}`."""
    names = {"user_id": "userId", "friendship_id": "id"}
    return "/" + re.sub(r"<str:(\w+)>", lambda match: "{" + names[match[1]] + "}", path)


@pytest.mark.parametrize("service", PREFIXES)
def test_every_path_of_the_api_stands_in_the_page(service: str) -> None:
    paths = PATH.findall((generate.BASE / service / "urls.py").read_text())
    assert paths
    page = Path(generate.DOCS / "reference" / "http.md").read_text("utf-8")
    missing = [path for path in paths if f"{PREFIXES[service]}{_as_documented(path)}" not in page]
    assert missing == []
