"""The limits of images: of their size, and of whatever Pillow and its libraries leave unbounded (`structure.py`)."""

from typing import TYPE_CHECKING, Any

from lenet.errors import ImageError
from lenet.files import untrusted

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

MAX_PIXELS = 16_000_000  # where Pillow holds 4 bytes a pixel, as in colour
BYTES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2}  # that Pillow holds a pixel in other modes
MAX_JPEG_PIXELS = 256_000_000  # decoded at a reduced scale
MAX_STRIPS = 300_000_000  # bytes of a larger PNG's pixels, decoded in strips: 100 megapixels in colour
MAX_REDUCED = 8_000_000  # pixels of a reduced image
MAX_EDGE = 65_535  # pixels, as in a JPEG; Pillow needs a pointer for every row
MAX_BYTES = 128 << 20  # of a file: 16 megapixels with four channels of 16 bits
MAX_HEADER = 4 << 20  # bytes read before the first pixel, and bytes of everything beside the pixels
MAX_CHUNKS = 100_000  # of a PNG; a chunk usually has 8 kB or more
MAX_SCANS = 64  # of a JPEG; a progressive one has about ten, and each covers the whole image
MAX_SEGMENTS = 10_000  # of a JPEG
MAX_COEFFICIENTS = 150_000_000  # bytes that the decoder of a JPEG in several scans holds: 50 megapixels in 4:2:0
MAX_TILE = 4_000_000  # pixels of a TIFF's tile, which may be larger than the image
# Pillow knows many more formats, some of them poorly maintained.
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM", "AVIF")  # AVIF, which older versions lack, is the last
MAX_WEBP_PIXELS, MAX_WEBP_BYTES = 10_000_000, 16 << 20  # Pillow's decoder holds an image four times, and the file twice
SLOW_CODECS, MAX_SLOW_PIXELS = {"ppm", "ppm_plain", "bmp_rle"}, 500_000  # decoded in Python, pixel by pixel
# TIFF's numbers for none, CCITT (3), LZW, JPEG, deflate (2) and PackBits.
COMPRESSIONS = {1, 2, 3, 4, 5, 7, 8, 32773, 32946}
COMPRESSION, TILE_WIDTH, TILE_HEIGHT = 0x0103, 0x0142, 0x0143
RESAVE = "open it in another program and save it as PNG"


def max_pixels(kind: str | None, mode: str) -> int:
    """The most pixels that an image of a format and a mode of Pillow's may have."""
    by_kind = {
        "WEBP": MAX_WEBP_PIXELS,
        "JPEG": MAX_JPEG_PIXELS,
        "AVIF": MAX_JPEG_PIXELS,  # `heif.max_pixels` knows better
        "GIF": MAX_PIXELS,
    }
    return by_kind.get(kind or "", 4 * MAX_PIXELS // BYTES.get(mode, 4))


def check_header(image: "ImageFile", name: str) -> None:
    """Check an image whose header Pillow has read, and whose pixels are not decoded yet. Raises ImageError."""
    check_size(image.size, name, max_pixels(image.format, image.mode))
    if any(tile[0] in SLOW_CODECS for tile in image.tile):
        check_size(image.size, name, MAX_SLOW_PIXELS)
    if image.format == "TIFF":
        _check_tiff(image, name)


def check_size(size: tuple[int, int], name: str, limit: int) -> None:
    """Check an image's size, (width, height): it needs pixels, and not too many. Raises ImageError."""
    check_edges(size, name)
    width, height = size
    if width * height > limit:
        raise too_large(name, f"{width:,} × {height:,} pixels,", limit)


def check_edges(size: tuple[int, int], name: str) -> None:
    """Check that an image has pixels, and not too many in a row. Raises ImageError."""
    width, height = size
    if width < 1 or height < 1:
        raise ImageError(f"{name} has no pixels: it is {width} × {height}")
    if max(width, height) > MAX_EDGE:
        raise ImageError(f"{name} is too long: {width:,} × {height:,} pixels", hint=f"at most {MAX_EDGE:,} in a row")


def _check_tiff(image: Any, name: str) -> None:
    """Check that a TIFF has a common compression, and tiles of a sensible size."""
    tags = image.tag_v2
    if (kind := tags.get(COMPRESSION, 1)) not in COMPRESSIONS:
        raise unusual(name, f"its compression is number {untrusted.printable(kind)}")
    if kind == 7:
        image.fp.seek(0)
        image.fp.left = MAX_BYTES
        if any(frame in image.fp.read() for frame in (b"\xff\xc2", b"\xff\xca")):
            raise unusual(name, "it holds a progressive JPEG")
    width, height = tags.get(TILE_WIDTH, 1), tags.get(TILE_HEIGHT, 1)
    if not all(isinstance(edge, int) and edge > 0 for edge in (width, height)) or width * height > MAX_TILE:
        raise unusual(name, f"its tiles are {untrusted.printable(width)} × {untrusted.printable(height)}")


def unusual(name: str, why: str) -> ImageError:
    """The error for a file that no common program writes."""
    return ImageError(f"{name} is an unusual image: {why}", hint=RESAVE)


def too_large(name: str, how_large: str, limit: int = MAX_PIXELS) -> ImageError:
    """The error for an image of more than `limit` pixels."""
    kind = "" if limit == MAX_PIXELS else ", the most that lenet takes of this kind"
    larger = f"; or save it as JPEG, which may have {MAX_JPEG_PIXELS / 1e6:g} megapixels"
    hint = "make it smaller first: a few hundred pixels along each edge are plenty"
    hint += larger if limit < MAX_JPEG_PIXELS else ""
    return ImageError(f"{name} is too large: {how_large} more than {limit / 1e6:g} megapixels{kind}", hint=hint)
