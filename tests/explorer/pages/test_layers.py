"""The layers in the page: the arithmetic of any number, what is pinned, what is switched off, scales, and the filters."""

import numpy as np
import pytest
from page import painted

import lenet

pytestmark = pytest.mark.page

NARROW = {"width": 390, "height": 844}
ADDRESS = "() => location.hash"


@pytest.fixture(scope="module")
def deep(tmp_path_factory):
    """The page of a network with the other kinds of layers: normalization, average and global pooling, dropout."""
    folder = tmp_path_factory.mktemp("deep")
    options = {
        "model": "tiny",
        "activation": "tanh",
        "pooling": "avg",
        "dropout": 0.2,
        "epochs": 1,
        "validation": 50_000,
    }
    run = lenet.train("digits", recipe="fast", out=folder / "run", **options)
    return lenet.explore(run.path, out=folder / "deep.html", open=False).path


def layer(page, number):
    """What holds the numbers of a layer."""
    return page.locator(f'#panel-layers .layer[data-layer="{number}"] .layermaps')


def detail(page):
    return page.locator("#panel-layers .detail")


def shown(page):
    """The first part of the arithmetic: what kind of layer, its output, its last sum and the steps, as texts."""
    part = detail(page).locator(".sumpart").first
    total = part.locator("[data-sum]")
    return {
        "kind": part.get_attribute("data-kind"),
        "output": part.locator("output").inner_text(),
        "sum": total.inner_text() if total.count() else None,
        "text": part.inner_text(),
    }


def value(page, number, index):
    """A number of a layer's output, from the engine."""
    return np.float32(page.evaluate(f"lenet.outputs[{number}][{index}]"))


@pytest.mark.parametrize("which", ["explored", "deep"])
def test_any_number_of_any_layer_is_taken_apart(open_page, request, which):
    page = open_page(request.getfixturevalue(which))
    kinds = {}
    for number in range(page.evaluate("lenet.network.layers.length")):
        box = layer(page, number).bounding_box()
        for x, y in ((3, 3), (box["width"] / 2 - 4, box["height"] / 2 - 4)):
            layer(page, number).hover(position={"x": x, "y": y})
            result = shown(page)
            assert int(detail(page).locator(".sumpart").first.get_attribute("data-layer")) == number
            kinds.setdefault(result["kind"], []).append(result)
            if result["kind"] in ("convolution", "dense"):
                assert result["sum"] == result["output"]
            elif result["kind"] == "batch-norm":
                assert result["sum"] == result["output"]
                assert "running variance" in result["text"]
            elif result["kind"] in ("activation", "pooling", "global-pooling"):
                assert result["text"].count(f"= {result['output']}") == 1
            else:
                assert result["text"].rstrip().endswith(result["output"])
    more = {"explored": {"convolution", "activation", "pooling", "flatten", "dense"}}
    assert set(kinds) == more.get(which, {*more["explored"], "batch-norm", "global-pooling", "dropout"})


def test_the_products_are_those_of_patch_and_kernel(open_page, explored):
    """Added in their order in float32, beginning with the bias, the printed numbers give the printed output."""
    page = open_page(explored, "#layer=3&unit=5&row=4&column=7")
    part = detail(page).locator(".sumpart").first
    cells = [cell.split("\n") for cell in part.locator(".patch td").all_inner_texts()]
    assert len(cells) == 6 * 25
    total = np.float32(part.locator("[data-bias]").inner_text())
    for given, weight, product, so_far in cells:
        number = np.float32(given) * np.float32(weight.strip("× "))
        total += number
        assert np.float32(product.strip("= ")) == number
        assert np.float32(so_far.strip("Σ ")) == total
    assert np.float32(part.locator("output").inner_text()) == total == value(page, 3, (5 * 10 + 4) * 10 + 7)


def test_padding_is_said_to_be_zeros(open_page, explored):
    page = open_page(explored, "#layer=0&unit=1&row=0&column=0")
    assert detail(page).locator("td.outside").count() == 16
    assert "lies outside of the image" in shown(page)["text"]


def test_contributions_are_sorted_and_say_where_they_come_from(open_page, explored):
    page = open_page(explored, "#layer=7&unit=30")
    table = detail(page).locator(".contributions")
    products = [abs(float(text.strip("= "))) for text in table.locator("td:nth-child(4)").all_inner_texts()]
    assert len(products) == 16
    assert products == sorted(products, reverse=True)
    page.locator("#panel-layers select").nth(1).select_option("engine")
    assert table.locator("tbody tr").count() == 400
    assert "terms=engine" in page.evaluate(ADDRESS)
    place = table.locator("tbody tr").nth(57).locator("td").first
    assert place.inner_text() == "map 2, row 1, column 2"
    place.locator("button").click()
    assert "layer=5&unit=2&row=1&column=2" in page.evaluate(ADDRESS)


