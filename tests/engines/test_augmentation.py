"""Augmented images: the NumPy ones beside PyTorch's interpolation, and the kernels' bytes beside NumPy's."""

import dataclasses

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from made_up import noise
from references import engine_of

from lenet.configuration import configure
from lenet.data.augmentation import ONE, Augmentation, draw
from lenet.data.plan import plan
from lenet.engines import kernels
from lenet.engines.cpu import CpuEngine
from lenet.errors import EngineError
from lenet.images.preprocess import Preprocessing
from lenet.networks import Network, build
from lenet.pytorch.reference import ReferenceEngine

VARIANTS = list(kernels.variants())
LARGEST = {"rotation": 180, "scale": 0.9, "shear": 45, "erasing": 0.9, "brightness": 0.9, "contrast": 0.9, "shift": 5}
STRENGTHS = [{"augment": "light"}, {"augment": "strong"}, LARGEST, {"shear": 30}, {"erasing": 0.3}, {"contrast": 0.5}]


@pytest.mark.parametrize("colours", [1, 3])
@pytest.mark.parametrize("size", [(28, 28), (13, 20), (1, 5)])
def test_every_pixel_is_pytorchs_within_the_rounding(size, colours):
    """grid_sample in float64, at places that are computed from the maps without rounding them to 1/256."""
    dataset = noise(50, size, in_channels=colours)
    shift = min(size) // 4
    epoch = plan(configure("fast", flip=True, shift=shift, rotation=60, scale=0.5, shear=30), 0, 50)
    maps = torch.from_numpy(epoch.augmentation.maps / ONE)  # (50, 2, 2), down and right
    shifts = torch.zeros(50, 2) if epoch.shifts is None else torch.from_numpy(epoch.shifts)
    centre = (torch.tensor(size, dtype=torch.float64) - 1) / 2
    grid = torch.stack(torch.meshgrid(*map(torch.arange, size), indexing="ij"), dim=-1)  # (height, width, 2)
    places = torch.einsum("nij,nhwj->nhwi", maps, grid - shifts[:, None, None] - centre)
    images = torch.from_numpy(dataset.images[epoch.order]).reshape(50, *size, colours).permute(0, 3, 1, 2).double()
    images = torch.where(torch.from_numpy(epoch.flips)[:, None, None, None], images.flip(3), images)
    scaled = (places / torch.tensor(size) * 2).flip(3)  # from -1 to 1 over the pixels' outer edges, right first
    exact = F.grid_sample(images, scaled, padding_mode="zeros", align_corners=False).permute(0, 2, 3, 1).numpy()
    found = epoch.augmented(dataset.images, slice(0, 50), 0).reshape(exact.shape)
    # Half a grey of the result, and half of 1/256 of a pixel in both directions, over which a value changes by at most 255.
    assert np.abs(found - exact).max() <= 0.5 + 2 * 255 / 512 + 1e-6
    assert np.abs(found - exact).mean() < 0.4


def seen(epoch, dataset, preprocessing, variant, threads):
    """The bytes that the kernels see in one step over the data set, which has one more class than images, (N, C, H, W).

    A softmax regression without weights gives every class the same probability, so that the gradient of its weights is a
    known mixture of the images.
    """
    count, colours = len(dataset), dataset.images[0].size // np.prod(dataset.size)
    network = Network.of(
        build("softmax", input_size=dataset.size, num_classes=count + 1, in_channels=int(colours)),
        {
            "1.weight": np.zeros((count + 1, dataset.images[0].size), np.float32),
            "1.bias": np.zeros(count + 1, np.float32),
        },
    )
    config = configure("book-sgd", model="softmax", threads=threads, batch_size=count)
    engine = CpuEngine(network, dataset, config, preprocessing, variant=variant)
    engine.train_steps(epoch, 0, 1)
    gradient = engine.optimizer.gradient[: -count - 1].reshape(count + 1, -1)
    mixture = (1 / (count + 1) - np.eye(count, count + 1)[dataset.labels[epoch.order]]) / count  # (N, num_classes)
    values = np.linalg.lstsq(mixture.T, gradient.astype(np.float64), rcond=None)[0]
    pixels = (values * preprocessing.std + preprocessing.mean) * 255
    assert np.abs(pixels - np.rint(pixels)).max() < 0.2
    return np.rint(pixels).astype(np.uint8).reshape(count, int(colours), *dataset.size)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("colours", [1, 3])
@pytest.mark.parametrize("size", [(28, 28), (9, 12), (64, 63), (1, 1)])
def test_the_kernels_see_the_bytes_of_the_specification(variant, colours, size):
    """Of 37 images, so that the last group of lanes is not full, by two threads."""
    dataset = noise(37, size, 38, in_channels=colours)
    dataset = dataclasses.replace(dataset, labels=np.arange(37, dtype=np.int64))
    preprocessing = Preprocessing(size, mean=0.4, std=0.3)
    for number, given in enumerate(STRENGTHS):
        config = configure("book-sgd", batch_size=37, flip=number % 2 == 0, seed=number, **given)
        epoch = plan(config, 0, 37)
        expected = epoch.augmented(dataset.images, slice(0, 37), preprocessing.grey)
        expected = expected.reshape(37, *size, colours).transpose(0, 3, 1, 2)
        assert np.array_equal(seen(epoch, dataset, preprocessing, variant, 2), expected), given


@pytest.mark.parametrize("kind", [CpuEngine, ReferenceEngine])
def test_maps_that_change_nothing_change_no_bit_of_a_training(tiny, kind):
    """Flips and shifts through the interpolation are those without it."""
    config = configure("fast", flip=True, shift=3)
    epoch = plan(config, 0, len(tiny.train))
    nothing = Augmentation(np.tile(np.array([[ONE, 0], [0, ONE]], np.int32), (len(tiny.train), 1, 1)))
    weights = []
    for augmentation in (None, nothing):
        engine = engine_of(kind, config, tiny.train)
        engine.train_steps(dataclasses.replace(epoch, augmentation=augmentation), 0, 5)
        weights.append(engine.network.weights)
    assert np.array_equal(*weights)


def test_an_augmentation_is_checked_before_the_kernels_see_it(tiny):
    config = configure("fast", augment="strong")
    engine, epoch = engine_of(CpuEngine, config, tiny.train), plan(config, 0, len(tiny.train))
    drawn = draw(config, 0, len(tiny.train))
    for change, part in (
        ({"maps": drawn.maps[1:]}, r"the maps of the plan are int32 of shape \(999, 2, 2\)"),
        ({"maps": drawn.maps.astype(np.int64)}, "the maps of the plan are int64"),
        ({"maps": np.full_like(drawn.maps, 2**30)}, "the maps of the plan have a number 1073741824"),
        ({"tones": np.full_like(drawn.tones, -(2**31))}, "the tones of the plan have a number 2147483648"),
        ({"erased": np.full_like(drawn.erased, 2**17)}, "the erased of the plan have a number 131072"),
    ):
        wrong = dataclasses.replace(epoch, augmentation=dataclasses.replace(drawn, **change))
        with pytest.raises(EngineError, match=part):
            engine.train_steps(wrong, 0, 1)
