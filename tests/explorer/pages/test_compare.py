"""Two networks side by side: the same image, both answers and maps, and where they disagree."""

import numpy as np
import pytest

import lenet

pytestmark = pytest.mark.page


def test_answers_maps_and_disagreements(open_page, compared, runs):
    page = open_page(compared, "#panel=compare&image=test:0")
    networks = [lenet.load(run).network for run in runs]
    test = lenet.data.load("digits").test
    answers = [network.logits(test.images).argmax(axis=1) for network in networks]
    differing = (answers[0] != answers[1]).sum()
    text = page.locator("#panel-compare .body").inner_text()
    right = [int(((answer == test.labels) & (answers[0] != answers[1])).sum()) for answer in answers]
    assert f"They disagree on {differing} of 10000 test images: on {right[0]} of them well is right" in text
    first = page.locator("#panel-compare .thumb").first
    address = first.get_attribute("data-image")
    first.click()
    page.wait_for_function(f"() => lenet.state.image === '{address}'")
    page.get_by_text("They disagree.").wait_for()
    assert "well has other layers than badly from here on" in page.locator("#panel-compare .body").inner_text()
    shown = page.evaluate("[0, 1].map((run) => lenet.answerOf(run).label)")
    number = int(page.evaluate(f"lenet.data.runs[0].images.test.positions.values[{address.split(':')[1]}]"))
    assert shown == [int(answer[number]) for answer in answers]


def test_the_list_of_disagreements_has_pages(open_page, compared):
    page = open_page(compared, "#panel=compare&besidePage=1")
    images = page.locator("#panel-compare .thumb")
    stored = page.evaluate("lenet.data.runs[1].disagreements.images.values.length")
    assert stored > 120, "too few disagreements for this test"
    status = page.get_by_text(f"61 to 120 of {stored}")
    status.wait_for()
    first = images.first.get_attribute("data-image")
    images.first.focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.dataset.image") == images.nth(1).get_attribute("data-image")
    page.keyboard.press("PageUp")
    page.get_by_text(f"1 to 60 of {stored}").wait_for()
    assert page.evaluate("document.activeElement.dataset.image") == images.nth(1).get_attribute("data-image") != first
    assert page.locator("#panel-compare").get_by_label("Previous page").is_disabled()
    page.locator("#panel-compare").get_by_label("Next page").click()
    status.wait_for()
    assert images.first.get_attribute("data-image") == first


def test_the_difference_of_maps_of_the_same_layers(open_page, runs, tmp_path):
    other = lenet.train("digits", epochs=1, validation=59_000, out=tmp_path / "other", progress="quiet")
    path = lenet.explore(runs[0], other, images=20, out=tmp_path / "page.html", open=False).path
    page = open_page(path, "#panel=compare")
    for layer in (0, 3, 11):
        row = page.locator(f"#panel-compare section[data-layer='{layer}']")
        pictures = row.evaluate("each => [...each.querySelectorAll('canvas')].map((c) => c.toDataURL())")
        assert len(set(pictures)) == 3  # one, the other, the difference
    assert "there is no difference" not in page.locator("#panel-compare .body").inner_text()


def test_the_other_network_can_come_first(open_page, compared):
    page = open_page(compared, "#panel=compare&run=1&lang=zh")
    text = page.locator("#panel-compare .body").inner_text()
    assert text.startswith("将 badly 与之比较")
    assert "badly:10000 张测试图像中" in text


def test_one_network_alone_says_how_to_get_a_second(open_page, explored):
    page = open_page(explored, "#panel=compare")
    text = page.locator("#panel-compare .body").inner_text()
    assert "This page holds one network." in text
    assert "lenet explore RUN RUN2" in text
    assert np.isfinite(page.evaluate("lenet.outputs.at(-1)[0]"))
