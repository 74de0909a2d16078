import io

import numpy as np
import pytest
from PIL import Image

from lenet.data import duplicates
from lenet.data.loading import load


def scenes(count, edge=64, seed=0):
    """Smooth images of many colours, uint8 (count, edge, edge, 3), as different as photos are."""
    coarse = np.random.default_rng(seed).integers(0, 256, (count, 6, 6, 3), dtype=np.uint8)
    return np.stack(
        [np.asarray(Image.fromarray(each).resize((edge, edge), Image.Resampling.BICUBIC)) for each in coarse]
    )


def as_jpeg(pixels, quality):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream))


def test_different_images_are_in_groups_of_their_own():
    assert duplicates.duplicate_groups(scenes(300)).tolist() == list(range(300))
    assert duplicates.duplicate_groups(scenes(3)[:1]).tolist() == [0]
    assert duplicates.duplicate_groups(scenes(1)[:0, :8, :8]).tolist() == []


@pytest.mark.parametrize("colours", [True, False])
def test_exact_copies_share_a_group(colours):
    images = scenes(20) if colours else scenes(20)[..., 0]
    images[7], images[19] = images[3], images[3]
    groups = duplicates.duplicate_groups(images)
    assert np.flatnonzero(groups == 3).tolist() == [3, 7, 19]
    assert len(set(groups)) == 18


@pytest.mark.parametrize(
    "copy",
    [
        lambda pixels: as_jpeg(pixels, 75),
        lambda pixels: as_jpeg(pixels, 85),
        lambda pixels: np.asarray(Image.fromarray(pixels).resize((32, 32)).resize((64, 64))),
        lambda pixels: (pixels * 0.8).astype(np.uint8),
        lambda pixels: pixels // 2 + 60,
    ],
)
def test_an_image_saved_again_is_nearly_the_same(copy):
    images = np.concatenate([scenes(200), [copy(image) for image in scenes(200)]])
    assert duplicates.duplicate_groups(images).tolist() == [*range(200), *range(200)]


def test_images_that_show_nothing_are_the_same_only_if_equal():
    images = np.repeat(np.array([10, 10, 11, 200], np.uint8), 64 * 64).reshape(4, 64, 64)
    assert duplicates.duplicate_groups(images).tolist() == [0, 0, 2, 3]


def test_thumbnails_of_many_are_those_of_each():
    images = scenes(5, edge=50)
    many = duplicates.thumbnails(images)
    one = np.stack([duplicates.thumbnail(image) for image in images])
    assert many.shape == one.shape == (5, 16, 16, 3)
    assert np.abs(many.astype(int) - one).max() <= 1
    assert duplicates.thumbnails(images[:, :9, :9, 0]).shape == (5, 16, 16)


def test_few_images_of_the_catalogue_are_nearly_the_same(real_data):
    for name, most in (("mnist", 0), ("fashion-mnist", 10)):
        images = load(name, real_data).test.images
        assert int((duplicates.duplicate_groups(images) != np.arange(len(images))).sum()) <= most


def test_equal_hashes_need_equal_shapes():
    image = scenes(1)[0]
    assert duplicates.digest(image) != duplicates.digest(image.reshape(32, 128, 3))
