import numpy as np
import pytest

from lenet.errors import ImageError
from lenet.images.decode import decode

GREY = np.random.RandomState(0).randint(0, 256, (28, 30)).astype(np.uint8)
COLOUR = np.random.RandomState(1).randint(0, 256, (28, 30, 3)).astype(np.uint8)


def as_array(pixels):
    return pixels


def as_tensor(pixels):
    return pytest.importorskip("torch").from_numpy(np.ascontiguousarray(pixels))


@pytest.mark.parametrize("kind", [as_array, as_tensor])
def test_the_usual_shapes_are_read(kind):
    for shaped in (GREY, GREY[None], GREY[None, None], GREY[:, :, None], GREY[None, :, :, None]):
        np.testing.assert_array_equal(decode(kind(shaped), ""), GREY)
        np.testing.assert_array_equal(decode(kind(shaped / 255), ""), GREY)
    for shaped in (COLOUR, COLOUR.transpose(2, 0, 1), COLOUR[None], COLOUR.transpose(2, 0, 1)[None]):
        np.testing.assert_array_equal(decode(kind(shaped), ""), COLOUR)


def test_three_rows_are_channels_in_a_tensor_and_rows_in_an_array():
    pixels = COLOUR[:3, :3]
    np.testing.assert_array_equal(decode(pixels, ""), pixels)
    np.testing.assert_array_equal(decode(as_tensor(pixels.transpose(2, 0, 1)), ""), pixels)


def test_tensors_of_a_training_are_read():
    torch = pytest.importorskip("torch")
    tensor = as_tensor(GREY / 255).requires_grad_()
    np.testing.assert_array_equal(decode(tensor, ""), GREY)
    assert abs(decode(tensor.to(torch.bfloat16), "").astype(int) - GREY).max() <= 1


@pytest.mark.parametrize("shape", [(), (784,), (2, 28, 28, 3), (28, 28, 5), (5, 28, 28), (1, 1, 28, 28, 1)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ImageError, match="boot is an array of shape") as caught:
        decode(np.zeros(shape, np.uint8), "boot")
    assert "(channels, height, width)" in caught.value.hint