def test_a_click_pins_and_the_address_keeps_it(open_page, explored):
    page = open_page(explored)
    layer(page, 3).click(position={"x": 8, "y": 8})
    assert "layer=3&unit=0&row=2&column=2" in page.evaluate(ADDRESS)
    before = shown(page)
    layer(page, 0).hover(position={"x": 20, "y": 20})
    assert shown(page) == before
    assert "0 · Convolution, map 0" in page.locator("#panel-layers .readout").inner_text()
    assert layer(page, 2).locator(".source").count() == 6
    page.reload()
    page.wait_for_selector("#page[data-ready]")
    assert shown(page) == before
    detail(page).get_by_text("Release").click()
    assert "layer=" not in page.evaluate(ADDRESS)


@pytest.mark.parametrize("kind", ["dense", "flatten"])
def test_a_layer_without_maps_is_enlarged(open_page, explored, kind):
    page = open_page(explored)
    number = page.evaluate(f"lenet.network.layers.findIndex((each) => each.kind === '{kind}')")
    page.evaluate(f"lenet.set({{layer: {number}, unit: 3, row: 0, column: 0}})")
    large = detail(page).locator(".enlarged [role=application]")
    large.and_(page.get_by_label("enlarged")).wait_for()
    wide, narrow = (
        each.evaluate("each => each.getBoundingClientRect().width") for each in (large, layer(page, number))
    )
    assert wide > narrow > 0
    assert large.locator(".mark").count() == 1
    large.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => lenet.state.unit === 4")
    large.click(position={"x": 1, "y": 1})
    page.wait_for_function("() => lenet.state.unit === 0")


def test_the_keyboard_alone_walks_through_all_layers(open_page, explored):
    page = open_page(explored)
    layer(page, -1).focus()
    for expected in (
        "Input, channel 0, row 0, column 0",
        "0 · Convolution, map 0, row 0, column 0",
        "1 · ReLU, map 0, row 0, column 0",
    ):
        assert detail(page).locator("h3").inner_text() == expected
        page.keyboard.press("Tab")
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    assert "layer=2&unit=0&row=1&column=2" in page.evaluate(ADDRESS)
    page.keyboard.press("PageDown")
    assert "layer=2&unit=1&row=1&column=2" in page.evaluate(ADDRESS)
    page.keyboard.press("Escape")
    assert "layer=" not in page.evaluate(ADDRESS)


def test_a_maximum_outlines_its_winner(open_page, explored):
    page = open_page(explored, "#layer=2&unit=2&row=6&column=6")
    assert layer(page, 1).locator(".winner").count() == 1
    assert detail(page).locator("td.winner").inner_text().split()[0] == shown(page)["output"]


def test_a_unit_that_is_off_changes_the_answer_and_the_address(open_page, explored):
    page = open_page(explored, "#layer=3&unit=4&row=2&column=2")
    before = page.evaluate("[...lenet.outputs.at(-1)]")
    detail(page).get_by_text("Switch this unit off").click()
    assert "units=3.4" in page.evaluate(ADDRESS)
    after = page.evaluate("[...lenet.outputs.at(-1)]")
    assert after != before
    assert shown(page)["output"] == "0"
    assert layer(page, 3).locator(".off").count() == 1
    page.reload()
    page.wait_for_selector("#page[data-ready]")
    assert page.evaluate("[...lenet.outputs.at(-1)]") == after
    assert "units off: 1" in page.locator("#panel-layers .changed-strip").inner_text()
    page.get_by_text("Reset all").locator("visible=true").click()
    assert page.evaluate("[...lenet.outputs.at(-1)]") == before


def test_a_weight_is_changed_in_its_table(open_page, explored):
    page = open_page(explored, "#layer=0&unit=0&row=10&column=10")
    before = float(shown(page)["output"])
    button = detail(page).locator("button.weight").nth(12)
    index = int(button.get_attribute("data-index"))
    button.click()
    editor = page.locator("#panel-layers .weight-editor")
    editor.locator("input[type=number]").fill("0.75")
    editor.locator("input[type=number]").press("Enter")
    assert f"weights={index}=0.75" in page.evaluate(ADDRESS)
    assert detail(page).locator("td.changed").inner_text().split("\n")[1] == "× 0.75"
    assert shown(page)["sum"] == shown(page)["output"]
    editor.locator("input[type=range]").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate(f"lenet.network.weights[{index}]") != 0.75
    editor.get_by_text("Original").click()
    assert float(shown(page)["output"]) == before


