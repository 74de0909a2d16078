"""The one way from a picture to the network's input, in prediction, server and export; stored with every model.

`Preprocessing.picture` takes these steps, each a function below, in this order:

1. `opened`    a file of a known format, its size checked before decoding; first frame; upright as its EXIF data say
2. `grey`      one channel of 8 bits: wider pixels scaled down, transparency laid on the ground that shows it, ITU-R 601
3. A picture that already has the network's size is like those trained on. It stays as it is, even if blank, so that one
   saved from the data set reaches the network bit for bit as in evaluation; it is inverted only if `is_light` says so.
4. `is_light`  any other is inverted if its ground is light: from here on the ground is dark
5. `backdrop`  how bright that ground is, corner by corner, and how noisy
6. `content`   the box that holds everything brighter than the ground, and that box without the ground
7. `fitted`    scaled into the frame by averaging areas, proportions kept
8. `levelled`  ground to 0, brightest pixel to 255; after scaling, so that thin strokes do not fade
9. `placed`    centred as the training pictures are, and inverted back if those have a light ground
"""

import math
import sys
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lenet.data.dataset import Dataset, Images
from lenet.errors import PictureError, RunError

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

Grey = NDArray[np.uint8]  # (height, width)
Floats = NDArray[np.float32]

FORMATS = (
    "PNG",
    "JPEG",
    "BMP",
    "GIF",
    "WEBP",
    "TIFF",
    "PPM",
)  # Pillow knows many more, some of them rarely looked after
MAX_PIXELS = 16_000_000
GROUNDS = ("dark", "light", "mixed")
# The part of the frame that content fills, and how far, as a part of its peak, something must rise above the ground to
# count as content: ink has steep edges, and blur or shadow around it is not ink; garments have parts as pale as the ground.
FRAMINGS = {"mass": (20 / 28, 1 / 4), "box": (1.0, 1 / 16)}
FRAMING_OF = {"mnist": "mass", "digits": "mass"}  # "box" for every other: so Fashion-MNIST was made
COARSE = 256  # longest edge, in pixels, of the copy in which ground and content are looked for: averaging removes noise
FAINTEST = 10  # a picture whose content differs less than this from its ground (of 255) shows nothing


