"""Image files, arrays and tensors as pixels: only known formats, checked (`limits.py`) before Pillow decodes them.

    pixels = decode(Path("boot.jpg"), "boot.jpg")  # uint8 (height, width), or (height, width, 3) with colours, upright

Pixels are converted some rows at a time, and large images are reduced on the way: no image takes more than 200 MB.
"""

import io
import os
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lenet.errors import ImageError
from lenet.files import untrusted
from lenet.images import arrays, heif, jpeg, limits, strips
from lenet.images.exif import ORIENTATION, orientation
from lenet.images.pixels import Pixels, to_grey
from lenet.images.raster import Raster, factor, reduced
from lenet.images.structure import LimitedFile, check_file

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage
    from PIL.ImageFile import ImageFile

__all__ = ["Pixels", "Source", "decode", "to_grey"]

# A file or its content, a Pillow image, or an array or tensor as `lenet.images.arrays` takes it.
Source: TypeAlias = "str | os.PathLike[str] | bytes | bytearray | memoryview | PillowImage | NDArray[Any] | Any"

ENOUGH = 1024  # pixels of the shorter edge: larger images are reduced by whole factors, to no less than this
# What turns an image upright, by its EXIF orientation.
TURNS: dict[int, Callable[[Pixels], Pixels]] = {
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: pixels.swapaxes(0, 1)[:, ::-1],
    7: lambda pixels: pixels[::-1, ::-1].swapaxes(0, 1),
    8: lambda pixels: pixels.swapaxes(0, 1)[::-1],
}


class Quiet:
    """Ignores Pillow's warnings, which are about what is checked here, or about data that are not used.

    `warnings.catch_warnings` alone would leave them ignored where several threads enter and leave in turn.
    """

    def __init__(self) -> None:
        self.lock, self.num_inside, self.caught = threading.Lock(), 0, warnings.catch_warnings()

    def __enter__(self) -> None:
        with self.lock:
            if self.num_inside == 0:
                self.caught = warnings.catch_warnings()
                self.caught.__enter__()
                warnings.simplefilter("ignore")
            self.num_inside += 1

    def __exit__(self, *_: object) -> None:
        with self.lock:
            self.num_inside -= 1
            if self.num_inside == 0:
                self.caught.__exit__(None, None, None)


QUIET = Quiet()


def decode(source: Source, name: str, *, enough: int = ENOUGH) -> Pixels:
    """Decode an image.

    Args:
        source: A file, its content, a Pillow image, an array or a tensor.
        name: What errors call it.
        enough: Pixels of the shorter edge that are enough: a larger image is reduced by the whole factor that leaves no
            fewer, a JPEG already while it is decoded. Smaller numbers are faster.

    Returns:
        uint8 (height, width), or (height, width, 3) where the image has colours; upright as the EXIF data say; transparent
        pixels on black or white, whichever the opaque ones stand out from.

    Raises:
        ImageError: It is no image, damaged, or too large.
    """
    if isinstance(source, bytes) and (pixels := jpeg.small(source, enough)) is not None:
        return pixels
    from PIL import Image, UnidentifiedImageError

    try:
        with QUIET:
            if isinstance(source, Image.Image):
                limits.check_size(source.size, name, limits.max_pixels(None, source.mode))
                return _turned(reduced(Raster.of_pillow(source), name, enough), source.getexif().get(ORIENTATION, 1))
            if isinstance(source, bytes | bytearray | memoryview):
                return _read(io.BytesIO(source), len(source), name, enough)
            if isinstance(source, str | os.PathLike):
                _check_path(Path(source))
                with untrusted.open_file(Path(source), limits.MAX_BYTES, ImageError) as (file, size):
                    return _read(file, size, name, enough)
            if arrays.is_array(source):
                return reduced(Raster.of_array(arrays.from_array(source, name)), name, enough)
    except ImageError:
        raise
    except Image.DecompressionBombError as error:
        raise limits.too_large(name, "far") from error
    except UnidentifiedImageError as error:
        hint = f"known formats: {', '.join(limits.FORMATS)}; save it as PNG"
        raise ImageError(f"{name} is not an image, or of a format that lenet does not know", hint=hint) from error
    except Exception as error:  # damaged files make Pillow's decoders raise nearly anything
        hint = f"Pillow says: {untrusted.printable(error)}; open it in another program and save it as PNG"
        raise ImageError(f"{name} is truncated or damaged, or cannot be read", hint=hint) from error
    expected = "expected a path, a file's content as bytes, a Pillow image, an array or a tensor"
    raise ImageError(f"{name} is not an image: it is of type {type(source).__name__}", hint=expected)


