import io
import struct

import numpy as np
import pytest
from faultlab import hostile
from PIL import Image, ImageOps

from lenet.errors import ImageError
from lenet.images import heif
from lenet.images.decode import decode

DRAWING = hostile.drawing()
COLOURS = Image.merge(
    "RGB", [DRAWING, DRAWING.point(lambda value: value // 2), DRAWING.point(lambda value: 255 - value)]
)
needs_avif = pytest.mark.skipif(".avif" not in Image.registered_extensions(), reason="this Pillow has no AVIF")


def ftyp(*brands):
    return struct.pack(">I", 8 + 4 * (len(brands) + 1)) + b"ftyp" + brands[0] + bytes(4) + b"".join(brands[1:])


def av1(flags):
    return b"av1C\x81\x00" + bytes([flags])


def hevc(chroma, depth):
    return b"hvcC" + bytes(16) + bytes([chroma, depth - 8])


@pytest.mark.parametrize(
    ("start", "is_heic"),
    [
        (ftyp(b"heic", b"mif1", b"heic"), True),
        (ftyp(b"mif1", b"miaf", b"heic"), True),
        (ftyp(b"heix"), True),
        (ftyp(b"avif", b"mif1", b"miaf"), False),
        (ftyp(b"mif1", b"avif", b"miaf"), False),
        (ftyp(b"isom", b"mp42"), False),
        (b"\x89PNG\r\n\x1a\n", False),
        (b"", False),
        (ftyp(b"heic")[:9], False),
    ],
)
def test_heic_is_known_by_its_brands(start, is_heic):
    assert heif.is_heic(start) == is_heic


@pytest.mark.parametrize(
    ("start", "channels", "megapixels"),
    [
        (ftyp(b"avif") + av1(0b1100), 3, 23.0),
        (ftyp(b"avif") + av1(0b1100) + av1(0b10000), 4, 16.7),
        (ftyp(b"avif") + av1(0b1001100), 3, 19.4),
        (ftyp(b"avif") + av1(0), 3, 19.4),
        (ftyp(b"heic") + hevc(1, 8), 3, 40.8),
        (ftyp(b"heic") + hevc(1, 10), 3, 24.5),
        (ftyp(b"heic") + hevc(3, 8), 3, 30.6),
        (ftyp(b"heic"), 3, 15.3),
    ],
)
def test_the_limit_follows_from_what_the_decoder_holds(start, channels, megapixels):
    assert heif.max_pixels(start, channels) / 1e6 == pytest.approx(megapixels, abs=0.1)


@needs_avif
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_avif_is_read_under_any_name(tmp_path, mode):
    path = tmp_path / "boot.png"
    image = COLOURS.convert(mode)
    path.write_bytes(hostile.saved(image, "AVIF", quality=100))
    assert abs(decode(path, "").astype(int) - np.asarray(image.convert("L" if mode == "L" else "RGB"))).mean() < 4


@needs_avif
@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_avif_is_turned_as_pillow_turns_it(orientation):
    content = hostile.saved(COLOURS, "AVIF", exif=hostile.exif(orientation))
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
    np.testing.assert_array_equal(decode(content, ""), np.asarray(expected))


@needs_avif
def test_an_avif_beyond_the_limit_or_damaged_is_refused(monkeypatch):
    content = hostile.saved(COLOURS, "AVIF")
    monkeypatch.setattr(heif, "MAX_MEMORY", 80_000)
    with pytest.raises(ImageError, match="boot is too large: 100 × 120 pixels") as caught:
        decode(content, "boot")
    assert "save it as JPEG" in caught.value.hint
    monkeypatch.undo()
    with pytest.raises(ImageError, match=r"boot is not an image|boot is truncated or damaged"):
        decode(content[: len(content) // 2], "boot")


def test_without_avif_in_pillow_the_error_says_so(monkeypatch):
    monkeypatch.setattr("PIL.features.check", lambda feature: False)
    with pytest.raises(
        ImageError, match="boot is an AVIF image, which the Pillow of this machine cannot read"
    ) as caught:
        decode(ftyp(b"avif", b"mif1") + bytes(99), "boot")
    assert "pip install --upgrade pillow" in caught.value.hint


def test_without_pillow_heif_the_error_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setattr(heif, "has_heic", lambda: False)
    (tmp_path / "boot.png").write_bytes(ftyp(b"heic", b"mif1", b"heic") + bytes(999))
    with pytest.raises(ImageError, match=r"boot\.png is a HEIC image") as caught:
        decode(tmp_path / "boot.png", "boot.png")
    assert 'pip install "lenet[heic]"' in caught.value.hint


def test_heic_is_read_with_pillow_heif(tmp_path, monkeypatch):
    pillow_heif = pytest.importorskip("pillow_heif")
    file = io.BytesIO()
    pillow_heif.from_pillow(COLOURS).save(file, quality=-1, chroma=444)
    (tmp_path / "boot.jpg").write_bytes(file.getvalue())
    assert abs(decode(tmp_path / "boot.jpg", "").astype(int) - np.asarray(COLOURS)).max() < 6
    with pytest.raises(ImageError, match="boot is truncated or damaged"):
        decode(file.getvalue()[:500], "boot")
    monkeypatch.setattr(heif, "MAX_MEMORY", 50_000)
    with pytest.raises(ImageError, match="boot is too large"):
        decode(file.getvalue(), "boot")
