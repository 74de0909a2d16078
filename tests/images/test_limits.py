"""The limits of images are those that docs/untrusted-files.md states."""

from pathlib import Path

import pytest

from lenet.errors import ImageError
from lenet.images import limits

DOCUMENT = (Path(__file__).parents[2] / "docs/untrusted-files.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "words",
    [
        f"| {', '.join(limits.FORMATS).replace('WEBP', 'WebP')}, recognised by content",
        f"| {limits.MAX_PIXELS / 1e6:g} megapixels, {limits.MAX_EDGE:,} pixels along an edge",
        f"WebP {limits.MAX_WEBP_PIXELS / 1e6:g} megapixels",
        {500_000: "half a megapixel, as they are decoded in Python"}.get(limits.MAX_SLOW_PIXELS, "another limit"),
        f"progressive JPEG in CMYK {limits.MAX_PROGRESSIVE_CMYK_PIXELS / 1e6:g} megapixels",
        f"| {limits.MAX_BYTES >> 20} MB (JPEG {limits.MAX_JPEG_BYTES >> 20} MB, WebP {limits.MAX_WEBP_BYTES >> 20} MB)",
        f"| {limits.MAX_HEADER >> 20} MB (PPM 64 kB)",
        f"{limits.MAX_CHUNKS:,} chunks of a PNG, {limits.MAX_SEGMENTS:,} segments of a JPEG",
        f"| scans of a progressive JPEG | {limits.MAX_SCANS};",
        f"| tiles of a TIFF | {limits.MAX_TILE / 1e6:g} megapixels |",
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
        limits.check_size(size, "boot")
    else:
        with pytest.raises(ImageError, match=r"^boot "):
            limits.check_size(size, "boot")


def test_an_image_at_the_limit_of_its_kind_is_allowed():
    limits.check_size((1000, 500), "boot", limits.MAX_SLOW_PIXELS)
    with pytest.raises(ImageError, match=r"1,001 × 500 pixels, more than 0\.5 megapixels, the most .* of this kind"):
        limits.check_size((1001, 500), "boot", limits.MAX_SLOW_PIXELS)
