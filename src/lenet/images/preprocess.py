"""From an image to the network's input: one way, in prediction, server and export, stored with every trained network.

With the framing "whole", as for people's own images, `Preprocessing.apply` brings the whole image to the network's size
(`fit.py`). With the others it takes these steps:

1. `decode`            reads a file of a known format, its size checked first: the first frame, upright as its EXIF data
                       say, 8 bits, in colour where it has colours, transparency flattened
2. `is_framed`         An image of the network's own size that is framed like the training images stays as it is, so that an
                       image saved from the data set reaches the network bit for bit as in evaluation; if need be, it is moved
                       by whole pixels, and inverted if `is_light` says that its background is not the training images'.
3. `search`            finds the object in any other: what stands out from its ground, dark or light, in brightness or in
                       colour, without the lines, specks, frames and strips around it; the ground is subtracted
4. `scale_to_fit`      scales it into the frame by averaging areas, with the proportions kept
5. `stretch_contrast`  maps ground to 0, brightest pixel to 255; after scaling, so that thin strokes do not fade
6. `place`             centres it as the training images are; inverts it back if those have a light background
"""

import sys
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lenet.errors import RunError
from lenet.images.decode import ENOUGH, Source, decode
from lenet.images.fit import brought_to, with_channels
from lenet.images.found import Framed
from lenet.images.framing import FRAMINGS, corners, frame, place, scale_to_fit, split
from lenet.images.invariants import ObjectRange, measured_framing, measured_range
from lenet.images.pixels import Pixels, chunks, mean_and_std
from lenet.registry import FITS

GROUNDS = ("dark", "light", "mixed")
WHOLE = "whole"
ALL_FRAMINGS = (*FRAMINGS, WHOLE)
ADDED: dict[str, Any] = {"channels": 1, "fit": "pad", "objects": None}  # entries that files of earlier versions lack


class Images(Protocol):
    """What `Preprocessing.of` needs of a data set."""

    @property
    def images(self) -> Pixels:
        """uint8 (N, height, width), or (N, height, width, 3) with colours."""

    @property
    def preprocessing(self) -> "Preprocessing | None":
        """How the images were made from files, if they were."""

    @property
    def framing(self) -> str | None:
        """How the images are framed, as in `Preprocessing`, if that is known."""


