"""The page as a whole: nobody is kept out, nothing scrolls sideways, it works offline, without scripts and in Firefox."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from webassembly import node

pytestmark = pytest.mark.page

NARROW, WIDE = {"width": 390, "height": 844}, {"width": 1440, "height": 900}
BIDI = Path(__file__).parents[2] / "support" / "firefox.mjs"


def panels(page):
    """Open one tab after the other; yields the name of each when it is painted."""
    for tab in page.get_by_role("tab").all():
        tab.click()
        page.wait_for_function("document.querySelector('[role=tabpanel]:not([hidden]) .body')?.childElementCount > 0")
        page.wait_for_timeout(150)
        yield tab.get_attribute("id").removeprefix("tab-")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_it_keeps_nobody_out(open_page, compared, axe, theme, size):
    page = open_page(compared, size=size, theme=theme)
    page.evaluate(axe)
    found = {}
    for panel in panels(page):
        result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        for violation in result["violations"]:
            found.setdefault(f"{violation['id']} ({violation['impact']})", []).append(
                (panel, violation["nodes"][0]["html"][:200])
            )
    assert found == {}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_nothing_scrolls_sideways_on_a_phone(open_page, compared, language):
    page = open_page(compared, f"?lang={language}", size=NARROW)
    wide = {
        panel: width for panel in panels(page) if (width := page.evaluate("document.documentElement.scrollWidth")) > 390
    }
    assert wide == {}


def test_no_panel_stops(open_page, explored, compared):
    """In any language, with one network and with two."""
    for path in (explored, compared):
        for language in ("en", "zh"):
            page = open_page(path, f"?lang={language}")
            assert [panel for panel in panels(page) if page.locator(".error:visible").count()] == []


def test_the_address_brings_everything_back(open_page, explored):
    page = open_page(explored, "#panel=why&image=test:7&lang=zh&theme=dark")
    assert page.evaluate("[document.documentElement.lang, document.documentElement.dataset.theme]") == ["zh", "dark"]
    page.get_by_role("tab").first.click()
    page.reload()
    page.wait_for_selector("#page[data-ready]")
    state = page.evaluate("lenet.state")
    assert (state["image"], state["lang"], state["theme"]) == ("test:7", "zh", "dark")
    page.go_back()
    assert page.evaluate("lenet.state.panel") == "why"


def test_nonsense_in_the_address_leaves_a_page(open_page, explored):
    page = open_page(
        explored, "#panel=nothing&image=test:99999&layer=77&unit=-3&snapshot=900&weights=x&units=9.9&run=5"
    )
    assert page.locator(".error:visible").count() == 0
    assert page.get_by_role("tab").count() > 3


@pytest.mark.parametrize("kind", ["PNG", "SVG"])
def test_a_panel_is_saved_as_it_is_seen(open_page, explored, tmp_path, kind):
    page = open_page(explored)
    with page.expect_download() as download:
        page.locator("[role=tabpanel]:not([hidden])").get_by_text(kind, exact=True).click()
    content = download.value.path().read_bytes()
    assert content.startswith(b"\x89PNG" if kind == "PNG" else b"<svg")
    assert len(content) > 3_000


def test_without_scripts_there_are_pictures_and_tables(browser, explored):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(explored.as_uri())
    assert page.locator("noscript table").count() >= 1
    assert page.locator("noscript img").count() >= 1
    context.close()


def test_without_webassembly_it_says_so_and_works(browser, explored):
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script("delete globalThis.WebAssembly")
    page.goto(explored.as_uri())
    page.wait_for_selector("#page[data-ready]")
    assert "no WebAssembly" in page.locator("#notices").inner_text()
    assert page.evaluate("lenet.answer.label") >= 0
    context.close()


def test_it_works_in_firefox(explored, tmp_path):
    firefox = shutil.which("firefox-esr") or shutil.which("firefox")
    assert firefox, "needs Firefox: apt-get install firefox-esr"
    ready = """new Promise((done) => {
        const wait = () => (globalThis.lenet?.kernels ? done(String(lenet.answer.label)) : setTimeout(wait, 50));
        wait();
    })"""
    command = [*node(), str(BIDI), firefox, explored.as_uri(), ready, str(tmp_path / "firefox.png")]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout)
    assert (found["errors"], found["exception"]) == ([], None)
    assert found["value"].isdigit()