def _read(file: BinaryIO, size: int, name: str, enough: int) -> Pixels:
    """The pixels of a file."""
    start = file.read(64)
    file.seek(0)
    if heif.is_heic(start):
        return reduced(Raster.of_array(heif.heic_pixels(file, name)), name, enough)
    checked = check_file(file, size, name)
    with _opened(checked, start, name) as image:
        if image.width * image.height > limits.max_pixels(image.format, image.mode) and strips.has_strips(image):
            limits.check_edges(image.size, name)
            return _turned(reduced(strips.raster(file, image), name, enough), _orientation(image))
        limits.check_header(image, name)
        if image.format == "AVIF":
            file.seek(0)
            limits.check_size(image.size, name, heif.max_pixels(file.read(heif.HEADER), len(image.getbands())))
        if isinstance(checked, LimitedFile):
            checked.left = size + limits.MAX_HEADER
        return _turned(reduced(_decoded(image, enough), name, enough), _orientation(image))


def _opened(file: BinaryIO | LimitedFile, start: bytes, name: str) -> "ImageFile":
    """The image of a file that begins so, of which Pillow has only read the header."""
    from PIL import Image, JpegImagePlugin, features

    if start.startswith(b"\xff\xd8"):  # Image.open would refuse 200 megapixels, and look for further images in it
        return JpegImagePlugin.JpegImageFile(file)  # type: ignore[arg-type]
    if start[4:8] != b"ftyp":
        return Image.open(file, formats=limits.FORMATS[:-1])  # type: ignore[arg-type]
    if not features.check("avif"):
        hint = "pip install --upgrade pillow; or save it as JPEG"
        raise ImageError(f"{name} is an AVIF image, which the Pillow of this machine cannot read", hint=hint)
    return Image.open(file, formats=["AVIF"])  # type: ignore[arg-type]


def _decoded(image: "ImageFile", enough: int) -> Raster:
    """The pixels of a file that Pillow has opened."""
    if image.format == "AVIF":
        return Raster.of_array(heif.avif_pixels(image))
    if image.format == "JPEG":
        divisor = factor(image.size, enough)
        scale = next(scale for scale in (8, 4, 2, 1) if scale <= divisor)
        if scale > 1:
            image.draft(image.mode, (max(1, image.width // scale), max(1, image.height // scale)))
    is_deep = image.mode in ("LA", "RGB", "RGBA") and any(";16" in str(tile[3]) for tile in image.tile)
    image.load()
    return Raster.of_pillow(image, is_deep)


def _check_path(path: Path) -> None:
    words = untrusted.printable(path)
    if path.is_dir():
        raise ImageError(f"{words} is a folder, not an image", hint="name the images in it")
    if not path.exists():
        raise ImageError(f"there is no file {words}", hint="check its name and the folder you are in")
    if not path.is_file():
        raise ImageError(f"{words} is not a regular file")


def _orientation(image: "ImageFile") -> int:
    return 1 if image.format == "TIFF" else orientation(image.info)  # Pillow turns a TIFF while it decodes it


def _turned(pixels: Pixels, number: int) -> Pixels:
    turn = TURNS.get(number)
    return pixels if turn is None else np.ascontiguousarray(turn(pixels))
