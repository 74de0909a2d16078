"""The limits of images: those that docs/untrusted-files.md states, each with an image just within it and one beyond."""

import io
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from lenet.errors import ImageError
from lenet.images import exif, limits
from lenet.images.decode import decode

DOCUMENT = (Path(__file__).parents[2] / "docs/untrusted-files.md").read_text(encoding="utf-8")


def megapixels(number):
    return f"{number / 1e6:.12g} megapixels"


def megabytes(number):
    return f"{number / 2**20:.12g} MB"


@pytest.mark.parametrize(
    "words",
    [
        f"| {', '.join(limits.FORMATS).replace('WEBP', 'WebP')}, recognised by content",
        f"| {megapixels(limits.MAX_PIXELS)} in colour, {megapixels(2 * limits.MAX_PIXELS)} in 16 bits, "
        f"{megapixels(4 * limits.MAX_PIXELS)} in grey or with a palette",
        f"{limits.MAX_EDGE:,} pixels along an edge",
        f"a plain PNG {limits.MAX_STRIPS / 1e6:g} MB of pixels, decoded in strips",
        f"JPEG {megapixels(limits.MAX_JPEG_PIXELS)}",
        f"WebP {megapixels(limits.MAX_WEBP_PIXELS)}",
        {500_000: "half a megapixel, as they are decoded in Python"}.get(limits.MAX_SLOW_PIXELS, "another limit"),
        f"progressive JPEG {limits.MAX_COEFFICIENTS / 1e6:g} MB",
        f"| {megabytes(limits.MAX_BYTES)} (AVIF, HEIC and WebP {megabytes(limits.MAX_WEBP_BYTES)})",
        f"| {megabytes(limits.MAX_HEADER)} (PPM 64 kB)",
        f"{limits.MAX_CHUNKS:,} chunks of a PNG, {limits.MAX_SEGMENTS:,} segments of a JPEG",
        f"| scans of a progressive JPEG | {limits.MAX_SCANS};",
        f"| tiles of a TIFF | {megapixels(limits.MAX_TILE)} |",
    ],
)
def test_the_documented_limit_is_the_one_in_force(words):
    assert words in DOCUMENT


@pytest.mark.parametrize(
    ("size", "is_allowed"),
    [
        ((4000, 4000), True),
        ((4001, 4000), False),
        ((65_535, 1), True),
        ((65_536, 1), False),
        ((1, 65_535), True),
        ((1, 65_536), False),
        ((1, 1), True),
        ((0, 1), False),
        ((1, 0), False),
    ],
)
def test_a_size_is_allowed_up_to_its_limit(size, is_allowed):
    if is_allowed:
        limits.check_size(size, "boot", limits.MAX_PIXELS)
    else:
        with pytest.raises(ImageError, match=r"^boot "):
            limits.check_size(size, "boot", limits.MAX_PIXELS)


def header(size=(9, 9), kind="PNG", mode="L", codec="zip", **tags):
    """An image as Pillow has opened it, not decoded."""
    numbers = {"compression": limits.COMPRESSION, "width": limits.TILE_WIDTH, "height": limits.TILE_HEIGHT}
    return SimpleNamespace(
        size=size,
        format=kind,
        mode=mode,
        tile=[(codec, (0, 0, *size), 0, ())],
        info={},
        tag_v2={numbers[name]: value for name, value in tags.items()},
    )


@pytest.mark.parametrize(
    ("within", "beyond", "words"),
    [
        (header((4000, 4000), mode="RGB"), header((4001, 4000), mode="RGB"), "more than 16 megapixels"),
        (header((8000, 8000)), header((8001, 8000)), "more than 64 megapixels"),
        (header((8000, 4000), mode="I;16"), header((8001, 4000), mode="I;16"), "more than 32 megapixels"),
        (header((4000, 4000), "GIF"), header((4001, 4000), "GIF"), "more than 16 megapixels"),
        (header((16_000, 16_000), "JPEG"), header((16_001, 16_000), "JPEG"), "more than 256 megapixels"),
        (
            header((2500, 4000), "WEBP"),
            header((2501, 4000), "WEBP"),
            "more than 10 megapixels, the most .* of this kind",
        ),
        (header((1000, 500), codec="ppm"), header((1001, 500), codec="ppm"), r"more than 0\.5 megapixels"),
        (header((1000, 500), codec="ppm_plain"), header((1001, 500), codec="ppm_plain"), r"more than 0\.5 megapixels"),
        (header((1000, 500), codec="bmp_rle"), header((1001, 500), codec="bmp_rle"), r"more than 0\.5 megapixels"),
        (
            header(kind="TIFF", width=2000, height=2000),
            header(kind="TIFF", width=2001, height=2000),
            "its tiles are 2001 × 2000",
        ),
        (header(kind="TIFF", width=1, height=1), header(kind="TIFF", width=0, height=1), "its tiles are 0 × 1"),
        (header(kind="TIFF"), header(kind="TIFF", width=9, height=(9, 9)), r"its tiles are 9 × \(9, 9\)"),
        (header(kind="TIFF"), header(kind="TIFF", compression=34925), "its compression is number 34925"),
    ],
)
def test_a_header_is_allowed_up_to_the_limit_of_its_kind(within, beyond, words):
    limits.check_header(within, "boot")
    with pytest.raises(ImageError, match=f"^boot is .*{words}") as caught:
        limits.check_header(beyond, "boot")
    assert caught.value.hint


@pytest.mark.parametrize("compression", ["raw", "tiff_ccitt", "group3", "group4", "tiff_lzw", "jpeg", "packbits"])
def test_tiffs_of_the_usual_compressions_are_read(tmp_path, compression):
    pixels = np.full((24, 24), 255, np.uint8)
    pixels[8:16, 8:16] = 0  # a block of JPEG
    image = Image.fromarray(pixels)
    image.convert("1" if compression in ("tiff_ccitt", "group3", "group4") else "L").save(
        tmp_path / "boot.tiff", compression=compression
    )
    assert (abs(decode(tmp_path / "boot.tiff", "boot").astype(int) - pixels) <= 2).all()


@pytest.mark.parametrize("compression", ["tiff_adobe_deflate", "tiff_deflate"])
def test_deflated_tiffs_are_read(tmp_path, compression):
    file = io.BytesIO()
    Image.linear_gradient("L").save(file, "TIFF", compression=compression)
    (tmp_path / "boot").write_bytes(file.getvalue())
    assert (decode(tmp_path / "boot", "boot") == np.asarray(Image.linear_gradient("L"))).all()


def test_the_sizes_of_exif_types_are_those_that_pillow_copies():
    loaders = TiffImagePlugin.ImageFileDirectory_v2._load_dispatch
    assert {kind: loader[0] for kind, loader in loaders.items()} == exif.TYPE_SIZES