@dataclass(frozen=True)
class Preprocessing:
    """What every picture goes through on its way to the network.

    size: height and width of the network's input; mean, std: the network is given `(pixel / 255 - mean) / std`;
    ground: what the training pictures stand on, "dark", "light" or "mixed" (photographs: no ground in common, hence
    neither inverted nor cropped); framing: "mass", as MNIST: content fitted into 20/28 of the frame and centred by its
    centre of mass, or "box", as Fashion-MNIST: content fills the frame and is centred by its box.
    """

    size: tuple[int, int]
    mean: float = 0.0
    std: float = 1.0
    ground: str = "dark"
    framing: str = "box"

    def __post_init__(self) -> None:
        size = self.size
        valid = {
            "size": isinstance(size, tuple) and len(size) == 2 and all(type(n) is int and n > 0 for n in size),
            "mean": _is_number(self.mean),
            "std": _is_number(self.std) and self.std > 0,
            "ground": self.ground in GROUNDS,
            "framing": self.framing in FRAMINGS,
        }
        for name in (name for name, is_valid in valid.items() if not is_valid):
            raise RunError(
                f"the preprocessing has {name} {getattr(self, name)!r}",
                hint=f"size is two whole numbers, mean a number, std a positive one, ground {' or '.join(GROUNDS)}, "
                f"framing {' or '.join(FRAMINGS)}",
            )

    @classmethod
    def of(cls, dataset: Dataset, normalize: bool = False) -> "Preprocessing":
        """The preprocessing for networks trained on `dataset`: its ground measured, and mean and std if `normalize`."""
        light = [corners(part).mean(axis=(-2, -1)) > 127.5 for part in in_parts(dataset.images)]
        share = float(np.mean(np.concatenate(light)))
        ground = "dark" if share < 0.05 else "light" if share > 0.95 else "mixed"
        mean, std = mean_and_std(dataset.images) if normalize else (0.0, 1.0)
        return cls(dataset.size, mean, std, ground, FRAMING_OF.get(dataset.name, "box"))

    def to_dict(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {**asdict(self), "size": list(self.size)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Preprocessing":
        """The inverse of `to_dict`; nonsense is a RunError."""
        known = {field.name for field in fields(cls)}
        if not isinstance(values, dict) or set(values) != known:
            raise RunError(f"the preprocessing is {values!r}", hint=f"expected the entries {', '.join(sorted(known))}")
        size = values["size"]
        return cls(**{**values, "size": tuple(size) if isinstance(size, list) else size})

    def picture(self, source: "Path | str | Picture | NDArray[Any]") -> Grey:
        """What the network sees of `source`: uint8 of shape `(height, width)`."""
        name = str(source) if isinstance(source, Path | str) else "the picture"
        pixels = grey(opened(source, name), name)
        if pixels.shape == self.size:
            return pixels if self.ground == "mixed" or is_light(pixels) == (self.ground == "light") else 255 - pixels
        if self.ground == "mixed":
            whole = np.rint(fitted(pixels.astype(np.float32), self.size)).astype(np.uint8)
            return placed(whole, self.size, "box", fill=int(corners(pixels).mean()))
        if is_light(coarse := reduced(pixels), middle=(float(coarse.min()) + float(coarse.max())) / 2):
            pixels = 255 - pixels
        part, rise = FRAMINGS[self.framing]
        shown, noise = content(pixels, rise, name)
        frame = (max(1, round(self.size[0] * part)), max(1, round(self.size[1] * part)))
        seen = placed(levelled(fitted(shown, frame), noise), self.size, self.framing)
        return 255 - seen if self.ground == "light" else seen


def in_parts(images: Images) -> list[Images]:
    """The pictures, a few hundred at a time, where something is computed of them that is larger than they are."""
    return np.array_split(images, math.ceil(len(images) / 512))


def mean_and_std(images: Images) -> tuple[float, float]:
    """Mean and standard deviation of all pixels, as parts of 255: exact, from counts, without a copy in floats."""
    counts = sum((np.bincount(part.ravel(), minlength=256) for part in in_parts(images)), np.zeros(256, np.int64))
    values = np.arange(256) / 255
    mean = float(np.average(values, weights=counts))
    std = math.sqrt(float(np.average((values - mean) ** 2, weights=counts)))
    return mean, std if std > 1e-6 else 1.0  # pictures all of one grey: nothing to divide by


def opened(source: "Path | str | Picture | NDArray[Any]", name: str) -> "Picture":
    """The decoded picture, upright. Its size is checked from the header: a small file can claim a gigantic picture."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    if isinstance(source, np.ndarray):
        return _from_array(source, name)
    if not isinstance(source, Path | str | Image.Image):
        raise PictureError(f"{source!r} is not a picture", hint="expected a path, a Pillow image or a NumPy array")
    try:
        if isinstance(source, Image.Image):
            _check_size(source.size, name)
            return ImageOps.exif_transpose(source)
        _check_path(Path(source))
        with Image.open(source, formats=FORMATS) as image:
            _check_size(image.size, name)
            return ImageOps.exif_transpose(image)  # decodes, and is a copy that outlives the file
    except PictureError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large(name, "far more than") from error
    except UnidentifiedImageError as error:
        hint = f"known formats: {', '.join(FORMATS)}; save it as PNG"
        raise PictureError(f"{name} is not a picture, or of a format that lenet does not know", hint=hint) from error
    except Exception as error:  # damaged files make Pillow's decoders raise nearly anything
        hint = f"Pillow says: {error}; open it in another program and save it as PNG"
        raise PictureError(f"{name} is truncated or damaged, or cannot be read", hint=hint) from error


def grey(image: "Picture", name: str) -> Grey:
    """One channel of 8 bits, brightness by ITU-R 601, shape `(height, width)`; equal channels come out unchanged."""
    if image.mode == "F" or image.mode.startswith("I"):
        return to_bytes(np.asarray(image), name)
    try:
        if image.has_transparency_data:
            return on_ground(image.convert("RGBA"))
        colours = image if image.mode in ("1", "L", "RGB") else image.convert("RGB")  # Pillow has no way from CMYK to L
        return np.array(colours.convert("L"))
    except ValueError as error:
        hint = "convert it to RGB or greyscale first"
        raise PictureError(f"{name} has pixels of kind {image.mode}, which cannot be made grey", hint=hint) from error


def on_ground(image: "Picture") -> Grey:
    """A transparent RGBA picture laid on black or white, whichever its opaque part stands out from."""
    pixels = np.asarray(image.convert("L")).astype(np.int32)
    alpha = np.asarray(image.getchannel("A")).astype(np.int32)
    ground = 255 if (pixels * alpha).sum(dtype=np.int64) < 127.5 * alpha.sum(dtype=np.int64) else 0
    return ((pixels * alpha + ground * (255 - alpha) + 127) // 255).astype(np.uint8)


def to_bytes(values: NDArray[Any], name: str) -> Grey:
    """Any pixels as 8 bits. White is 65535 for uint16; otherwise the first of 1 (floats), 255, 65535 that suffices."""
    if values.dtype == np.uint8:
        return values.copy()
    if values.dtype.kind not in "buif" or not np.isfinite(values).all():
        raise PictureError(f"{name} holds values that are not numbers ({values.dtype})")
    low, high = min(0.0, float(values.min())), float(values.max())
    whites = [65535.0] if values.dtype.newbyteorder("=") == np.uint16 else [255.0, 65535.0]
    whites = [1.0, *whites] if values.dtype.kind in "bf" else whites
    white = next((white for white in whites if high <= white), high)
    bytes_: Grey = np.rint((values.astype(np.float32) - low) * (255 / (white - low))).astype(np.uint8)
    return bytes_


def corners(pixels: NDArray[Any]) -> Floats:
    """Mean brightness of the four corners, a twentieth of each edge, at least one pixel.

    `(height, width)` → `(2, 2)`; of many pictures, `(N, height, width)` → `(N, 2, 2)`.
    """
    height, width = (max(1, round(edge / 20)) for edge in pixels.shape[-2:])
    tops, sides = (slice(None, height), slice(-height, None)), (slice(None, width), slice(-width, None))
    means = [[pixels[..., rows, columns].mean(axis=(-2, -1)) for columns in sides] for rows in tops]
    return np.moveaxis(np.array(means, np.float32), (0, 1), (-2, -1))


def is_light(pixels: Grey, middle: float = 127.5) -> bool:
    """Whether the picture stands on a light ground: whether its corners are, on average, brighter than `middle`.

    Measured on all 140,000 pictures of MNIST and Fashion-MNIST, training and test: no picture is wrongly taken for
    light, and none of the inverses `255 - picture` is missed. The border's mean does as well, its median errs on 2,
    the mean of the whole picture on 3,718. Cropped to their content, so that it touches all four edges, of the 20,000
    test pictures 2 are mistaken by the corners, 24 by the border's mean, 48 by its median.
    """
    return bool(corners(pixels).mean() > middle)


def reduced(pixels: Grey) -> Grey:
    """A copy of at most `COARSE` pixels per edge, by averaging squares."""
    from PIL import Image

    return np.asarray(Image.fromarray(pixels).reduce(_square(pixels)))


def backdrop(coarse: Grey) -> tuple[Floats, float]:
    """The ground's brightness in the four corners, shape `(2, 2)`, and how far noise rises above it.

    Light seldom falls evenly on a sheet of paper, so the ground is taken to change linearly between its corners;
    unless content reaches into a corner, when one brightness for all leaves less of the border unexplained.
    """
    sloping = corners(coarse)
    even = np.full((2, 2), np.sort(sloping, axis=None)[1], np.float32)
    unexplained = {"even": _unexplained(coarse, even), "sloping": _unexplained(coarse, sloping)}
    ground = sloping if unexplained["sloping"] < unexplained["even"] else even
    return ground, 3 * 1.4826 * min(unexplained.values())  # three standard deviations, from the median deviation


def content(pixels: Grey, rise: float, name: str) -> tuple[Floats, float]:
    """What rises from a dark ground by more than `rise` of its peak, cropped, the ground subtracted; and its noise."""
    coarse, square = reduced(pixels), _square(pixels)
    ground, noise = backdrop(coarse)
    relief = coarse - _surface(ground, coarse.shape)
    peak = float(relief.max())
    if peak < max(FAINTEST, noise):
        hint = "expected something dark on a light ground or light on a dark one"
        raise PictureError(f"{name} shows nothing: all pixels are alike", hint=hint)
    threshold = max(noise, peak * rise)
    top, bottom, left, right = _box(relief > threshold)
    rows = slice(max(0, top - 1) * square, (bottom + 1) * square)  # one square more, then to the pixel
    columns = slice(max(0, left - 1) * square, (right + 1) * square)
    relief = pixels[rows, columns] - _surface(ground, (pixels.shape[0], pixels.shape[1]), rows, columns)
    if (relief > threshold).any():
        top, bottom, left, right = _box(relief > threshold)
        relief = relief[top:bottom, left:right]
    return relief, noise


def fitted(pixels: Floats, frame: tuple[int, int]) -> Floats:
    """Scaled, smoothly and with its proportions kept, so that it just fits into `frame`, `(height, width)`."""
    from PIL import Image

    scale = min(frame[0] / pixels.shape[0], frame[1] / pixels.shape[1])
    height, width = (max(1, round(edge * scale)) for edge in pixels.shape)
    filters = Image.Resampling
    resample = filters.BOX if scale < 1 else filters.BICUBIC
    return np.asarray(Image.fromarray(pixels).resize((width, height), resample))


def levelled(pixels: Floats, noise: float) -> Grey:
    """Ground and noise to 0, the brightest pixel to 255."""
    peak = float(pixels.max())
    floor = min(noise, peak / 4)
    return np.rint((pixels - floor).clip(0) * (255 / max(peak - floor, 1e-6))).astype(np.uint8)


def placed(pixels: Grey, size: tuple[int, int], framing: str, fill: int = 0) -> Grey:
    """Content in the middle of a frame of `size`, rounded as the makers of MNIST ("mass") and Fashion-MNIST ("box") did.

    Every MNIST picture has its centre of mass, in pixel indices, in 13.5 ≤ y, x < 14.5; where the content of a
    Fashion-MNIST picture leaves an odd number of empty columns or rows, the one more is mostly left or above.
    """
    frame = np.full(size, fill, np.uint8)
    starts = []
    for axis, (edge, length) in enumerate(zip(size, pixels.shape, strict=True)):
        start = (edge - length + 1) // 2
        if framing == "mass":
            weights = pixels.sum(axis=1 - axis, dtype=np.float64)
            start = math.ceil((edge - 1) / 2 - float(np.average(np.arange(length), weights=weights)))
        starts.append(min(max(start, 0), edge - length))
    frame[starts[0] : starts[0] + pixels.shape[0], starts[1] : starts[1] + pixels.shape[1]] = pixels
    return frame


def _surface(ground: Floats, shape: tuple[int, ...], rows: slice = slice(None), columns: slice = slice(None)) -> Floats:
    """The ground between its four corners, bilinear, over rows and columns of a picture of `shape`."""
    y, x = (((np.arange(edge, dtype=np.float32) + 0.5) / edge) for edge in shape)
    y, x = y[rows, None], x[columns]
    top, bottom = (left + (right - left) * x for left, right in ground)
    return np.asarray(top + (bottom - top) * y, np.float32)


def _unexplained(coarse: Grey, ground: Floats) -> float:
    """The median distance between the pixels of the picture's border and the ground."""
    relief = np.abs(coarse - _surface(ground, coarse.shape))
    return float(np.median(np.concatenate([relief[0], relief[-1], relief[:, 0], relief[:, -1]])))


def _box(mask: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Top, bottom, left, right of what is true, as for slicing."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def _square(pixels: Grey) -> int:
    """The edge of the squares that `reduced` averages."""
    return -(-int(max(pixels.shape)) // COARSE)


def _from_array(values: NDArray[Any], name: str) -> "Picture":
    """A grey, grey and alpha, RGB or RGBA array as a Pillow image."""
    from PIL import Image

    if values.ndim == 3 and values.shape[2] == 1:
        values = values[:, :, 0]
    if values.ndim != 2 and not (values.ndim == 3 and values.shape[2] in (2, 3, 4)):
        hint = "expected (height, width), or (height, width, channels) with 1 to 4 channels"
        raise PictureError(f"{name} is an array of shape {values.shape}", hint=hint)
    _check_size((values.shape[1], values.shape[0]), name)
    return Image.fromarray(np.ascontiguousarray(to_bytes(values, name)))


def _check_path(path: Path) -> None:
    if path.is_dir():
        raise PictureError(f"{path} is a folder, not a picture", hint="name the pictures in it")
    if not path.exists():
        raise PictureError(f"there is no file {path}", hint="check its name and the folder you are in")
    if not path.is_file():
        raise PictureError(f"{path} is not an ordinary file")


def _check_size(size: tuple[int, int], name: str) -> None:
    width, height = size
    if width < 1 or height < 1:
        raise PictureError(f"{name} has no pixels: it is {width} × {height}")
    if width * height > MAX_PIXELS:
        raise _too_large(name, f"{width:,} × {height:,} pixels,")


def _too_large(name: str, how_large: str) -> PictureError:
    hint = "make it smaller first; a few hundred pixels along each edge are plenty"
    return PictureError(f"{name} is too large: {how_large} more than {MAX_PIXELS // 1_000_000} megapixels", hint=hint)


def _is_number(value: object) -> bool:
    """Whether it is finite as a float, which whole numbers of 400 digits are not."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
