import hashlib

import numpy as np
import pytest
from PIL import Image

from lenet.data import digits
from lenet.data.catalogue import CATALOGUE

ORIGINALS = "87ff0c9e40dc7e2c0e34e7257799c2e3f3aec1a016363bb11cad869ec428a826"


@pytest.fixture(scope="module")
def made():
    return digits.generate()


def test_the_bytes_are_those_of_the_catalogue():
    for file, content in zip(CATALOGUE["digits"].files, digits.idx_files(), strict=True):
        assert hashlib.sha256(content).hexdigest() == file.sha256
        assert len(content) == file.num_bytes


def test_the_originals_are_those_of_scikit_learn():
    """The SHA-256 of load_digits().images and .target as bytes, in scikit-learn 1.9.1."""
    images, labels = digits.originals()
    assert (images.shape, images.dtype, images.min(), images.max()) == ((1_797, 8, 8), np.uint8, 0, 16)
    assert hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest() == ORIGINALS
    assert "Alpaydin" in digits.FILE.with_name("digits.LICENSE.txt").read_text()


def test_size_and_number_are_those_of_mnist(made):
    (images, labels), (test_images, test_labels) = made
    assert images.shape == (60_000, 28, 28)
    assert test_images.shape == (10_000, 28, 28)
    for each in (labels, test_labels):
        shares = np.bincount(each) / len(each)
        assert shares == pytest.approx(0.1, abs=0.006)
    assert (images.min(), images.max()) == (0, 255)


def test_no_original_is_in_both_sets():
    _, labels = digits.originals()
    train, test = digits.split(labels, np.random.RandomState(digits.SEED))
    assert sorted([*train, *test]) == list(range(1_797))
    assert len(test) == 297


def test_images_look_like_their_originals(made):
    """Scaled back to 8×8, the mean image of a class is nearest to the mean original of the same class."""
    (images, labels), _ = made
    originals, original_labels = digits.originals()

    def unit(values):
        values = values - values.mean()
        return values / np.linalg.norm(values)

    def small(image):
        return np.asarray(Image.fromarray(image[4:24, 4:24]).resize((8, 8), Image.Resampling.BOX))

    ours = np.array([unit(small(images[labels == k].mean(0))).ravel() for k in range(10)])
    theirs = np.array([unit(originals[original_labels == k].mean(0)).ravel() for k in range(10)])
    assert (ours @ theirs.T).argmax(1).tolist() == list(range(10))


def test_digits_stay_off_the_border_and_no_two_are_equal(made):
    (images, _), (test_images, _) = made
    assert (images[:, 0].mean(), images[:, :, 0].mean()) < (1, 1)
    every = np.concatenate([images, test_images]).reshape(70_000, -1)
    assert len({row.tobytes() for row in every}) > 69_900
