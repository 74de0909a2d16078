"""Accuracy on changed test images, and the confidence in images that show none of the classes."""

from collections.abc import Callable

import numpy as np

from lenet.analysis.lab.noise import add_noise
from lenet.data.catalogue import CATALOGUE
from lenet.data.dataset import Images
from lenet.data.loading import load
from lenet.images.preprocess import Preprocessing

SAMPLE = 2000  # test images that are changed, at equal distances
SHIFT, ANGLE, NOISE = 2, 15, 32  # pixels of 28, degrees, standard deviation of 255
NUM_UNFAMILIAR = 500  # images of each kind


def changes(preprocessing: Preprocessing) -> dict[str, Callable[[Images], Images]]:
    """Return what may happen to an image before the network sees it, by what it is.

    Args:
        preprocessing: of the network, whose ground fills what a turned image leaves free.
    """
    shift = max(1, round(SHIFT * preprocessing.size[1] / 28))
    return {
        "as they are": lambda images: images,
        f"shifted by {shift} pixels to the right and down": lambda images: shifted(images, shift),
        f"turned by {ANGLE} degrees": lambda images: _turned(images, _ground(preprocessing)),
        "blurred over 3×3 pixels": _blurred,
        "half as bright": lambda images: images // 2,
        f"with noise (std {NOISE} of 255)": lambda images: add_noise(images, NOISE),
    }


def unfamiliar(preprocessing: Preprocessing, data: str) -> dict[str, Images]:
    """Return images of the network's size that show none of its classes, by what they are.

    Args:
        preprocessing: of the network.
        data: the name of the data set that it is for.
    """
    shape = (NUM_UNFAMILIAR, *preprocessing.shape)
    noise = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    grey = np.linspace(0, 255, NUM_UNFAMILIAR).astype(np.uint8).reshape(-1, *[1] * len(preprocessing.shape))
    images = {
        "noise, each pixel at random": noise,
        "blank, from black to white": np.broadcast_to(grey, shape).copy(),
    }
    digits = CATALOGUE["digits"]
    if data in CATALOGUE and CATALOGUE[data].classes[:10] != digits.classes and preprocessing.shape == digits.size:
        images["lenet's built-in handwritten digits"] = load("digits").test.sample(NUM_UNFAMILIAR).images
    return images


def shifted(images: Images, pixels: int) -> Images:
    """Return images (N, height, width, …) moved right and down; what is left free repeats the edge."""
    height, width = images.shape[1:3]
    padding = [(0, 0), (pixels, 0), (pixels, 0), *[(0, 0)] * (images.ndim - 3)]
    return np.pad(images, padding, mode="edge")[:, :height, :width]


def _turned(images: Images, ground: int) -> Images:
    from PIL import Image

    fill = ground if images.ndim == 3 else (ground,) * 3
    how = Image.Resampling.BILINEAR
    return np.stack([np.asarray(Image.fromarray(each).rotate(ANGLE, how, fillcolor=fill)) for each in images])


def _blurred(images: Images) -> Images:
    from PIL import Image, ImageFilter

    return np.stack([np.asarray(Image.fromarray(each).filter(ImageFilter.BoxBlur(1))) for each in images])


def _ground(preprocessing: Preprocessing) -> int:
    """A byte as bright as the background of the training images."""
    return {"dark": 0, "light": 255}.get(preprocessing.ground, preprocessing.grey or 128)
