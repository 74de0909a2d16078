"""Images on their way into the page: drawn, dropped, pasted, chosen; what the network saw of them, and its answer."""

import base64
import io
import math

import numpy as np
import pytest
from PIL import Image, ImageDraw

import lenet

pytestmark = pytest.mark.page

NARROW = {"width": 390, "height": 844}
RING = [(math.sin(turn / 4), -math.cos(turn / 4)) for turn in range(26)]
EIGHT = [
    [(0.5 + 0.14 * x, 0.32 + 0.16 * y) for x, y in RING],
    [(0.5 + 0.15 * x, 0.65 + 0.17 * y) for x, y in RING],
]
ONE = [[(0.52, 0.15), (0.51, 0.4), (0.5, 0.65), (0.49, 0.86)]]
# Bring files to the page: names, contents in base64, and as what.
BRING = """([files, kind]) => {
    const data = new DataTransfer();
    for (const [name, text] of files) {
        data.items.add(new File([Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))], name));
    }
    const event = kind === "drop"
        ? new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true })
        : new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
    document.body.dispatchEvent(event);
}"""


def until(page, expression):
    """Wait for an expression to be true; the page's policy forbids Playwright's own way."""
    for _ in range(200):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"not within 10 seconds: {expression}")


def draw(page, strokes):
    """Draw with the mouse; points are shares of the pad."""
    box = page.locator(".pad canvas").bounding_box()
    for stroke in strokes:
        points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*point, steps=2)
        page.mouse.up()


def bring(page, files, text, kind="drop"):
    """Drop or paste files, given as (name, content), and wait for a text about them."""
    page.evaluate(BRING, [[[name, base64.b64encode(content).decode()] for name, content in files], kind])
    until(page, f"document.querySelector('#panel-input').innerText.includes({text!r})")


def encoded(pixels, kind="PNG", **options):
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, kind, **options)
    return content.getvalue()


def seven(times):
    """A seven in light strokes on black."""
    image = Image.new("L", (24 * times, 32 * times))
    points = [(6 * times, 6 * times), (18 * times, 6 * times), (11 * times, 26 * times)]
    ImageDraw.Draw(image).line(points, 255, 3 * times)
    return np.asarray(image)


def paper(width=320, height=240, times=5):
    """A seven, dark on paper in uneven light, in colour."""
    ink = seven(times)
    light = np.linspace(235, 170, width)[None, :] * np.ones((height, 1))
    light[20 : 20 + ink.shape[0], 90 : 90 + ink.shape[1]] -= ink * 0.55
    return np.stack([light, light * 0.98, light * 0.9], axis=2).clip(0, 255).astype(np.uint8)


def answer(page):
    return page.evaluate("lenet.run.classes[lenet.answer.label]")


def seen(page):
    return np.array(page.evaluate("[...lenet.image.pixels]"), np.uint8)


@pytest.mark.parametrize("light", [False, True])
@pytest.mark.parametrize(("strokes", "name"), [(EIGHT, "8"), (ONE, "1")], ids=["eight", "one"])
def test_a_digit_is_drawn_and_recognised(open_page, explored, strokes, name, light):
    page = open_page(explored)
    if light:
        page.get_by_role("button", name="Dark on light").click()
    draw(page, strokes)
    until(page, "lenet.state.image.startsWith('drawn:')")
    assert answer(page) == name
    assert page.locator("#panel-answer .headline").inner_text().startswith(f"{name}, ")
    pixels = seen(page)
    page.reload()  # the address holds the drawing
    page.wait_for_selector("#page[data-ready]")
    assert answer(page) == name
    np.testing.assert_array_equal(seen(page), pixels)


def test_a_stroke_is_one_step_of_the_history_and_can_be_undone(open_page, explored):
    page = open_page(explored)
    before = page.evaluate("history.length")
    draw(page, EIGHT)
    assert page.evaluate("history.length") == before + 2
    both = page.evaluate("lenet.state.image")
    page.get_by_role("button", name="Undo").click()
    assert len(page.evaluate("lenet.state.image")) < len(both)
    page.get_by_role("button", name="Undo").click()
    page.locator("#panel-input").get_by_text("Nothing is drawn yet").wait_for()
    page.locator("#panel-answer .headline").get_by_text("No answer.", exact=True).wait_for()
    page.go_back()
    page.go_back()
    assert page.evaluate("lenet.state.image") == both


