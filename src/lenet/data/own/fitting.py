"""How the images of a survey are brought to the network: the size, colours, and the framing that they have."""

import numpy as np

from lenet.data.own.size import choose_size
from lenet.data.own.survey import Survey, pixels_of
from lenet.images.fit import with_channels
from lenet.images.preprocess import Preprocessing

SAMPLE = 500  # images from which framing and background are measured


def preprocessing_of(survey: Survey, size: tuple[int, int] | None = None, fit: str = "pad") -> Preprocessing:
    """Choose the preprocessing for a survey's images.

    Args:
        survey: What was measured of them.
        size: Height and width, if the user says; otherwise those of the images if all have the same and it is small, or what
            keeps their detail.
        fit: How an image is brought to the size.
    """
    shapes = {tuple(shape) for shape in survey.sizes.tolist()}
    channels = survey.num_channels
    is_packed = len(shapes) == 1 and max(max(shape) for shape in shapes) <= choose_size([(1000, 1000)])[0]
    if is_packed and size in (None, *shapes):
        chosen = survey.numbers[
            np.linspace(0, len(survey.numbers) - 1, min(SAMPLE, len(survey.numbers))).astype(np.int64)
        ]
        sample = np.stack([with_channels(pixels_of(survey.collection, int(i)), channels) for i in chosen])
        return Preprocessing.measured(sample, fit=fit)
    size = size or choose_size((height, width) for height, width in survey.sizes.tolist())
    share = float(survey.is_light.mean())
    ground = "dark" if share < 0.05 else "light" if share > 0.95 else "mixed"
    return Preprocessing(size, ground=ground, framing="whole", channels=channels, fit=fit)
