"""The occlusion map: where a cover costs the probability of a class."""

import numpy as np

from lenet.analysis.occlusion import occlusion


def test_what_counts_is_found():
    """A made-up network whose class 1 is the brightness of one corner."""

    def probabilities(images):
        corner = images[:, :4, :4].mean(axis=(1, 2)) / 255
        return np.stack([1 - corner, corner], axis=1)

    image = np.full((28, 30), 255, np.uint8)
    found = occlusion(probabilities, image, label=1, ground=0)
    assert (found.probability, found.patch) == (1.0, (5, 5))
    assert found.losses.shape == (28, 30)
    assert found.losses[0, 0] > 0.5
    assert np.abs(found.losses[8:, 8:]).max() == 0
    assert (found.losses >= 0).all()


def test_every_pixel_is_covered_in_images_of_any_size():
    for shape in ((1, 1), (3, 40), (28, 28), (96, 64), (64, 64, 3)):
        found = occlusion(lambda images: np.zeros((len(images), 2)), np.zeros(shape, np.uint8), 0, 0)
        assert found.losses.shape == shape[:2]
        assert np.isfinite(found.losses).all()
