import contextlib
import io
import itertools
import os
import struct
import warnings
import zlib

import numpy as np
import pytest
from faultlab import hostile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

from lenet.errors import ImageError
from lenet.images import exif
from lenet.images.decode import QUIET, TURNS, decode, to_grey
from lenet.images.preprocess import Preprocessing
from lenet.images.structure import LimitedFile, check_file

DRAWING = hostile.drawing()
KINDS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM")


def put(folder, content, name="image"):
    (folder / name).write_bytes(content)
    return folder / name


def converted(mode):
    rgb = Image.merge("RGB", [DRAWING, DRAWING.point(lambda v: v // 2), DRAWING.point(lambda v: 255 - v)])
    if mode in ("RGBA", "LA"):
        rgb.putalpha(Image.linear_gradient("L").resize((100, 120)))
    if mode == "I;16":
        return Image.fromarray(np.asarray(DRAWING).astype(np.uint16) * 257)
    return DRAWING.convert("1", dither=Image.Dither.NONE) if mode == "1" else rgb.convert(mode)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "YCbCr", "HSV", "LAB", "I", "F", "I;16"])
def test_chunks_make_no_difference(mode, monkeypatch):
    """One row at a time or all at once, and the steps after: equal bits."""
    image = converted(mode)
    whole, applied = decode(image, ""), Preprocessing((28, 28)).apply(image)
    monkeypatch.setattr("lenet.images.pixels.CHUNK", 1100)
    np.testing.assert_array_equal(decode(image, ""), whole)
    np.testing.assert_array_equal(Preprocessing((28, 28)).apply(image), applied)
    if mode in ("RGB", "P", "CMYK"):
        np.testing.assert_array_equal(whole, np.asarray(image.convert("RGB")))
        np.testing.assert_array_equal(to_grey(whole), np.asarray(image.convert("RGB").convert("L")))


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
@pytest.mark.parametrize("is_dark", [False, True])
def test_transparent_pixels_become_the_background_that_shows_the_others(mode, is_dark):
    ink = converted("RGBA").point(lambda value: value // 2 if is_dark else 255 - value // 2).convert(mode)
    colours, alpha = (
        np.asarray(ink.convert("RGB")).astype(int),
        np.asarray(ink.getchannel("A")).astype(int)[..., None],
    )
    expected = (colours * alpha + (255 if is_dark else 0) * (255 - alpha) + 127) // 255
    np.testing.assert_array_equal(decode(ink, ""), expected if mode == "RGBA" else expected[:, :, 0])


def test_only_what_has_colours_is_decoded_in_colour(tmp_path):
    for mode, kind in itertools.product(("L", "RGB"), ("PNG", "JPEG", "WEBP", "BMP")):
        pixels = decode(put(tmp_path, hostile.saved(DRAWING.convert(mode), kind, quality=95)), "")
        assert pixels.shape == (120, 100)
        assert abs(pixels.astype(int) - np.asarray(DRAWING)).max() < 20
    assert decode(put(tmp_path, hostile.saved(converted("RGB"), "JPEG")), "").shape == (120, 100, 3)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "I;16"])
