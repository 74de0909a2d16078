import io
import zlib

import numpy as np
import pytest
from faultlab import hostile
from PIL import Image

from lenet.errors import ImageError
from lenet.images import limits
from lenet.images.decode import decode

RANDOM = np.random.RandomState(0)
NOISE = RANDOM.randint(0, 256, (90, 70, 4)).astype(np.uint8)
NOISE[20:60] = np.arange(70, dtype=np.uint8)[:, None] * 3  # smooth, so that filters of several kinds are used


@pytest.fixture
def small_limit(monkeypatch):
    """Everything is too large for Pillow, and some rows make a strip."""
    monkeypatch.setattr(limits, "MAX_PIXELS", 1000)
    monkeypatch.setattr("lenet.images.pixels.CHUNK", 1100)


def image_of(mode):
    return Image.fromarray(NOISE).convert(mode)


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize("options", [{}, {"compress_level": 1}, {"exif": hostile.exif(6)}])
def test_strips_give_the_pixels_that_pillow_gives(mode, options, monkeypatch, small_limit):
    content = hostile.saved(image_of(mode), "PNG", **options)
    in_strips = [decode(content, "", enough=enough) for enough in (1024, 35, 20)]
    monkeypatch.undo()
    for pixels, enough in zip(in_strips, (1024, 35, 20), strict=True):
        np.testing.assert_array_equal(pixels, decode(content, "", enough=enough))


@pytest.mark.parametrize("kind", [1, 2, 3, 4])
def test_every_filter_refers_to_the_strip_before(kind, monkeypatch, small_limit):
    """Random bytes behind the number of the filter decode to something; Pillow's is the reference."""
    rows = b"".join(bytes([kind]) + NOISE[row, :, :3].tobytes() for row in range(90))
    header = (70).to_bytes(4, "big") + (90).to_bytes(4, "big") + b"\x08\x02\0\0\0"
    content = hostile.chunks((b"IHDR", header), *((b"IDAT", part) for part in pieces(zlib.compress(rows), 500)))
    pixels = decode(content, "")
    monkeypatch.undo()
    np.testing.assert_array_equal(pixels, decode(content, ""))


def pieces(content, size):
    return [content[start : start + size] for start in range(0, len(content), size)]


def test_a_truncated_png_is_refused(small_limit):
    content = hostile.saved(image_of("RGB"), "PNG")
    for stop in (len(content) // 2, len(content) - 200):
        with pytest.raises(ImageError, match="boot is truncated or damaged"):
            decode(content[:stop], "boot")


@pytest.mark.parametrize("make", [hostile.interlaced, lambda: hostile.saved(image_of("P"), "PNG")])
def test_other_pngs_beyond_the_limit_are_refused(make, monkeypatch):
    monkeypatch.setattr(limits, "MAX_PIXELS", 10)
    with pytest.raises(ImageError, match="boot is too large"):
        decode(make(), "boot")


def test_what_would_take_too_long_is_refused(monkeypatch, small_limit):
    monkeypatch.setattr("lenet.images.strips.MAX_STRIPS", 90 * 70 * 3)
    with pytest.raises(ImageError, match="boot is too large"):
        decode(hostile.saved(image_of("RGB"), "PNG"), "boot")
    assert Image.open(io.BytesIO(hostile.saved(image_of("RGB"), "PNG"))).size == (70, 90)