def test_a_digit_is_drawn_by_keyboard_alone(open_page, explored):
    page = open_page(explored)
    page.locator(".pad").focus()
    for _ in range(12):
        page.keyboard.press("ArrowUp")
    page.keyboard.press("Space")
    for _ in range(24):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    assert answer(page) == "1"
    page.keyboard.press("Backspace")
    page.locator("#panel-input").get_by_text("Nothing is drawn yet").wait_for()


def test_drawing_by_touch_does_not_scroll(open_page, explored):
    page = open_page(explored, size=NARROW, has_touch=True, is_mobile=True)
    box = page.locator(".pad canvas").bounding_box()
    session = page.context.new_cdp_session(page)
    middle = box["x"] + box["width"] / 2

    def touch(kind, y):
        points = [{"x": middle, "y": box["y"] + y * box["height"]}] if y else []
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 0.15)
    for step in range(15):
        touch("touchMove", 0.2 + step / 22)
    touch("touchEnd", None)
    until(page, "lenet.state.image.startsWith('drawn:')")
    assert page.evaluate("scrollY") == 0
    assert answer(page) == "1"


@pytest.mark.parametrize("kind", ["drop", "paste"])
def test_a_file_is_seen_as_python_sees_it(open_page, runs, explored, kind):
    page = open_page(explored)
    content = encoded(paper())
    bring(page, [("paper.png", content)], "320 × 240", kind)
    expected = lenet.load(runs[0]).network.preprocessing.apply(content, "paper.png")
    np.testing.assert_array_equal(seen(page), expected.ravel())
    page.reload()
    page.wait_for_selector("#page[data-ready]")
    np.testing.assert_array_equal(seen(page), expected.ravel())


def test_a_large_photo_is_reduced_as_in_python(open_page, runs, explored):
    page = open_page(explored)
    content = encoded(paper(2600, 2200, 40))
    bring(page, [("large.png", content)], "each 2 × 2 became one")
    expected = lenet.load(runs[0]).network.preprocessing.apply(content, "large.png")
    np.testing.assert_array_equal(seen(page), expected.ravel())


def test_a_photo_is_turned_upright(open_page, runs, explored):
    page = open_page(explored)
    turned = np.rot90(paper())
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it by a quarter to the right
    bring(page, [("photo.jpg", encoded(turned, "JPEG", quality=100, subsampling=0, exif=exif))], "320 × 240")
    upright = lenet.load(runs[0]).network.preprocessing.apply(encoded(paper()), "paper.png")
    assert np.abs(seen(page).astype(int) - upright.ravel()).mean() < 2


def test_transparent_pixels_are_laid_on_a_ground(open_page, runs, explored):
    page = open_page(explored)
    ink = seven(4)
    clear = np.dstack([*[np.zeros_like(ink)] * 3, ink])
    content = encoded(clear)
    bring(page, [("clear.png", content)], "96 × 128")
    np.testing.assert_array_equal(
        seen(page), lenet.load(runs[0]).network.preprocessing.apply(content, "clear.png").ravel()
    )


