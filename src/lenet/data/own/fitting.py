"""What packing does with the images of a survey: the size, colours and framing that the network gets."""

import numpy as np

from lenet.data.own.items import Pixels
from lenet.data.own.measuring import pixels_of
from lenet.data.own.size import choose_size
from lenet.data.own.survey import Survey
from lenet.images.fit import brought_to, with_channels
from lenet.images.preprocess import Preprocessing

SAMPLE = 500  # images from which framing and background are measured


def preprocessing_of(survey: Survey, size: tuple[int, int] | None = None, fit: str = "pad") -> Preprocessing:
    """Measure the preprocessing by which `load_own` makes the images.

    Args:
        survey: What was measured of the images.
        size: Height and width, if the user says; otherwise what keeps their detail.
        fit: How an image is brought to the size.
    """
    sizes = survey.sizes if survey.collection.arrays is None else survey.sizes[:1]  # arrays have one for all
    size = size or choose_size((height, width) for height, width in sizes.tolist())
    chosen = np.linspace(0, len(survey.numbers) - 1, min(SAMPLE, len(survey.numbers))).astype(np.int64)
    sample = [
        packed(pixels_of(survey.collection, int(survey.numbers[i])), size, fit, survey.num_channels) for i in chosen
    ]
    return Preprocessing.measured(np.stack(sample), fit=fit)


def packed(pixels: Pixels, size: tuple[int, int], fit: str, channels: int) -> Pixels:
    """Bring an image to the network's size and number of channels."""
    return with_channels(brought_to(pixels, size, fit), channels)
