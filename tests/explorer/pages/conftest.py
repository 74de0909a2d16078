"""The page in Chromium: offline, with every error and every request a failure.

    page = open_page(explored, "?lang=zh#panel=why")

The tests run one after the other, in one browser (make page). What is shown follows a change by up to two frames, so
whatever a test reads from a locator is read once no frame is awaited.
"""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from page import COUNT_FRAMES, TOOLS, chromium, painted

import lenet

WIDE = {"width": 1440, "height": 900}
READS = (
    "all_inner_texts",
    "bounding_box",
    "count",
    "evaluate",
    "evaluate_all",
    "get_attribute",
    "inner_text",
    "is_disabled",
    "is_visible",
    "screenshot",
    "text_content",
)


def once_painted(read: Callable[..., Any]) -> Callable[..., Any]:
    """Return what reads from a locator after the page shows what was changed last."""

    @functools.wraps(read)
    def after_a_frame(locator: Any, *arguments: Any, **options: Any) -> Any:
        painted(locator.page)
        return read(locator, *arguments, **options)

    return after_a_frame


@pytest.fixture(scope="session")
def browser():
    from playwright import sync_api  # only make page installs it

    plain = {name: getattr(sync_api.Locator, name) for name in READS}
    for name, read in plain.items():
        setattr(sync_api.Locator, name, once_painted(read))
    executable = chromium()
    assert executable, "needs Chromium: apt-get install chromium"
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        new_context = browser.new_context

        def counting_frames(**options: Any) -> Any:
            context = new_context(**options)
            context.add_init_script(COUNT_FRAMES)
            return context

        browser.new_context = counting_frames
        yield browser
        browser.close()
    for name, read in plain.items():
        setattr(sync_api.Locator, name, read)


@pytest.fixture
def open_page(browser):
    """Open a file as a page that is ready; at the end, fail if the page reported an error or asked for anything."""
    faults: list[str] = []
    contexts = []

    def opened(path: Path, address: str = "", size: dict[str, int] = WIDE, theme: str = "light", **options: Any) -> Any:
        # Playwright waits for an expression by eval, which the page's policy forbids; test_build.py reads the policy.
        options = {"bypass_csp": True, **options}
        context = browser.new_context(viewport=size, color_scheme=theme, locale=options.pop("locale", "en"), **options)
        contexts.append(context)
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(f"error: {error}"))
        page.on(
            "console", lambda message: faults.append(message.text) if message.type in ("error", "warning") else None
        )
        page.on("request", lambda request: faults.append(request.url) if request.url.startswith("http") else None)
        context.set_offline(True)
        page.goto(f"{path.as_uri()}{address}")
        page.wait_for_selector("#page[data-ready]")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture(scope="session")
def axe() -> str:
    """The text of axe-core, which looks for what keeps people out."""
    path = TOOLS / "axe-core/axe.min.js"
    assert path.exists(), "run `make page`, which installs axe-core"
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def runs(tmp_path_factory) -> list[Path]:
    """Two networks of the built-in digits: one that is trained well, and one that is not."""
    folder = tmp_path_factory.mktemp("runs")
    well = lenet.train("digits", recipe="fast", epochs=2, seed=0, out=folder / "well")
    badly = lenet.train("digits", recipe="book-adam", epochs=1, seed=1, out=folder / "badly")
    return [well.path, badly.path]


@pytest.fixture(scope="session")
def explored(runs) -> Path:
    """The page of the first."""
    return lenet.explore(runs[0], out=runs[0].parent / "one.html", open=False).path


@pytest.fixture(scope="session")
def compared(runs) -> Path:
    """The page of both."""
    return lenet.explore(*runs, out=runs[0].parent / "two.html", open=False).path
