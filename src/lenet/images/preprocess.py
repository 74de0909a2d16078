"""The one way from a picture to the network's input, in prediction, server and export; stored with every model.

`Preprocessing.picture` takes these steps, the first two in pictures.py, the others functions below, in this order:

1. `pictures`  a file of a known format, its size checked before decoding; first frame; upright as its EXIF data say
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

from lenet.data.catalogue import CATALOGUE
from lenet.data.dataset import Dataset, Images
from lenet.errors import ImageError, RunError
from lenet.images.decode import Grey, chunks, grey
from lenet.images.framing import FRAMINGS, content, corners, fitted, is_light, levelled, placed, reduced

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

GROUNDS = ("dark", "light", "mixed")


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
        images = dataset.images
        light = [corners(images[part]).mean(axis=(-2, -1)) > 127.5 for part in chunks(images.shape)]
        share = float(np.mean(np.concatenate(light)))
        ground = "dark" if share < 0.05 else "light" if share > 0.95 else "mixed"
        framing = CATALOGUE[dataset.name].framing if dataset.name in CATALOGUE else "box"
        mean, std = mean_and_std(dataset.images) if normalize else (0.0, 1.0)
        return cls(dataset.size, mean, std, ground, framing)

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
        pixels = grey(source, name)
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
        level = levelled(fitted(shown, frame), noise)
        if not level.any():  # it rises from its ground in single pixels, and on average it does not
            raise ImageError(
                f"of {name} nothing is left at {self.size[0]}×{self.size[1]} pixels, which is what the network takes",
                hint="crop it to what it shows",
            )
        seen = placed(level, self.size, self.framing)
        return 255 - seen if self.ground == "light" else seen


def mean_and_std(images: Images) -> tuple[float, float]:
    """Mean and standard deviation of all pixels, as parts of 255: exact, from counts, without a copy in floats."""
    counts = np.zeros(256, np.int64)
    for part in chunks(images.shape):
        counts += np.bincount(images[part].ravel(), minlength=256)
    values = np.arange(256) / 255
    mean = float(np.average(values, weights=counts))
    std = math.sqrt(float(np.average((values - mean) ** 2, weights=counts)))
    return mean, std if std > 1e-6 else 1.0  # pictures all of one grey: nothing to divide by


def _is_number(value: object) -> bool:
    """Whether it is finite as a float, which whole numbers of 400 digits are not."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
