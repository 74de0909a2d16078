"""The layer that a shape error names."""

import re

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn

from lenet.d2l.bridge.shape_errors import explain_shape_error
from lenet.models import LeNet


def failing(net, images):
    """The error of PyTorch."""
    with pytest.raises(RuntimeError) as raised:
        net(images)
    return raised.value


@pytest.mark.parametrize(
    ("net", "shape", "message", "hint"),
    [
        (
            LeNet(),
            (7, 1, 32, 32),
            r"layer fc\.0, Linear.* expects \(N, 256\) and received \(N, 400\)",
            r"Linear\(400, 120",
        ),
        (LeNet(), (7, 3, 28, 28), r"layer conv\.0, .* expects \(N, 1, height, width\) and received \(N, 3", "resize"),
        (LeNet(), (7, 1, 10, 10), r"layer conv\.3, .* of at least 5×5 and received \(N, 6, 3, 3\)", "resize"),
        (LeNet(), (7, 784), r"layer conv\.0, .* expects \(N, 1, height, width\) and received \(N, 784\)", "resize"),
        (nn.Sequential(nn.Linear(784, 10)), (7, 1, 28, 28), r"layer 0, .* received \(N, 1, 28, 28\)", "Flatten"),
        (nn.BatchNorm2d(3), (7, 1, 28, 28), r"expects \(N, 3, height, width\) and received \(N, 1, 28, 28\)", "resize"),
        (nn.Linear(784, 10), (7, 1, 28, 28), r"received \(N, 1, 28, 28\)", "Flatten"),
    ],
)
def test_the_layer_its_shape_and_the_one_received(net, shape, message, hint):
    images = torch.zeros(shape)
    found = explain_shape_error(net, images, failing(net, images))
    assert found is not None
    with pytest.raises(type(found), match=message):
        raise found
    assert hint.replace("\\", "") in found.hint
    assert net.training


def test_a_reshaping_that_does_not_fit():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.fc = nn.Conv2d(1, 6, 5), nn.Linear(400, 10)

        def forward(self, x):
            return self.fc(self.conv(x).view(-1, 401))

    images = torch.zeros(2, 1, 28, 28)
    found = explain_shape_error(Net(), images, failing(Net(), images))
    assert "layer conv, Conv2d(1, 6, kernel_size=(5, 5), stride=(1, 1)), gives (N, 6, 24, 24)" in found.message


def test_no_misfit_is_made_up():
    images = torch.zeros(2, 1, 28, 28)
    assert explain_shape_error(LeNet(), images, RuntimeError("something else")) is None


@pytest.mark.parametrize(
    ("net", "dtype", "message", "hint"),
    [
        (nn.Conv2d(1, 6, 5), torch.uint8, r"images of uint8: the weights of layer 0, Conv2d.*, are float32", "/ 255"),
        (nn.Conv2d(1, 6, 5), torch.float64, "images of float64: the weights of layer 0", "use X.float()"),
        (
            nn.Sequential(nn.Flatten(), nn.Linear(784, 2).double()),
            torch.float32,
            "layer 1, .* are float64",
            "net.float()",
        ),
    ],
)
def test_images_of_another_type_than_the_weights(net, dtype, message, hint):
    images = torch.zeros((2, 1, 28, 28), dtype=dtype)
    found = explain_shape_error(net, images, failing(net, images))
    assert found is not None
    with pytest.raises(type(found), match=message):
        raise found
    assert hint in found.hint


def test_padding_counts_on_both_sides():
    images, net = torch.zeros(2, 1, 2, 2), nn.Conv2d(1, 2, 5, padding=1)
    found = explain_shape_error(net, images, failing(net, images))
    assert "of at least 3×3 and received (N, 1, 2, 2)" in found.message


def test_dilation_spreads_the_kernel():
    images, net = torch.zeros(2, 1, 8, 8), nn.Conv2d(1, 2, 5, dilation=2)
    found = explain_shape_error(net, images, failing(net, images))
    assert "of at least 9×9 and received (N, 1, 8, 8)" in found.message


@st.composite
def layers(draw):
    """A convolution or a pooling, different in height and width."""
    upto_5, upto_3 = (st.tuples(st.integers(1, most), st.integers(1, most)) for most in (5, 3))
    kernel, stride, dilation = draw(upto_5), draw(upto_3), draw(upto_3)
    padding = tuple(draw(st.integers(0, edge // 2)) for edge in kernel)
    ceil_mode = draw(st.booleans())
    return draw(
        st.sampled_from(
            [
                nn.Conv2d(1, 1, kernel, stride, padding, dilation),
                nn.Conv2d(1, 1, kernel, stride, "valid", dilation),
                nn.MaxPool2d(kernel, stride, padding, dilation, ceil_mode=ceil_mode),
                nn.AvgPool2d(kernel, stride, padding, ceil_mode=ceil_mode),
            ]
        )
    )


def size_of_output(layer, height, width):
    """PyTorch's height and width of the output, or None if it refuses the image."""
    try:
        return tuple(layer(torch.zeros(2, 1, height, width)).shape[2:])
    except RuntimeError:
        return None


@settings(max_examples=200)
@given(layers(), st.integers(1, 8), st.integers(1, 8))
def test_the_smallest_image_is_the_one_that_pytorch_takes(layer, height, width):
    assume(size_of_output(layer, height, width) is None)
    images = torch.zeros(2, 1, height, width)
    found = explain_shape_error(layer, images, failing(layer, images))
    least = [int(edge) for edge in re.search(r"of at least (\d+)×(\d+)", found.message).groups()]
    assert size_of_output(layer, *least) is not None
    for axis in (0, 1):
        smaller = [edge - (number == axis) for number, edge in enumerate(least)]
        assert min(smaller) == 0 or size_of_output(layer, *smaller) is None
