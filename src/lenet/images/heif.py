"""AVIF and HEIC, as phones write them: whole images in their decoders' memory, without Pillow's copy."""

import io
import re
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from lenet.errors import ImageError
from lenet.extras import has_heic
from lenet.images import limits
from lenet.images.structure import LimitedFile

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage

HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
HEADER = 1 << 20  # bytes in which the codec's settings are looked for
MAX_MEMORY = 184_000_000  # bytes of what the decoders hold: AVIF of 23 megapixels, HEIC of 40, in 8 bits and 4:2:0
MAX_FILE = 16 << 20  # bytes; it is held too
PLANES = (1.0, 1.5, 2.0, 3.0)  # numbers a pixel, by the kind of subsampling: grey, 4:2:0, 4:2:2, 4:4:4


def is_heic(start: bytes) -> bool:
    """Whether a file that begins so is HEIC, under whatever name; the brands of AVIF are others."""
    if start[4:8] != b"ftyp":
        return False
    size = min(int.from_bytes(start[:4], "big"), len(start))
    brands = {start[position : position + 4] for position in (8, *range(16, size - 3, 4))}
    return not brands & {b"avif", b"avis"} and bool(brands.intersection(HEIC_BRANDS))


def max_pixels(start: bytes, num_channels: int) -> int:
    """The most pixels that an image may have.

    Args:
        start: The first bytes of the file.
        num_channels: 1 to 4, of the decoded image.
    """
    av1 = re.findall(rb"av1C(...)", start, re.DOTALL)
    hevc = re.findall(rb"hvcC(.{18})", start, re.DOTALL)
    # Each as grey or one of three ways of subsampling, and whether a number has more than 8 bits.
    settings = [(0 if flags & 16 else 3 - (flags >> 3 & 1) - (flags >> 2 & 1), flags & 64) for _, _, flags in av1]
    settings += [(box[16] & 3, box[17] & 7) for box in hevc]
    planes, is_deep = max((PLANES[kind], bool(depth)) for kind, depth in settings) if settings else (3.0, True)
    # Pillow holds an AVIF's pixels twice, the decoder some more; libheif first makes 8 bits of more.
    num_bytes = planes * (1 + is_deep) + (2 * num_channels + 0.5 if av1 else num_channels + planes * is_deep)
    return int(MAX_MEMORY / (num_bytes + (num_channels in (2, 4))))


def avif_pixels(image: "PillowImage") -> NDArray[np.uint8]:
    """Decode an AVIF that Pillow has opened.

    Returns:
        uint8 (height, width), or (height, width, channels).
    """
    decoder: Any = image._decoder  # type: ignore[attr-defined]  # load() would hold all pixels three times
    content, *_ = decoder.get_frame(0)
    channels = () if image.mode == "L" else (len(image.getbands()),)
    return np.frombuffer(content, np.uint8).reshape(image.height, image.width, *channels)


def heic_pixels(file: BinaryIO, name: str) -> NDArray[np.uint8]:
    """Decode a HEIC, upright.

    Args:
        file: The file.
        name: What errors call it.

    Returns:
        uint8 (height, width, channels), or (height, width).

    Raises:
        ImageError: pillow-heif is not installed, or it is too large or damaged.
    """
    if not has_heic():
        hint = 'pip install "lenet[heic]"; or save it as JPEG, as iPhones do with Settings, Camera, Formats, Most Compatible'
        raise ImageError(f"{name} is a HEIC image; reading it needs pillow-heif, which is not installed", hint=hint)
    import pillow_heif  # type: ignore[import-not-found, unused-ignore]

    content = LimitedFile(file, MAX_FILE, name).read()
    image = pillow_heif.open_heif(io.BytesIO(content), convert_hdr_to_8bit=True)
    limits.check_size(image.size, name, max_pixels(content[:HEADER], len(image.mode)))
    pixels = np.asarray(image)[:, : image.size[0]]
    if pixels.dtype != np.uint8 or pixels.shape[:2] != (image.size[1], image.size[0]):
        raise ImageError(f"{name} has pixels of an unusual kind ({pixels.dtype})", hint=limits.RESAVE)
    return pixels
