"""Many images resized at once against Pillow, one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import noise
from PIL import Image

from lenet.d2l.bridge.resize import resize_images, resized_size
from lenet.errors import ConfigError


@given(st.tuples(*[st.integers(1, 40)] * 4), st.integers(1, 4), st.sampled_from([1, 3]))
@settings(max_examples=50)
def test_resizing_many_at_once_is_resizing_each(edges, count, in_channels):
    height, width, *size = edges
    images = noise(count, (height, width), in_channels=in_channels).images
    each = [np.asarray(Image.fromarray(image).resize(size[::-1], Image.Resampling.BILINEAR)) for image in images]
    assert np.array_equal(resize_images(images, tuple(size)), np.stack(each))


def test_an_edge_alone_is_the_shorter_one():
    assert resized_size((28, 28), None) == (28, 28)
    assert resized_size((28, 28), 224) == (224, 224)
    assert resized_size((20, 30), 40) == (40, 60)
    assert resized_size((30, 20), [40]) == (60, 40)
    assert resized_size((30, 20), [5, 6]) == (5, 6)
    for wrong in (0, (1, 2, 3), (0, 5), "28", 2.5):
        with pytest.raises(ConfigError, match="resize is"):
            resized_size((28, 28), wrong)
