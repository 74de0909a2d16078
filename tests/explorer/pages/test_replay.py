"""The replay: everything follows the slider, it plays by itself, and where there is nothing to replay it says why."""

import numpy as np
import pytest

import lenet
from lenet.explorer.page_data import page_data

pytestmark = pytest.mark.page


def numbers(page):
    """What is seen of the moment: confusion matrix, pictures of the maps and kernels, and the map of the embedding."""
    return page.evaluate(
        """() => [document.querySelector('#panel-replay table.confusion').textContent,
            ...[...document.querySelectorAll('#panel-replay canvas')].map((each) => each.toDataURL())]"""
    )


def test_everything_follows_the_slider(open_page, explored, runs):
    page = open_page(explored, "#panel=replay&image=test:3")
    slider = page.locator("#panel-replay input[type=range]")
    assert slider.get_attribute("max") == "10"
    slider.focus()
    at_end = numbers(page)
    page.keyboard.press("Home")
    page.wait_for_function("() => lenet.state.snapshot === 0")
    page.wait_for_timeout(300)
    at_start = numbers(page)
    # Of the pictures, only the input is the same.
    assert [one == other for one, other in zip(at_start, at_end, strict=True)].count(True) == 1
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => lenet.state.snapshot === 1")
    held = page_data(runs[0])["runs"][0]
    text = page.locator("#panel-replay p[role=status]").inner_text()
    assert text.startswith(f"Step {held['snapshots'][1]['step']:,}, epoch ")
    assert f"{100 * held['snapshots'][1]['accuracy']:.2f} % of the test images correct" in text
    page.get_by_role("tab", name="Layers").click()
    assert page.evaluate("lenet.state.snapshot") == 1  # the other panels show the same moment
    page.get_by_role("tab", name="Replay").click()
    page.get_by_role("button", name="Show the trained network").click()
    page.wait_for_function("() => lenet.state.snapshot === null")


def test_it_plays_to_the_end(open_page, explored):
    page = open_page(explored, "#panel=replay&snapshot=8")
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("() => lenet.state.snapshot === 9")
    page.wait_for_function("() => lenet.state.snapshot === null")
    page.get_by_role("button", name="Play").wait_for()


def test_weights_of_a_snapshot_are_those_of_the_training(open_page, explored, runs):
    page = open_page(explored, "#panel=replay&snapshot=5")
    weights = np.array(page.evaluate("Array.from(lenet.network.weights)"), np.float32)
    from lenet.runs import snapshots

    run = lenet.load(runs[0])
    found = snapshots.find(run.path / "snapshots", run.network.architecture)[5]
    assert np.abs(weights - found.network.weights).max() < np.abs(found.network.weights).max() / 50


@pytest.mark.parametrize(
    ("language", "sentence"), [("en", "This run kept no snapshots"), ("zh", "此次训练没有保存快照")]
)
def test_without_snapshots_it_says_how_to_get_them(open_page, tmp_path, language, sentence):
    path = lenet.explore("digits", images=5, out=tmp_path / "page.html", open=False).path
    page = open_page(path, f"?lang={language}#panel=replay")
    assert page.locator("#panel-replay .body").inner_text().startswith(sentence)
    assert "lenet train --recipe" in page.locator("#panel-replay code").inner_text()
