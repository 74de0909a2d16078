"""Images that go in as they are, many at once: as `Preprocessing.apply` does with each."""

import numpy as np
import pytest

from lenet.images.as_they_are import as_they_are
from lenet.images.preprocess import Preprocessing


@pytest.mark.parametrize("ground", ["dark", "light"])
@pytest.mark.parametrize(("framing", "name"), [("mass", "digits"), ("box", "fashion-mnist")])
def test_the_stored_images_and_others(ground, framing, name):
    from lenet.deploy.server.examples import FILE

    with np.load(FILE) as archive:
        images = archive[name]
    others = [255 - images, np.roll(images, 3, axis=1), np.zeros_like(images[:1]), images // 2]
    images = np.concatenate([images, *others])
    preprocessing = Preprocessing((28, 28), ground=ground, framing=framing)
    found = as_they_are(images, preprocessing)
    assert 1 < found.is_ready.sum() < len(images)
    for image, seen, is_inverted in zip(
        images[found.is_ready], found.seen[found.is_ready], found.is_inverted[found.is_ready], strict=True
    ):
        assert np.array_equal(preprocessing.apply(image), seen)
        assert np.array_equal(seen, 255 - image if is_inverted else image)


def test_whole_images_are_always_ready():
    images = np.random.default_rng(0).integers(0, 256, (3, 8, 9, 3), np.uint8)
    found = as_they_are(images, Preprocessing((8, 9), ground="mixed", framing="whole", channels=3))
    assert found.is_ready.all()
    assert not found.is_inverted.any()
    assert np.array_equal(found.seen, images)
