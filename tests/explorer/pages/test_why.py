"""Why the network answers what it answers: the page's numbers are Python's, and a stranger finds the reason."""

import json

import numpy as np
import pytest

import lenet
from lenet.analysis.occlusion import occlusion
from lenet.config import TrainConfig
from lenet.engines import kernels
from lenet.engines.cpu import CpuEngine
from lenet.engines.embedding import dense_layer, embeddings
from lenet.metrics import softmax
from lenet.networks.gradients import of_images

pytestmark = pytest.mark.page

DONE = "lenet.known.get('covered')?.result.result && document.querySelector('#why-occlusion').dataset.done === 'true'"
TIMED = """async (patch) => {
    const before = lenet.known.get("covered").result, start = performance.now();
    lenet.set({ patch });
    const isDone = () => lenet.known.get("covered").result !== before && lenet.known.get("covered").result.result;
    while (!isDone()) await new Promise((resume) => setTimeout(resume));
    await new Promise(requestAnimationFrame);
    return performance.now() - start;
}"""


@pytest.fixture(scope="module")
def trained(runs):
    return lenet.load(runs[0]).network


def opened(open_page, path, address="#panel=why", **options):
    page = open_page(path, address, **options)
    page.wait_for_function(f"lenet.kernels && {DONE}")
    return page


def image_of(page):
    height, width = page.evaluate("[lenet.run.input.height, lenet.run.input.width]")
    return np.array(page.evaluate("[...lenet.image.pixels]"), np.uint8).reshape(height, width)


def covered(page):
    """The page's logits with each place covered, and last without a cover."""
    values = page.evaluate("[...lenet.known.get('covered').result.result.logits]")
    return np.array(values, np.float32).reshape(-1, 10)


def cover(image, row, column, edge):
    half, result = edge // 2, image.copy()
    result[max(0, row - half) : row + half + 1, max(0, column - half) : column + half + 1] = 0
    return result


@pytest.mark.skipif("sse4" not in kernels.variants(), reason="needs a processor with SSE4")
def test_every_cover_has_the_bits_of_the_native_kernels(open_page, explored, trained):
    page = opened(open_page, explored)
    image = image_of(page)
    images = [cover(image, row, column, 5) for row in range(28) for column in range(28)]
    engine = CpuEngine(trained.network, None, TrainConfig(threads=1), trained.preprocessing, variant="sse4")
    assert np.array_equal(covered(page), engine.logits(np.stack([*images, image])))


def test_the_map_is_that_of_python_at_the_same_places(open_page, explored, trained):
    """lenet.analysis.occlusion averages squares within the image: their centres are places of the page's map."""
    page = opened(open_page, explored)
    temperature = trained.calibration.temperature if trained.calibration else 1.0
    probabilities = softmax(covered(page) / temperature)
    image, label = image_of(page), int(probabilities[-1].argmax())

    def computed(images):
        return softmax(trained.logits(images) / temperature)

    expected = occlusion(computed, image, label, 0)
    starts = sorted({round(start) for start in np.linspace(0, 23, 14)})
    sums, counts = np.zeros((28, 28)), np.zeros((28, 28))
    for top in starts:
        for left in starts:
            lost = probabilities[-1, label] - probabilities[(top + 2) * 28 + left + 2, label]
            sums[top : top + 5, left : left + 5] += lost
            counts[top : top + 5, left : left + 5] += 1
    assert expected.patch == (5, 5)
    np.testing.assert_allclose(sums / counts, expected.losses, atol=1e-5)


@pytest.mark.alone
def test_784_places_take_less_than_a_fifth_of_a_second(open_page, explored):
    page = opened(open_page, explored)
    assert min(page.evaluate(TIMED, patch) for patch in (3, 7, 9, 3, 7, 5)) < 200


def test_the_gradient_is_that_of_python(open_page, explored, trained):
    page = opened(open_page, explored, "#panel=why&slope=plain&slopeOf=class")
    image, label = image_of(page), page.evaluate("lenet.answer.label")
    expected = of_images(trained.network, image[None], np.array([label]), trained.preprocessing)[0, 0]
    computed = np.array(page.evaluate("[...lenet.known.get('slope').result]")).reshape(28, 28)
    np.testing.assert_allclose(computed, expected, rtol=1e-3, atol=1e-5 * np.abs(expected).max())


