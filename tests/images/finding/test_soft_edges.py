"""Objects with soft edges, brought to the size of the training images."""

import drawings
import numpy as np
import pytest
from photograph_files import in_a_photo
from PIL import Image

from lenet.images.decode import decode
from lenet.images.finding.soft_edges import fitted
from lenet.images.framing import frame, scale_to_fit

LABELS = range(10)


def garment(label):
    """A garment as the network sees it: uint8 (28, 28)."""
    pixels = decode(drawings.draw("plain", "garment", label, 1), "garment")
    return frame(pixels, (28, 28), "box", "dark", "garment").seen


def cropped(image):
    """An image cropped to what is not nearly black."""
    down, across = (np.flatnonzero(image.max(axis=axis) > 5) for axis in (1, 0))
    return image[down[0] : down[-1] + 1, across[0] : across[-1] + 1]


def off(image, expected):
    return np.abs(image.astype(float) - expected).mean()


def test_a_sharp_object_keeps_its_whole_extent():
    image = np.zeros((70, 140), np.float32)
    image[:, :70] = 100
    image[:, 70:] = 40
    seen = fitted(image, (28, 28))
    assert seen.shape == (14, 28)
    np.testing.assert_allclose(seen[:, :13], 100, atol=1)
    np.testing.assert_allclose(seen[:, 15:], 40, atol=1)


@pytest.mark.parametrize("edge", [100, 171])
def test_an_enlarged_object_becomes_what_it_was(edge):
    image = np.zeros((30, 30), np.uint8)
    image[1:29, 6:22] = np.random.default_rng(0).integers(100, 256, (28, 16))
    large = np.asarray(Image.fromarray(image).resize((edge, edge), Image.Resampling.BICUBIC), np.float32)
    seen, usual = fitted(cropped(large), (28, 28)), scale_to_fit(cropped(large), (28, 28), True)
    assert seen.shape == (28, 16)
    assert off(seen, image[1:29, 6:22]) < 0.5 * off(usual[:, :16], image[1:29, 6:22])


def test_garments_in_a_photo_are_seen_as_they_are():
    images = [garment(label) for label in LABELS]
    photos = [np.asarray(in_a_photo(image, np.random.default_rng(number))) for number, image in enumerate(images)]
    seen = [frame(photo, (28, 28), "box", "dark", "photo").seen for photo in photos]
    assert np.median([off(one, image) for one, image in zip(seen, images, strict=True)]) < 5


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (2, 3), (300, 2)])
def test_objects_of_any_size(shape):
    image = np.full(shape, 50, np.float32)
    seen = fitted(image, (28, 28))
    assert max(seen.shape) == 28
    np.testing.assert_allclose(seen, 50, rtol=1e-5)
