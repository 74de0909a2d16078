"""Images changed on the device: the bytes of data/augmentation.py and of the reference engine."""

import numpy as np
import pytest
import torch
from made_up import noise

from lenet.configuration import configure
from lenet.data.augmentation import Augmentation
from lenet.data.augmentation import augmented as specified
from lenet.data.plan import plan
from lenet.pytorch.cuda.augmentation import Changes, changed
from lenet.pytorch.tensors import flipped, shifted

SETTINGS = [
    {"flip": True},
    {"shift": 3},
    {"flip": True, "shift": 12},
    {"rotation": 180.0, "scale": 0.9, "shear": 45.0},
    {"flip": True, "shift": 2, "rotation": 10.0},
    {"brightness": 0.5},
    {"contrast": 0.9, "flip": True},
    {"erasing": 0.5, "shift": 1},
    {"flip": True, "augment": "strong"},
]


def changes_of(epoch, positions, device, grey):
    part = (epoch.augmentation or Augmentation()).part(positions)
    arrays = {name: getattr(part, name) for name in ("maps", "tones", "erased")}
    arrays["flips"] = None if epoch.flips is None else epoch.flips[positions]
    arrays["shifts"] = None if epoch.shifts is None else epoch.shifts[positions].astype(np.int64)
    return Changes(
        **{name: None if each is None else torch.from_numpy(each).to(device) for name, each in arrays.items()},
        grey=grey,
    )


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize(("size", "channels"), [((28, 28), 1), ((9, 12), 3)])
def test_augmented_images_have_the_bytes_of_the_specification(device, settings, size, channels):
    images = noise(200, size, in_channels=channels).images
    epoch = plan(configure("fast", seed=3, **settings), 0, len(images))
    positions = slice(10, 190)
    ordered = images[epoch.order[positions]]
    ours = changed(torch.from_numpy(ordered).to(device), changes_of(epoch, positions, device, 77))
    assert ours.dtype == torch.uint8
    part = (epoch.augmentation or Augmentation()).part(positions)
    flips = None if epoch.flips is None else epoch.flips[positions]
    shifts = None if epoch.shifts is None else epoch.shifts[positions]
    assert np.array_equal(ours.cpu(), specified(ordered, part, flips, shifts, 77))


def test_flips_and_shifts_have_the_bytes_of_the_reference(device):
    images = torch.from_numpy(noise(100, (9, 12)).images)
    random = np.random.default_rng(0)
    flips = torch.from_numpy(random.random(100) < 0.5)
    shifts = torch.from_numpy(random.integers(-12, 13, (100, 2)))
    ours = changed(images.to(device), Changes(flips.to(device), shifts.to(device)))
    assert torch.equal(ours.cpu(), shifted(flipped(images, flips), shifts))


def test_without_changes_nothing_is_copied():
    images = torch.from_numpy(noise(5).images)
    assert changed(images, Changes()) is images
