import numpy as np
import pytest

from lenet.configuration import configure
from lenet.data.class_weights import class_weights
from lenet.data.dataset import Dataset
from lenet.errors import ConfigError


def dataset_of(*labels):
    return Dataset("rare", np.zeros((len(labels), 2, 2), np.uint8), np.array(labels), ("cat", "dog", "fox"))


def test_balanced_weights_make_every_class_count_the_same():
    dataset = dataset_of(0, 0, 0, 0, 1, 1, 2, 0)
    weights = class_weights(configure("fast", class_weights="balanced"), dataset)
    assert weights.dtype == np.float32
    np.testing.assert_allclose(weights, [8 / 15, 8 / 6, 8 / 3])
    np.testing.assert_allclose(weights * np.bincount(dataset.labels), 8 / 3)


def test_numbers_are_taken_as_they_are():
    weights = class_weights(configure("fast", class_weights="1, 2.5,0.5"), dataset_of(0, 1))
    assert weights.tolist() == [1, 2.5, 0.5]
    assert class_weights(configure("fast"), dataset_of(0, 1)) is None


@pytest.mark.parametrize("given", [(1.0, 2.0), (1.0, 2.0, 3.0, 4.0), ()])
def test_another_number_of_weights_than_classes_is_refused(given):
    with pytest.raises(ConfigError) as caught:
        class_weights(configure("fast", class_weights=given), dataset_of(0, 1, 2))
    assert caught.value.message == f"class_weights has {len(given)} weights, but rare has 3 classes: cat, dog, fox"
    assert "--class-weights balanced" in caught.value.hint


def test_a_class_without_images_cannot_be_balanced():
    with pytest.raises(ConfigError, match="rare has no training image of the class dog"):
        class_weights(configure("fast", class_weights="balanced"), dataset_of(0, 2))
