"""The whole test set in the page: a cell opens its images, an image opens, the map leads to images, exercises are states."""

import numpy as np
import pytest

pytestmark = pytest.mark.page

READY = "lenet.kernels && lenet.known.get('answers test')?.result.result"


def opened(open_page, path, address):
    page = open_page(path, address)
    page.wait_for_function("lenet.kernels")
    return page


def test_a_cell_opens_its_images_and_an_image_opens(open_page, explored):
    page = opened(open_page, explored, "#panel=set")
    page.wait_for_function(READY)
    classes = page.evaluate("lenet.run.classes.length")
    confusion = np.array(page.evaluate("[...lenet.run.test.confusion.values]")).reshape(classes, classes)
    off = confusion - np.diag(np.diagonal(confusion))
    truth, answer = np.unravel_index(off.argmax(), off.shape)
    cell = page.locator(f'[data-cell="{truth}.{answer}"]')
    assert cell.inner_text() == str(confusion[truth, answer])
    cell.click()
    images = page.locator("#cell-images [data-image]")
    images.first.wait_for()
    shown = [float(text.split()[-1]) for text in images.locator("span").all_inner_texts()]
    assert shown == sorted(shown, reverse=True)
    address = images.first.get_attribute("data-image")
    images.first.click()
    assert page.evaluate("[lenet.state.image, lenet.image.label, lenet.answer.label]") == [address, truth, answer]
    assert f"cell={truth}.{answer}" in page.evaluate("location.hash")
    page.locator("#why-this").click()
    page.wait_for_selector("#panel-why:not([hidden]) .says-mistake")


def test_the_matrix_is_a_table_for_the_keyboard(open_page, explored):
    page = opened(open_page, explored, "#panel=set&shares=shares")
    page.locator('[data-cell="0.0"]').focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.dataset.cell") == "1.1"
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('[data-cell=\"1.1\"]').ariaPressed === 'true'")
    label = page.locator('[data-cell="1.1"]').get_attribute("aria-label")
    assert label.startswith("true class 1, answer 1:")
    assert page.evaluate("document.activeElement.dataset.cell") == "1.1"


def test_a_point_of_the_map_opens_its_image(open_page, explored):
    page = opened(open_page, explored, "#panel=set")
    canvas = page.locator("canvas.embedding")
    canvas.scroll_into_view_if_needed()
    width, height = canvas.evaluate("each => [each.clientWidth, each.clientHeight]")
    points = np.array(page.evaluate("[...lenet.run.embeddings.map.values]")).reshape(-1, 2)
    low, high = points.min(axis=0), points.max(axis=0)
    alone = int(points[:, 0].argmax())  # the rightmost
    across, down = (points[alone] - low) / (high - low) * [1, -1] + [0, 1]
    position = {"x": width * (0.5 + (across - 0.5) * 0.88), "y": height * (0.5 + (down - 0.5) * 0.88)}
    canvas.hover(position=position)
    page.locator(".tip").wait_for()
    canvas.click(position=position)
    tests = page.evaluate("lenet.run.images.test.labels.values.length")
    expected = f"test:{alone}" if alone < tests else f"train:{alone - tests}"
    assert page.evaluate("lenet.state.image") == expected
    placed = page.evaluate(
        """(() => { const e = lenet.run.embeddings, layer = lenet.run.layers.findIndex((each) => each.name === e.layer);
        const values = lenet.outputs[layer - 1], width = values.length, at = (k) => values.reduce((sum, value, i) =>
        sum + (value - e.centre.values[i]) * e.axes.values[k * width + i], 0); return [at(0), at(1)]; })()"""
    )
    assert placed == pytest.approx(points[alone], abs=1e-2)  # any image has its place


def test_the_map_is_zoomed_and_walked_through(open_page, explored):
    page = opened(open_page, explored, "#panel=set")
    page.locator("[data-zoom=zoomIn]").click()
    assert "map=" in page.evaluate("location.hash")
    canvas = page.locator("canvas.embedding")
    canvas.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.locator(".tip").wait_for()
    page.keyboard.press("Enter")
    assert page.evaluate("lenet.state.image") != "test:0"
    page.keyboard.press("0")
    assert "map=" not in page.evaluate("location.hash")


def test_reliability_and_scores(open_page, explored):
    page = opened(open_page, explored, "#panel=set")
    text = page.locator("#panel-set").inner_text()
    assert "Expected calibration error" in text
    confusion = np.array(page.evaluate("[...lenet.run.test.confusion.values]")).reshape(10, 10)
    recall = 100 * confusion[3, 3] / confusion[3].sum()
    assert f"{recall:.1f} %" in page.locator(".scores tbody tr").nth(3).inner_text()


def test_units_are_marked_and_a_finding_leads_to_them(open_page, explored):
    page = opened(open_page, explored, "#panel=units")
    page.evaluate(
        """() => {
        const layer = lenet.run.layers.find((each) => each.kind === "activation");
        const evidence = { [`dead share of ${layer.name}`]: 0.6 };
        lenet.run.findings = [{ name: "dead-units", step: 1, epoch: 1, message: "most are 0", remedy: "again", evidence }];
        lenet.schedule();
        }"""
    )
    page.locator("[data-finding=dead-units] button").click()
    layer = page.evaluate("lenet.state.layer")
    page.evaluate(f"lenet.set({{ units: '{layer}.0' }})")  # a unit that is switched off is 0 for every image
    page.wait_for_selector("#units-of-layer .unit.dead[data-unit='0']")
    page.locator("#units-of-layer [data-unit='1']").click()
    assert page.evaluate("[lenet.state.layer, lenet.state.unit]") == [layer, 1]


def test_the_books_exercises_are_states(open_page, explored):
    page = opened(open_page, explored, "#panel=book")
    assert page.locator("table.rows tbody tr").count() == 6
    page.locator("a", has_text="inputs that are no training images").click()
    page.wait_for_selector('[data-row="noise:1"]')
    assert "exercise=5" in page.evaluate("location.hash")
    assert "inputs that are no training images" in page.locator("#book-summary").inner_text()
    page.locator("a", has_text="a cat").click()
    page.wait_for_function("lenet.state.panel === 'why' && lenet.state.image === 'outline:cat'")
    assert page.locator(".reasons").inner_text().startswith("The network answers")
