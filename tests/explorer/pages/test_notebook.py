"""The page in a frame, as a notebook shows it: it opens, and follows what is clicked, without an address of its own."""

import pytest

import lenet

pytestmark = pytest.mark.page


def test_the_page_works_in_a_frame(browser, runs, tmp_path):
    shown = lenet.explore(runs[0], images=20, out=tmp_path / "page.html", open=False)
    notebook = tmp_path / "notebook.html"
    notebook.write_text(f"<!doctype html><title>notebook</title>{shown._repr_html_()}", encoding="utf-8")
    context = browser.new_context()
    page, faults = context.new_page(), []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(notebook.as_uri())
    frame = page.frame_locator("iframe")
    frame.locator("#page[data-ready]").wait_for()
    frame.get_by_role("tab", name="Replay").click()
    frame.locator("#panel-replay input[type=range]").press("Home")
    frame.get_by_text("Step 0, epoch 0").wait_for()
    context.close()
    assert faults == []
