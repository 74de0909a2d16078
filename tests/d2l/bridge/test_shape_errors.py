"""The layer that a shape error names."""

import pytest
import torch
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


def test_padding_counts_on_both_sides():
    images, net = torch.zeros(2, 1, 2, 2), nn.Conv2d(1, 2, 5, padding=1)
    found = explain_shape_error(net, images, failing(net, images))
    assert "of at least 3×3 and received (N, 1, 2, 2)" in found.message