@dataclass(frozen=True)
class Preprocessing:
    """What is done with every image on its way to the network.

    Args:
        size: Height and width of the network's input.
        mean: The network's input is (pixel / 255 - mean) / std.
        std: See mean.
        ground: The background of the training images: "dark", "light", or "mixed" for photographs, which have no common
            background and are neither inverted nor cropped.
        framing: "mass", as in MNIST: the object is scaled into 20/28 of the image and centred by its centre of mass; or
            "box", as in Fashion-MNIST: the object fills the image and is centred by its bounding box; or "whole": the whole
            image is brought to the size by `fit`, and nothing is looked for, inverted or cropped.
        channels: 1 for grey, 3 for colour images, which have the framing "whole".
        fit: How a whole image is brought to the size: "pad" and "crop" keep its proportions, "stretch" does not.
        objects: How large the training images' objects are and where they lie, if these are not framed all alike.

    Raises:
        RunError: A value makes no sense.
    """

    size: tuple[int, int]
    mean: float = 0.0
    std: float = 1.0
    ground: str = "dark"
    framing: str = "box"
    channels: int = 1
    fit: str = "pad"
    objects: ObjectRange | None = None

    def __post_init__(self) -> None:
        size = self.size
        valid = {
            "size": isinstance(size, tuple) and len(size) == 2 and all(type(n) is int and n > 0 for n in size),
            "mean": _is_number(self.mean),
            "std": _is_number(self.std) and self.std > 0,
            "ground": self.ground in GROUNDS,
            "framing": self.framing in ALL_FRAMINGS,  # from a file it may be anything
            "channels": self.channels in ((1, 3) if self.framing == WHOLE else (1,)) and type(self.channels) is int,
            "fit": self.fit in FITS,
            "objects": self.objects is None
            or (isinstance(self.objects, ObjectRange) and all(_is_number(n) and 0 <= n <= 1 for n in self.objects)),
        }
        for name in (name for name, is_valid in valid.items() if not is_valid):
            raise RunError(
                f"the preprocessing has {name} {getattr(self, name)!r}",
                hint=f"size is two whole numbers, mean a number, std a positive one, ground {' or '.join(GROUNDS)}, "
                f"framing {' or '.join(ALL_FRAMINGS)}, channels 1, or 3 with the framing {WHOLE}, fit {' or '.join(FITS)}, "
                "objects three numbers from 0 to 1, or none",
            )

    @classmethod
    def of(cls, dataset: Images, normalize: bool = False) -> "Preprocessing":
        """Return the preprocessing for networks that are trained on a data set: as its images were made, or measured.

        Args:
            dataset: The training set.
            normalize: Measure mean and std too; otherwise pixels from 0 to 1 reach the network.
        """
        known = dataset.preprocessing or cls.measured(dataset.images, dataset.framing)
        mean, std = mean_and_std(dataset.images) if normalize else (0.0, 1.0)
        return replace(known, mean=mean, std=std)

    @classmethod
    def measured(cls, images: Pixels, framing: str | None = None, fit: str = "pad") -> "Preprocessing":
        """Measure how images are framed, and on what background.

        Args:
            images: uint8 (N, height, width), or (N, height, width, 3) with colours.
            framing: How they are framed, if that is known.
            fit: How further images are brought to their size.
        """
        height, width = images.shape[1:3]
        light = [_light(images[part]) for part in chunks(images.shape)]
        share = float(np.mean(np.concatenate(light)))
        ground = "dark" if share < 0.05 else "light" if share > 0.95 else "mixed"
        framing = framing or measured_framing(images, ground)
        channels = 3 if images.ndim == 4 else 1
        objects = None if framing == WHOLE or ground == "mixed" else measured_range(images, framing, ground)
        return cls((height, width), ground=ground, framing=framing, channels=channels, fit=fit, objects=objects)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of an image: (height, width), or (height, width, 3) with colours."""
        return self.size if self.channels == 1 else (*self.size, self.channels)

    @property
    def kind(self) -> str:
        """Size and colour in words, such as "28×28", or "64×64 in colour"."""
        return "{}×{}".format(*self.size) + (" in colour" if self.channels > 1 else "")

    @property
    def grey(self) -> int:
        """The byte nearest to the mean: with `normalize` the mean grey of the training images, else 0."""
        return round(255 * min(max(self.mean, 0.0), 1.0))

    def to_dict(self) -> dict[str, Any]:
        """Convert to what JSON can hold."""
        values = {**asdict(self), "size": list(self.size)}
        objects = values.pop("objects")  # none is left out, as in files of earlier versions
        return {**values, "objects": list(objects)} if objects else values

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Preprocessing":
        """Convert back from `to_dict`; raises RunError if the values make no sense."""
        names = {field.name for field in fields(cls)}
        values = ADDED | values if isinstance(values, dict) else values
        if not isinstance(values, dict) or set(values) != names:
            raise RunError(f"the preprocessing is {values!r}", hint=f"expected the entries {', '.join(sorted(names))}")
        size, objects = values["size"], values["objects"]
        if isinstance(objects, list) and len(objects) == len(ObjectRange._fields):
            objects = ObjectRange(*objects)
        return cls(**{**values, "size": tuple(size) if isinstance(size, list) else size, "objects": objects})

    def apply(self, source: Source, name: str | None = None) -> Pixels:
        """Make an image into what the network sees, before mean and std.

        Args:
            source: A file or its content, a Pillow image, or an array or tensor as `decode` takes it.
            name: What errors call it; by default its path.

        Returns:
            uint8 (height, width) of the network's size, or (height, width, 3) for a network that takes colours.

        Raises:
            ImageError: It is no image, too large, or shows nothing.
        """
        return self.explain(source, name).seen

    def explain(self, source: Source, name: str | None = None) -> Framed:
        """Do as `apply`, and return with what the network sees what was found in the image, and each step."""
        name = _named(source, name)
        return self.framed(self.decoded(source, name), name)

    def framed(self, pixels: Pixels, name: str) -> Framed:
        """Do as `explain` with pixels from `decoded`."""
        if self.framing == WHOLE or self.ground == "mixed":
            return self._whole(pixels)
        return frame(pixels, self.size, self.framing, self.ground, name, self.objects)

    def split(self, source: Source, name: str | None = None) -> tuple[Framed, ...]:
        """Do as `explain` for each of the parts of similar size that an image shows, left to right."""
        name = _named(source, name)
        pixels = self.decoded(source, name)
        if self.framing == WHOLE or self.ground == "mixed":
            return (self._whole(pixels),)
        return split(pixels, self.size, self.framing, self.ground, name, self.objects)

    def decoded(self, source: Source, name: str) -> Pixels:
        """Decode an image as far as the first step of `apply`: uint8 (height, width) or (height, width, 3).

        Args:
            source: As for `apply`.
            name: What errors call it.

        Raises:
            ImageError: It is no image, or too large.
        """
        # A whole image is only scaled down, to which twice the network's size is enough; small things are looked for in more.
        return decode(source, name, enough=2 * max(self.size) if self.framing == WHOLE else ENOUGH)

    def _whole(self, pixels: Pixels) -> Framed:
        """A whole image, brought to the network's size."""
        pixels = with_channels(pixels, self.channels)
        if self.framing == WHOLE:
            seen = brought_to(pixels, self.size, self.fit)
        elif pixels.shape == self.size:
            seen = pixels
        else:
            scaled = np.rint(scale_to_fit(pixels.astype(np.float32), self.size)).clip(0, 255).astype(np.uint8)
            seen = place(scaled, self.size, "box", fill=int(corners(pixels).mean()))
        return Framed(seen, None, (("image", pixels), ("what the network sees", seen)))


def _named(source: Source, name: str | None) -> str:
    """What errors call an image."""
    if name is not None:
        return name
    return str(source) if isinstance(source, Path | str) else "the image"


def _light(images: Pixels) -> NDArray[np.bool_]:
    """Which images have corners that are light on average."""
    grey = images if images.ndim == 3 else images.mean(axis=3)
    light: NDArray[np.bool_] = corners(grey).mean(axis=(-2, -1)) > 127.5
    return light


def _is_number(value: object) -> bool:
    """Whether it is finite as a float, which whole numbers of 400 digits are not."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
