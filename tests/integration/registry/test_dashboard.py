"""The dashboard in a real browser, by day and at night, on a desk and in a hand; with a keyboard, and as a screen
reader has it. In `make test-all` only, where there is a Chromium (`apt install chromium`)."""

import shutil
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.conftest import EVERYTHING
from tests.integration.registry.leases import body
from tests.support.client import Client

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.skipif(not EVERYTHING, reason="in make test-all only"),
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium"),
]
# As root there is no sandbox; nothing is looked for on the internet.
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
LONG = "a-host-with-a-name-that-is-longer-than-any-phone-is-wide.example.internal:orders:8080"
ROUND_MS = 5_000


@pytest.fixture
def browser(registry: str) -> Iterator[Browser]:
    """A browser, closed before the registry's tables are emptied: while it runs, Django refuses to speak to them."""
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS) as started,
    ):
        yield started


def register(registry: str, app: str, instance_id: str, status: str = "UP") -> None:
    """Register an instance that has a page."""
    sent = body(
        app,
        instance_id,
        status=status,
        homePageUrl="http://127.0.0.1:8080/",
        leaseInfo={"durationInSecs": 300},
    )
    assert Client(registry).post(f"/eureka/apps/{app}", sent).status == 204


@pytest.fixture
def people(registry: str, browser: Browser) -> None:
    """Who is registered."""
    register(registry, "ORDERS", "one")
    register(registry, "ORDERS", LONG, "STARTING")
    register(registry, "PEOPLE", "two")
    withdrawn = Client(registry).request("PUT", "/eureka/apps/PEOPLE/two/status?value=OUT_OF_SERVICE")
    assert withdrawn.status == 200


def opened(browser: Browser, registry: str, size: str = "desktop", scheme: str = "light") -> Page:
    """The dashboard, with a clock that goes on when it is told to."""
    width, height = SIZES[size]
    dark = scheme == "dark"
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light")
    page.clock.install()
    page.goto(registry)
    return page


def another_round(page: Page) -> None:
    """The page has shown itself anew."""
    page.evaluate("document.getElementById('live').dataset.old = ''")
    page.clock.run_for(ROUND_MS)
    expect(page.locator("#live:not([data-old])")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_everybody_can_read_it(browser: Browser, registry: str, people: None, size: str, scheme: str) -> None:
    page = opened(browser, registry, size, scheme)
    expect(page.get_by_role("link", name=LONG)).to_be_visible()
    # By axe-core: contrast, names, roles, the order of headings, the size of what is tapped.
    wcag = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = Axe().run(page, options={"runOnly": wcag})
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it must be scrolled sideways"
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    light = sum(int(part) for part in ground.removeprefix("rgb(").rstrip(")").split(",")) > 3 * 128
    assert light == (scheme == "light")


@pytest.mark.parametrize("size", SIZES)
def test_a_screen_reader_has_tables_with_headings(browser: Browser, registry: str, people: None, size: str) -> None:
    """As Chromium tells it to one, not as the document is written: a style sheet can take a table's role away."""
    page = opened(browser, registry, size)
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    told = [(node["role"]["value"], node.get("name", {}).get("value")) for node in tree if not node.get("ignored")]
    for wanted in (
        ("heading", "Service registry"),
        ("table", "ORDERS"),
        ("rowheader", "one"),
        ("table", "Last changes"),
    ):
        assert wanted in told
    assert [name for role, name in told if role == "columnheader"][:4] == [
        "Instance",
        "Status",
        "Lease age",
        "Registered (UTC)",
    ]


def test_what_has_changed_of_the_whole_is_said_and_nothing_else(
    browser: Browser, registry: str, people: None
) -> None:
    page = opened(browser, registry)
    said = page.get_by_role("status")
    another_round(page)
    expect(said).to_have_text("")
    register(registry, "ORDERS", "three")
    another_round(page)
    expect(said).to_have_text("2 of 4 instances are up.")


def test_everything_is_reached_by_the_keyboard_and_stays_in_hand(
    browser: Browser, registry: str, people: None
) -> None:
    page = opened(browser, registry)
    reached = []
    for _ in range(4):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent"))
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert reached == ["Pause updates", LONG, "one", "two"]
    another_round(page)
    assert page.evaluate("document.activeElement.textContent") == "two"


def test_it_stands_still_while_it_is_paused(browser: Browser, registry: str, people: None) -> None:
    page = opened(browser, registry)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.clock.run_for(10 * ROUND_MS)
    assert asked == []
    page.keyboard.press("Enter")
    expect(page.get_by_role("button")).to_have_text("Pause updates")
    another_round(page)
    assert asked != []


def test_who_loses_the_registry_sees_and_hears_it(browser: Browser, registry: str, people: None) -> None:
    page = opened(browser, registry)
    page.context.set_offline(True)
    page.clock.run_for(ROUND_MS)
    notice = page.locator("#lost")
    expect(notice).to_contain_text("does not answer")
    expect(page.get_by_role("status")).to_contain_text("does not answer")
    expect(page.get_by_role("link", name="one", exact=True)).to_be_visible()
    page.context.set_offline(False)
    page.clock.run_for(ROUND_MS)
    expect(notice).to_have_count(0)