@pytest.mark.parametrize("shape", [(100, 120), (101, 125)])
def test_a_large_image_is_reduced_by_a_whole_factor(mode, shape, monkeypatch):
    """The shorter edge keeps at least what is enough, and parts of the image make no difference."""
    image = converted(mode).resize(shape)
    whole = decode(image, "", enough=40)
    assert whole.shape[:2] == (-(-image.height // 2), -(-image.width // 2))
    monkeypatch.setattr("lenet.images.pixels.CHUNK", 1100)
    np.testing.assert_array_equal(decode(image, "", enough=40), whole)
    np.testing.assert_array_equal(decode(image, "", enough=51), decode(image, ""))
    if mode in ("L", "RGB"):
        np.testing.assert_array_equal(whole, np.asarray(image.reduce(2)))


def test_the_content_of_a_file_is_decoded_as_the_file(tmp_path):
    content = hostile.saved(converted("RGB"), "PNG")
    expected = decode(put(tmp_path, content), "")
    for same in (content, bytearray(content), memoryview(content)):
        np.testing.assert_array_equal(decode(same, ""), expected)
    with pytest.raises(ImageError, match="boot is not an image"):
        decode(b"Dear Sir or Madam" * 10_000, "boot")


@pytest.mark.parametrize("source", [[0] * 10_000, {"a": 1}, 3, None, "x" * 100_000])
def test_an_error_never_shows_a_whole_value(source):
    with pytest.raises(ImageError) as caught:
        decode(source, "boot")
    assert len(str(caught.value)) < 500
    assert type(source).__name__ in str(caught.value) or isinstance(source, str)


@pytest.mark.parametrize("orientation", range(10))
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_images_are_turned_as_pillow_turns_them(tmp_path, kind, orientation):
    content = hostile.saved(DRAWING, kind, exif=hostile.exif(orientation))
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
    pixels = decode(put(tmp_path, content), "")
    np.testing.assert_array_equal(pixels, np.asarray(expected.convert("L")))
    if kind != "JPEG" and orientation in TURNS:
        assert not np.array_equal(pixels, np.asarray(DRAWING))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_image_that_pillow_has_opened_is_turned_too(orientation):
    image = DRAWING.copy()
    image.getexif()[0x0112] = orientation
    np.testing.assert_array_equal(decode(image, ""), np.asarray(ImageOps.exif_transpose(image)))
    assert np.array_equal(decode(image, ""), np.asarray(DRAWING)) == (orientation == 1)


@pytest.mark.parametrize("is_damaged", [False, True])
def test_an_orientation_in_a_text_profile_is_used_unless_it_is_damaged(tmp_path, is_damaged):
    """As ImageMagick writes EXIF data into a PNG: a line with the name, one with the length, and hexadecimal digits."""
    digits = hostile.exif(6).tobytes().hex()
    lines = [digits[start : start + 72] for start in range(0, len(digits), 72)]
    info = PngInfo()
    info.add_text("Raw profile type exif", "\n".join(["", "exif", "    99", *lines, "x" if is_damaged else "", ""]))
    pixels = decode(put(tmp_path, hostile.saved(DRAWING, "PNG", pnginfo=info)), "")
    np.testing.assert_array_equal(
        pixels, np.asarray(DRAWING if is_damaged else DRAWING.transpose(Image.Transpose.ROTATE_270))
    )


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_an_orientation_in_xmp_is_used_where_exif_has_none(tmp_path, kind):
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    pixels = decode(put(tmp_path, hostile.saved(DRAWING, kind, xmp=xmp, quality=95)), "")
    assert pixels.shape == (100, 120)


@settings(max_examples=100)
@given(st.binary(max_size=80), st.sampled_from([b"", b"Exif\0\0", b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08"]))
def test_damaged_exif_is_ignored(rest, start):
    assert isinstance(exif.exif_numbers(start + rest, "name"), dict)


@pytest.mark.parametrize("kind", KINDS)
def test_a_truncated_or_damaged_image_is_refused_or_decoded(tmp_path, kind):
    """Nothing but ImageError is raised, and no warning is given."""
    content = hostile.saved(DRAWING.convert("RGB"), kind)
    random = np.random.RandomState(1)
    for stop in range(0, len(content), 1 + len(content) // 40):
        if stop < len(content) - 20:  # the last bytes of some hold no pixels
            with pytest.raises(ImageError):
                decode(put(tmp_path, content[:stop]), "")
    for _ in range(60):
        damaged = bytearray(content)
        damaged[random.randint(min(len(content), 400))] = random.randint(256)
        with contextlib.suppress(ImageError):
            assert decode(put(tmp_path, bytes(damaged)), "").size


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: hostile.scans(100, 40), "too many segments or scans"),
        (lambda: hostile.jpeg_with(*[(0xE5, b"")] * 20_000), "too many segments or scans"),
        (lambda: hostile.jpeg_with(*[(0xFE, bytes(65_000))] * 100), "far more beside its pixels"),
        (lambda: hostile.jpeg_with((0xE2, b"MPF\0" + hostile.overlapping(60_000))), "EXIF data overlap"),
        (lambda: hostile.saved(DRAWING, "JPEG", exif=b"Exif\0\0" + hostile.overlapping(60_000)), "EXIF data overlap"),
        (lambda: hostile.overlapping(1 << 20), "far more beside its pixels|not an image"),
        (lambda: hostile.png_with(*[b"prVt", b""] * 120_000), "too many chunks"),
        (lambda: hostile.png_with(b"tEXt", b"a\0" + bytes(5 << 20)), "too much in chunks without pixels"),
        (lambda: hostile.png(1, 70_000, b""), "is too long"),
        (lambda: hostile.png(0, 5, b""), "has no pixels|cannot be read|not an image"),
        (lambda: hostile.tiff(hostile.basic(9000, 9000, 1, 9), bytes(9)), "9,000 × 9,000 pixels, more than 64 mega"),
        (lambda: hostile.tiff(hostile.basic(9, 9, 34925, 81), bytes(81)), "its compression is number 34925"),
        (
            lambda: hostile.tiff(hostile.basic(9, 9, 1, 81) | {322: (4, 1, 1 << 14), 323: (4, 1, 1 << 14)}, bytes(81)),
            "its tiles are",
        ),
        (lambda: hostile.saved(DRAWING, "TIFF", compression="jpeg") + b"\xff\xc2", "progressive JPEG"),
        (lambda: hostile.saved(Image.new("RGB", (4000, 3000)), "WEBP", method=0), "more than 10 megapixels"),
        (lambda: b"P3 900 900 255 " + b"1 2 3 " * 9, "more than 0.5 megapixels"),
        (lambda: b"P6\n#" + b" " * (5 << 20), "far more beside its pixels"),
        (lambda: hostile.gif(b"!\xfe" + (b"\xff" + bytes(255)) * 20_000 + b"\0"), "far more beside its pixels"),
        (lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n", "not an image"),
        (lambda: b"", "not an image"),
    ],
)
def test_what_would_take_hours_or_gigabytes_is_refused(tmp_path, make, words):
    with pytest.raises(ImageError, match=words) as caught:
        decode(put(tmp_path, make()), "boot")
    assert "boot" in caught.value.message
    assert caught.value.hint


def test_compressed_data_beside_the_pixels_are_not_decompressed(tmp_path):
    squeezed = zlib.compress(bytes(20 << 20), 9)
    for kind in (b"zTXt", b"iCCP"):
        with pytest.raises(ImageError, match="damaged"):
            decode(put(tmp_path, hostile.png_with(kind, b"a\0\0" + squeezed)), "boot")


def test_an_interlaced_image_is_whole(tmp_path):
    pixels = decode(put(tmp_path, hostile.interlaced()), "")
    assert (pixels == 255).sum() == pixels[4:12, 5:9].size == 32
    assert (pixels[4:12, 5:9] == 255).all()


@pytest.mark.skipif(os.name == "nt", reason="Windows has none of these")
def test_what_is_no_regular_file_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    (tmp_path / "device.png").symlink_to("/dev/zero")
    for name, words in [
        ("pipe.png", "not a regular file"),
        ("device.png", "not a regular file"),
        ("loop.png", "there is no file|cannot be read"),
        ("x" * 300, "cannot be read|there is no file"),
    ]:
        with pytest.raises(ImageError, match=words):
            decode(tmp_path / name, name)


def test_a_file_larger_than_any_image_is_refused_unread(tmp_path):
    path = put(tmp_path, hostile.saved(DRAWING, "PNG"))
    os.truncate(path, 1 << 40)
    with pytest.raises(ImageError, match="1,099,511,627,776 bytes; expected at most"):
        decode(path, "boot")


def test_a_limited_file_gives_no_more_than_its_limit(tmp_path):
    with put(tmp_path, bytes(range(100))).open("rb") as file:
        limited = LimitedFile(file, 50, "boot")
        assert limited.read(30) == bytes(range(30))
        assert limited.tell() == 30
        with pytest.raises(ImageError, match="far more beside"):
            limited.read()


def test_numbers_in_exif_data_are_read():
    for order in "<>":
        head = {"<": b"II*\0", ">": b"MM\0*"}[order]
        entries = struct.pack(f"{order}HHIHH", 0x0112, 3, 1, 6, 0) + struct.pack(f"{order}HHII", 0x0100, 4, 1, 70_000)
        content = head + struct.pack(f"{order}IH", 8, 2) + entries
        assert exif.exif_numbers(b"Exif\0\0" + content, "") == {0x0112: 6, 0x0100: 70_000}


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}, {"exif": hostile.exif(6)}])
def test_a_large_jpeg_is_decoded_at_a_reduced_scale(options, monkeypatch):
    """As a reduced copy of the whole, and with an edge that is at least enough."""
    image = converted("RGB").resize((1000, 800))
    content = hostile.saved(image, "JPEG", quality=90, **options)
    whole = Image.fromarray(decode(content, "", enough=1000))
    for enough, scale in ((401, 1), (400, 2), (101, 7), (100, 8), (40, 20)):
        pixels = decode(content, "", enough=enough)
        assert min(pixels.shape[:2]) >= enough
        drafted = next(draft for draft in (8, 4, 2, 1) if draft <= scale)
        expected = np.asarray(whole.reduce(drafted * (scale // drafted if scale == 20 else 1)).convert("RGB"))
        assert abs(pixels.astype(int) - expected).mean() < 2
    monkeypatch.setattr("lenet.images.raster.MAX_REDUCED", 5000)
    assert decode(content, "").size <= 3 * 5000


def test_a_jpeg_of_200_megapixels_is_read_and_a_larger_one_refused():
    content = hostile.saved(Image.new("L", (16, 16), 200), "JPEG")
    start = content.index(b"\xff\xc0") + 5
    claimed = content[:start] + struct.pack(">HH", 12_240, 16_320) + content[start + 4 :]
    assert decode(claimed, "boot").shape == (1530, 2040)
    claimed = content[:start] + struct.pack(">HH", 20_000, 20_000) + content[start + 4 :]
    with pytest.raises(ImageError, match="boot is too large: 20,000 × 20,000 pixels, more than 256 megapixels"):
        decode(claimed, "boot")


@pytest.mark.parametrize(
    ("options", "size", "words"),
    [
        ({"progressive": True}, (8064, 6048), ""),
        ({"progressive": True, "subsampling": 0}, (8064, 6048), "in a progressive JPEG, whose decoder holds 293 MB"),
        ({"progressive": True}, (12_000, 9000), "in a progressive JPEG, whose decoder holds 324 MB"),
        ({"subsampling": 0}, (12_000, 9000), ""),
    ],
)
def test_a_progressive_jpeg_is_refused_where_its_coefficients_take_too_much_memory(options, size, words):
    content = hostile.saved(Image.new("RGB", (16, 16)), "JPEG", **options)
    start = content.index(b"\xff\xc2" if "progressive" in options else b"\xff\xc0") + 5
    content = content[:start] + struct.pack(">HH", size[1], size[0]) + content[start + 4 :]
    with pytest.raises(ImageError, match=words) if words else contextlib.nullcontext():
        check_file(io.BytesIO(content), len(content), "boot")


def test_a_mask_saved_with_8_bits_is_black_and_white():
    ink = np.asarray(DRAWING) < 100
    for mode in ("L", "RGB"):
        image = Image.fromarray(ink.astype(np.uint8)).convert(mode)
        np.testing.assert_array_equal(decode(hostile.saved(image, "PNG"), ""), 255 * ink)
        np.testing.assert_array_equal(
            decode(image, "", enough=50), np.asarray(Image.fromarray(255 * ink.astype(np.uint8)).reduce(2))
        )


@pytest.mark.parametrize(
    ("content", "what", "hint"),
    [
        (b"", "it is empty", "get it again"),
        (b"<!DOCTYPE html><title>404 Not Found</title>", "it is a web page", "save the image itself"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "it is an SVG drawing", "save it as PNG or JPEG"),
        (b"%PDF-1.4", "it is a PDF document", "save the page as PNG"),
        (b"\0\0\0\x18ftypmp42", "it is a video", "save one frame"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "it is a JPEG XL image", "save it as PNG or JPEG"),
        (b"PK\3\4" + bytes(99), "it is a zip file", "unpack it"),
        (b"version https://git-lfs.github.com/spec/v1", "a pointer of Git LFS", "git lfs pull"),
    ],
)
def test_what_a_file_is_instead_of_an_image_is_said(tmp_path, content, what, hint):
    with pytest.raises(ImageError, match=rf"boot is not an image that lenet can read: .*{what}") as caught:
        decode(put(tmp_path, content), "boot")
    assert hint in caught.value.hint


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
@pytest.mark.parametrize("channels", [2, 3, 4])
def test_colours_may_use_some_bits_of_16(bits, channels):
    """Pillow leaves the lower 8 bits out, so 10 bits become four levels; transparency stays."""
    levels = np.linspace(0.1, 1, 40 * 30).reshape(40, 30)
    values = (levels * (2**bits - 1)).astype(">u2")
    colours = np.repeat(values[:, :, None], channels, axis=2)
    if channels in (2, 4):
        colours[:, :, -1] = 65_535
    rows = b"".join(b"\0" + row.tobytes() for row in colours)
    header = struct.pack(">IIBBBBB", 30, 40, 16, {2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    pixels = decode(hostile.chunks((b"IHDR", header), (b"IDAT", zlib.compress(rows))), "")
    assert pixels.shape == (40, 30)
    assert abs(pixels / 255 - levels).max() < 1.01 * 2 ** (8 - bits)


def test_the_first_image_of_a_phones_jpeg_is_taken():
    """Phones put a depth map or a gain map behind it: a multi-picture object, which Pillow calls MPO."""
    other = Image.new("RGB", DRAWING.size)
    content = hostile.saved(converted("RGB"), "MPO", save_all=True, append_images=[other], quality=95)
    assert Image.open(io.BytesIO(content)).format == "MPO"
    pixels = decode(content, "")
    assert abs(pixels.astype(int) - np.asarray(converted("RGB"))).mean() < 4
    assert decode(content, "", enough=50).shape == (60, 50, 3)


def test_warnings_are_ignored_only_while_images_are_read():
    """Whichever of two threads enters first may leave first."""
    before = list(warnings.filters)
    with QUIET:
        inside = list(warnings.filters)
        QUIET.__enter__()
    assert warnings.filters == inside != before
    QUIET.__exit__()
    assert warnings.filters == before
