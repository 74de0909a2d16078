"""The screenshots of docs/explorer.md, made here: `make screenshots` writes them, and otherwise they are compared."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import lenet

pytestmark = pytest.mark.page

FOLDER = Path(__file__).parents[3] / "docs" / "explorer"
WIDE, NARROW = {"width": 1280, "height": 860}, {"width": 390, "height": 844}
OTHER = 0.25  # share of pixels that may differ: other machines have other fonts

# Of each screenshot: whose page, the state, the window, and the theme.
SHOTS = {
    "layers": ("mnist", "#panel=layers&image=test:3", WIDE, "light"),
    "seen": ("mnist", "#panel=seen&image=paper:test:3", WIDE, "light"),
    "why": ("mnist", "#panel=why&image=test:3", WIDE, "light"),
    "set": ("mnist", "?lang=zh#panel=set&image=test:3", WIDE, "dark"),
    "replay": ("digits", "#panel=replay&image=test:0&snapshot=3", WIDE, "dark"),
    "compare": ("digits", "#panel=compare&image=test:0", WIDE, "light"),
    "phone": ("mnist", "?lang=zh#panel=layers&image=test:3", NARROW, "dark"),
}


@pytest.fixture(scope="module")
def pages(real_data, compared, tmp_path_factory):
    """Of the ready-made network of MNIST, and of two networks trained here."""
    path = tmp_path_factory.mktemp("mnist") / "mnist.html"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LENET_DATA", str(real_data))
        lenet.explore("mnist", out=path, open=False)
    return {"mnist": path, "digits": compared}


@pytest.mark.parametrize("name", SHOTS)
def test_a_screenshot_is_what_the_page_shows(open_page, pages, pytestconfig, name):
    whose, address, size, theme = SHOTS[name]
    page = open_page(pages[whose], address, size=size, theme=theme)
    page.wait_for_timeout(1500)  # until what is computed in slices is painted
    content = page.screenshot()
    path = FOLDER / f"{name}.png"
    if pytestconfig.getoption("--write-screenshots"):
        FOLDER.mkdir(exist_ok=True)
        path.write_bytes(content)
    here, there = (np.asarray(Image.open(source).convert("L"), np.int16) for source in (io.BytesIO(content), path))
    assert here.shape == there.shape
    assert (abs(here - there) > 40).mean() < OTHER