def test_contributions_add_up_and_units_have_their_images(open_page, explored, trained):
    page = opened(open_page, explored)
    page.wait_for_selector("#why-units .likes button")
    lead = page.evaluate("lenet.known.get('lead').result.lead.lead")
    exact = page.evaluate(
        "(() => { const l = lenet.outputs.at(-1), t = lenet.image.label, a = lenet.answer.label; return l[a] - l[t]; })()"
    )
    assert page.evaluate("lenet.image.label !== lenet.answer.label")  # the first image is the worst mistake
    assert lead == pytest.approx(exact, abs=1e-4)
    unit = int(page.locator("#why-units tbody tr").first.get_attribute("data-unit"))
    images = np.array(page.evaluate("[...lenet.run.images.test.pixels.values]"), np.uint8).reshape(-1, 28, 28)
    strength = embeddings(trained, images, 1)[:, unit]
    best = page.locator("#why-units tbody tr").first.locator("[data-image]")
    addresses = best.evaluate_all("all => all.map((each) => Number(each.dataset.image.replace('test:', '')))")
    np.testing.assert_allclose(strength[addresses], np.sort(strength)[::-1][:3], rtol=1e-4)
    page.locator("#why-units tbody tr button").first.click()
    state = page.evaluate("lenet.state")
    assert (state["panel"], state["unit"]) == ("layers", unit)


def test_the_nearest_training_images_are_those_of_a_search(open_page, explored, trained):
    page = opened(open_page, explored)
    page.wait_for_selector("#why-near [data-image]")
    addresses = page.locator("#why-near [data-image]").evaluate_all("all => all.map((each) => each.dataset.image)")
    found = [int(address.removeprefix("train:")) for address in addresses]
    train = np.array(page.evaluate("[...lenet.run.images.train.pixels.values]"), np.uint8).reshape(-1, 28, 28)
    layer = dense_layer(trained, page.evaluate("lenet.run.embeddings.layer"))
    points = embeddings(trained, np.concatenate([train, image_of(page)[None]]), 1, layer)
    distances = np.linalg.norm(points[:-1] - points[-1], axis=1)
    assert len({*found}) == 8
    np.testing.assert_allclose(distances[found], np.sort(distances)[:8], rtol=1e-2)  # the page may hold float16
    page.locator("#why-near [data-image]").first.click()
    assert page.evaluate("lenet.state.image") == addresses[0]


def test_places_are_walked_through_and_pinned(open_page, explored):
    page = opened(open_page, explored)
    page.wait_for_selector("#why-near [data-image]")  # what is computed in slices is painted, and takes no focus away
    page.wait_for_selector("#why-units .likes button")
    shown = page.locator("#why-occlusion").get_by_role("application").nth(1)
    shown.press("ArrowRight")
    page.wait_for_function("lenet.state.place !== null")
    place = page.evaluate("lenet.state.place")
    shown.press("ArrowDown")
    page.wait_for_function(f"lenet.state.place === {place + 28}")
    row, column = divmod(place + 28, 28)
    page.wait_for_function(
        f"document.querySelector('#why-occlusion output').innerText.includes('Row {row}, column {column} covered')"
    )
    assert "place=" in page.evaluate("location.hash")
    shown.hover(position={"x": 3, "y": 3})
    page.wait_for_function(
        "document.querySelector('#why-occlusion output').innerText.includes('Row 0, column 0 covered')"
    )
    page.keyboard.press("Escape")
    assert page.evaluate("lenet.state.place") is None


def test_the_sentences_are_made_from_the_numbers(open_page, explored):
    page = opened(open_page, explored)
    mistake = page.locator(".reasons .says-mistake").inner_text()
    classes = page.evaluate("lenet.run.classes")
    answer, truth = page.evaluate("[lenet.answer.label, lenet.image.label]")
    assert f"answers {classes[answer]} with" in mistake
    assert f"the label says {classes[truth]}," in mistake
    values = covered(page)
    turned = int((values[:-1].argmax(axis=1) == truth).sum())
    text = page.locator(".reasons").inner_text()
    assert (f"{turned} of 784 places turn it into {classes[truth]}." in text) == (turned > 0)
    page.evaluate("lenet.set({ lang: 'zh' })")
    page.wait_for_function("document.querySelector('.reasons').innerText.includes('判断错误')")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("panel", ["why", "set", "units", "book"])
def test_nobody_is_kept_out_on_a_phone(open_page, explored, axe, panel, theme):
    page = open_page(explored, f"#panel={panel}&cell=0.0", size={"width": 390, "height": 844}, theme=theme)
    page.wait_for_function("lenet.kernels")
    page.wait_for_timeout(300)
    page.evaluate(axe)
    result = page.evaluate("axe.run(document.querySelector('[role=tabpanel]:not([hidden])'))")
    assert json.dumps([(each["id"], each["nodes"][0]["html"][:200]) for each in result["violations"]]) == "[]"
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_what_is_chosen_and_coloured_is_in_the_saved_panel(open_page, explored):
    page = opened(open_page, explored)
    with page.expect_download() as download:
        page.locator("#panel-why").get_by_text("SVG", exact=True).click()
    text = download.value.path().read_text(encoding="utf-8")
    assert "5 × 5 pixels</text>" in text
    assert "--accent:#1f5fbf" in text
