"""Test images of MNIST and Fashion-MNIST made into files as people have them: as they are, enlarged, in a photo, moved."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Grey = NDArray[np.uint8]


def as_it_is(image: Grey, rng: np.random.Generator) -> Image.Image:
    """28 × 28 pixels, as in the data set."""
    return Image.fromarray(image)


def on_any_ground(image: Grey, rng: np.random.Generator) -> Image.Image:
    """Enlarged 3 to 12 times, darker or lighter than an even coloured ground."""
    return Image.fromarray(_bytes(_blended(image, int(rng.integers(84, 337)), rng)))


def in_a_photo(image: Grey, rng: np.random.Generator) -> Image.Image:
    """Enlarged, anywhere on a sheet of 480 × 640 pixels in sloping light, with a sensor's noise."""
    edge = int(rng.integers(140, 260))
    object_, ground, ink = _enlarged(image, edge), *_colours(rng)
    weight = np.zeros((480, 640), np.float32)
    top, left = rng.integers(0, 480 - edge), rng.integers(0, 640 - edge)
    weight[top : top + edge, left : left + edge] = object_
    photo = ground + (ink - ground) * weight[:, :, None]
    slope = np.linspace(1, rng.uniform(0.7, 1), 640, dtype=np.float32)[None, :, None]
    return Image.fromarray(_bytes(photo * slope + rng.normal(0, 3, (480, 640, 1))))


def moved(image: Grey, rng: np.random.Generator, by: int) -> Image.Image:
    """Moved inside its 28 × 28 pixels, in one of eight directions in which no ink is lost; as it is if there is none."""
    steps = [(y, x) for y in (-by, 0, by) for x in (-by, 0, by) if y or x]
    for index in rng.permutation(len(steps)):
        y, x = steps[index]
        result = np.zeros_like(image)
        rows, columns = slice(max(0, y), 28 + min(0, y)), slice(max(0, x), 28 + min(0, x))
        result[rows, columns] = image[max(0, -y) : 28 - max(0, y), max(0, -x) : 28 - max(0, x)]
        if int(result.sum()) == int(image.sum()):
            return Image.fromarray(result)
    return Image.fromarray(image)


def moved_3(image: Grey, rng: np.random.Generator) -> Image.Image:
    """Moved by 3 pixels."""
    return moved(image, rng, 3)


def moved_4(image: Grey, rng: np.random.Generator) -> Image.Image:
    """Moved by 4 pixels."""
    return moved(image, rng, 4)


VARIANTS: dict[str, tuple[Callable[[Grey, np.random.Generator], Image.Image], str]] = {
    "as files": (as_it_is, "png"),
    "enlarged on any ground": (on_any_ground, "png"),
    "in a photo": (in_a_photo, "jpg"),
    "moved by 3 pixels": (moved_3, "png"),
    "moved by 4 pixels": (moved_4, "png"),
}


def files(folder: Path, variant: str, images: Grey) -> list[Path]:
    """Write each image of uint8 (N, 28, 28) into a file of its own; the paths in their order."""
    make, suffix = VARIANTS[variant]
    paths = [folder / f"{number:05d}.{suffix}" for number in range(len(images))]
    for number, (path, image) in enumerate(zip(paths, images, strict=True)):
        make(image, np.random.default_rng(number)).save(path)
    return paths


def _enlarged(image: Grey, edge: int) -> NDArray[np.float32]:
    """The image as weights 0 to 1, enlarged to edge × edge."""
    large = Image.fromarray(image).resize((edge, edge), Image.Resampling.BICUBIC)
    return np.asarray(large, np.float32) / np.float32(255)


def _colours(rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A colour for the ground and one for the object, the lighter of which is first or last."""
    light, dark = rng.uniform(190, 255, 3), rng.uniform(0, 70, 3)
    return (light, dark) if rng.integers(2) else (dark, light)


def _blended(image: Grey, edge: int, rng: np.random.Generator) -> NDArray[Any]:
    ground, ink = _colours(rng)
    return ground + (ink - ground) * _enlarged(image, edge)[:, :, None]


def _bytes(image: NDArray[Any]) -> Grey:
    return np.asarray(np.rint(image).clip(0, 255), np.uint8)