def test_a_pixel_is_painted_and_everything_follows(open_page, explored):
    page = open_page(explored, "#panel=what-if")
    before = page.evaluate("[...lenet.outputs.at(-1)]")
    canvas = page.locator("#panel-what-if .painter .layermaps")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + 45, box["y"] + 45)
    page.mouse.down()
    page.mouse.move(box["x"] + 95, box["y"] + 45, steps=2)
    page.mouse.up()
    assert page.evaluate("lenet.state.pixels.split(',').length") == 6
    assert page.evaluate("lenet.image.pixels[4 * 28 + 6]") == 255
    assert page.evaluate("[...lenet.outputs.at(-1)]") != before
    canvas.focus()
    for key in ("ArrowDown", "Enter"):
        page.keyboard.press(key)
    assert page.evaluate("lenet.state.pixels.split(',').length") == 7
    page.get_by_text("Reset all").locator("visible=true").click()
    assert page.evaluate("[...lenet.outputs.at(-1)]") == before


def test_units_and_weights_are_chosen_by_name(open_page, explored):
    page = open_page(explored, "#panel=what-if")
    panel = page.locator("#panel-what-if")
    panel.locator("select").first.select_option("8")
    panel.get_by_role("button", name="Unit 17").click()
    assert "units=8.17" in page.evaluate(ADDRESS)
    panel.locator("select").nth(1).select_option("fc.4.weight")
    panel.locator("input[type=text]").fill("3, 99")
    panel.locator("input[type=text]").press("Enter")
    assert "has no place 3, 99; its shape is 10 × 84" in panel.inner_text()
    panel.locator("input[type=text]").fill("3, 9")
    panel.locator("input[type=text]").press("Enter")
    painted(page)
    panel.locator(".weight-editor").get_by_text("Set to 0").click()
    assert panel.locator(".edits li").count() == 2
    for _ in range(2):
        panel.locator(".edits").get_by_text("Take back").first.click()
        painted(page)
    assert "Nothing is changed." in panel.inner_text()


def test_a_scale_is_of_a_map_a_layer_or_all(open_page, explored):
    page = open_page(explored, "#layer=0&unit=0&row=0&column=0")
    legend = page.locator("#panel-layers svg.legend")
    ends = {}
    for scale in ("map", "layer", "shared"):
        page.locator("#panel-layers select").first.select_option(scale)
        ends[scale] = float(legend.locator("text").last.text_content())
    largest = "Math.max(...lenet.outputs.flatMap((each) => [...each]).map(Math.abs))"
    assert ends["map"] <= ends["layer"] <= ends["shared"] == pytest.approx(page.evaluate(largest), rel=0.01)
    assert "scale=shared" in page.evaluate(ADDRESS)
    assert legend.count() == 1


def test_filters_show_the_images_that_excite_them(open_page, explored):
    page = open_page(explored, "#panel=filters&layer=3")
    panel = page.locator("#panel-filters")
    assert panel.locator(".filter").count() == 16
    first = panel.locator(".filter").first
    assert first.locator(".exciting button").count() == 9
    assert first.locator("canvas").first.evaluate("canvas => [canvas.width, canvas.height]") == [6 * 6 - 1, 5]
    label = first.locator(".exciting button").first.get_attribute("aria-label")
    first.locator(".exciting button").first.click()
    painted(page)
    assert "panel=layers" not in page.evaluate(ADDRESS)
    assert f"Test image {page.evaluate('lenet.state.image').split(':')[1]}," in label
    assert float(shown(page)["output"]) == pytest.approx(float(label.split("output ")[1].split(" ")[0]), rel=0.01)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_it_fits_a_phone_and_works_by_touch(open_page, explored, language, theme):
    page = open_page(explored, f"?lang={language}", size=NARROW, theme=theme, has_touch=True)
    layer(page, 0).scroll_into_view_if_needed()
    layer(page, 0).tap(position={"x": 31, "y": 31})
    painted(page)
    assert "layer=0&unit=0&row=15&column=15" in page.evaluate(ADDRESS)
    detail(page).get_by_role("button", name={"en": "Right", "zh": "向右"}[language]).tap()
    assert "layer=0&unit=0&row=15&column=16" in page.evaluate(ADDRESS)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    box = detail(page).bounding_box()
    assert box["y"] + box["height"] <= 844 + 1


@pytest.mark.alone
def test_all_maps_are_painted_anew_within_a_frame(open_page, explored):
    page = open_page(explored, "#layer=3&unit=2&row=3&column=3")
    time = page.evaluate("""() => {
        const times = [];
        for (let i = 0; i < 40; i += 1) {
            lenet.set({pixels: `${300 + i}=255`});
            const start = performance.now();
            lenet.outputs;
            for (const listener of lenet.listeners) listener();
            times.push(performance.now() - start);
        }
        return times.sort((a, b) => a - b)[20];
    }""")
    assert time < 16