def test_bad_files_have_a_sentence(open_page, explored):
    page = open_page(explored)
    before = page.evaluate("lenet.state.image")
    faint = np.tile(np.arange(5, dtype=np.uint8) + 200, (90, 18))
    for name, content, text in [
        ("notes.txt", b"not an image", "notes.txt is not an image"),
        ("cut.png", encoded(paper())[:-500], "cut.png is damaged or incomplete"),
        ("cut.jpg", encoded(paper(), "JPEG")[:-500], "cut.jpg is damaged or incomplete"),
        ("photo.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(90), "HEIC"),
        ("scan.tiff", encoded(paper(), "TIFF"), "TIFF"),
        ("blank.png", encoded(np.full((90, 90), 255, np.uint8)), "is blank"),
        ("faint.png", encoded(faint), "nearly blank"),
        ("large.png", encoded(np.zeros((8200, 8200), bool)), "large.png is too large"),
    ]:
        bring(page, [(name, content)], text)
        assert page.locator("#panel-input [role=status] .bad").count() == 1
    assert page.evaluate("lenet.state.image") == before


def test_of_several_files_the_first_is_taken(open_page, explored):
    page = open_page(explored)
    bring(page, [("a.png", encoded(paper())), ("b.png", encoded(paper()))], "only the first, a.png, is taken")
    until(page, "lenet.state.image.startsWith('seen:')")


def test_a_browser_that_changes_pixels_says_so(browser, explored):
    page = browser.new_page()
    page.add_init_script("""const read = CanvasRenderingContext2D.prototype.getImageData;
        CanvasRenderingContext2D.prototype.getImageData = function (...args) {
            const image = read.apply(this, args);
            for (let i = 0; i < image.data.length; i += 1) image.data[i] ^= globalThis.noise;
            return image;
        };""")
    page.goto(explored.as_uri())
    page.wait_for_selector("#page[data-ready]")
    page.evaluate("globalThis.noise = 1")
    bring(page, [("a.png", encoded(paper()))], "by up to 1 of 255: too little to matter")
    page.evaluate("globalThis.noise = 64")
    bring(page, [("a.png", encoded(paper()))], "would see noise")
    page.close()


def test_the_gallery_works_by_keyboard(open_page, explored):
    page = open_page(explored)
    gallery = page.locator("#panel-gallery")
    until(page, "document.querySelector('#panel-gallery .thumb.same, #panel-gallery .thumb.other')")
    gallery.locator("button.thumb").first.focus()
    page.keyboard.press("PageDown")
    until(page, "lenet.state.page === 1")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    until(page, "lenet.state.image === 'test:30'")
    assert gallery.locator("[aria-pressed=true]").get_attribute("data-image") == "test:30"
    gallery.locator("[data-filter=truth]").select_option("7")
    until(page, "lenet.state.truth === 7")
    assert {"label 7"} == {
        each.get_attribute("aria-label").split(", ")[0].split(": ")[1] for each in gallery.locator("button.thumb").all()
    }


def test_each_step_can_be_switched_off(open_page, explored):
    page = open_page(explored, "#panel=seen&image=paper:test:200")
    panel = page.locator("#panel-seen")
    assert panel.locator("figure").count() == 5
    until(page, "!document.querySelector('.switched').innerText.includes('…')")
    before = seen(page)
    panel.locator("[data-step=polarity]").click()
    until(page, "lenet.state.steps === 'polarity'")
    np.testing.assert_array_equal(seen(page), 255 - before)
    page.locator("#panel-answer").get_by_role("button", name="Switch them on").click()
    np.testing.assert_array_equal(seen(page), before)
    assert page.locator("#panel-answer .row:visible").count() == 0


def test_numbers_are_read_by_keyboard_and_by_pointing(open_page, explored):
    page = open_page(explored, "#panel=seen&image=paper:test:200")
    cells = page.locator("#panel-seen .cells").last
    cells.focus()
    for key in ["ArrowDown"] * 3 + ["ArrowRight"] * 2:
        page.keyboard.press(key)
    width = page.evaluate("lenet.run.input.width")
    value = page.evaluate(f"lenet.image.pixels[3 * {width} + 2]")
    assert page.locator("#panel-seen .reading").inner_text().endswith(f"row 3, column 2: {value}")
    cells.hover(position={"x": 2, "y": 2})
    assert "row 0, column 0" in page.locator("#panel-seen .reading").inner_text()


def test_several_digits_are_read_left_to_right(open_page, explored):
    page = open_page(explored, "#panel=seen")
    draw(page, [[(0.25 + 0.12 * x, 0.3 + 0.18 * y) for x, y in RING], [(0.7, 0.12), (0.69, 0.48)]])
    panel = page.locator("#panel-seen")
    panel.get_by_role("button", name="Read them left to right").click()
    assert panel.locator(".headline").inner_text() == "Left to right: 0 1"
    panel.get_by_role("button", name="Open part 2").click()
    until(page, "lenet.state.image.startsWith('seen:')")
    assert answer(page) == "1"


def test_the_answer_is_python_s(open_page, runs, explored):
    page = open_page(explored)
    content = encoded(paper())
    bring(page, [("paper.png", content)], "320 × 240")
    expected = lenet.predict(runs[0], content)
    probabilities = page.evaluate("[...lenet.answer.probabilities]")
    np.testing.assert_allclose(probabilities, expected.probabilities, atol=1e-6)
    assert page.evaluate("lenet.answer.isUnknown") == bool(expected.is_unknown)


@pytest.mark.alone
def test_a_stroke_is_painted_within_50_ms(open_page, explored):
    page = open_page(explored)
    page.wait_for_timeout(2500)  # the page compiles what it needs meanwhile
    page.evaluate("""() => {
        globalThis.times = [];
        document.querySelector(".pad").addEventListener("pointermove", ({ timeStamp }) => requestAnimationFrame(() => {
            const { port1, port2 } = new MessageChannel();
            port1.onmessage = () => times.push(performance.now() - timeStamp);
            port2.postMessage(null);
        }));
    }""")
    draw(page, EIGHT)
    times = sorted(page.evaluate("times"))
    assert times[len(times) // 2] < 50
