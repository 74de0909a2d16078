import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn

from lenet.errors import ModelError
from lenet.models import LeNet, LeNetAvg, num_parameters
from lenet.models.lenet import convolutions

PRINTED = """\
LeNet(
  (conv): Sequential(
    (0): Conv2d(1, 6, kernel_size=(5, 5), stride=(1, 1))
    (1): Sigmoid()
    (2): MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)
    (3): Conv2d(6, 16, kernel_size=(5, 5), stride=(1, 1))
    (4): Sigmoid()
    (5): MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)
  )
  (fc): Sequential(
    (0): Linear(in_features=256, out_features=120, bias=True)
    (1): Sigmoid()
    (2): Linear(in_features=120, out_features=84, bias=True)
    (3): Sigmoid()
    (4): Linear(in_features=84, out_features=10, bias=True)
  )
)"""


def test_lenet_prints_as_in_the_book():
    assert str(LeNet()) == PRINTED


def test_the_numbers_of_parameters_are_the_books():
    assert num_parameters(LeNet()) == 44_426
    assert num_parameters(LeNetAvg()) == 61_706
    assert num_parameters(LeNet(padding=2)) == 61_706


def test_lenet_avg_is_one_sequential_with_the_books_layers():
    net = LeNetAvg()
    assert isinstance(net, nn.Sequential)
    names = ["Conv2d", "Sigmoid", "AvgPool2d"] * 2 + ["Flatten", "Linear", "Sigmoid", "Linear", "Sigmoid", "Linear"]
    assert [type(layer).__name__ for layer in net] == names
    assert net[0].padding == (2, 2)
    assert net[3].padding == (0, 0)


def test_the_two_forms_compute_the_same():
    one = LeNet(pooling="avg", padding=2, activation="tanh")
    other = LeNetAvg(activation="tanh")
    other.load_state_dict(dict(zip(other.state_dict(), one.state_dict().values(), strict=True)))
    images = torch.rand(3, 1, 28, 28)
    assert torch.equal(one(images), other(images))


variations = {
    "kernel_size": st.integers(1, 11),
    "channels": st.lists(st.integers(1, 9), min_size=1, max_size=3),
    "hidden": st.lists(st.integers(1, 9), max_size=4),
    "activation": st.sampled_from(["sigmoid", "tanh", "relu"]),
    "pooling": st.sampled_from(["max", "avg"]),
    "padding": st.integers(0, 5),
    "in_channels": st.sampled_from([1, 3]),
    "input_size": st.integers(4, 40) | st.tuples(st.integers(4, 40), st.integers(4, 40)),
    "num_classes": st.integers(1, 12),
}


@settings(max_examples=100, deadline=None)
@given(st.sampled_from([LeNet, LeNetAvg]), st.fixed_dictionaries(variations))
def test_every_variation_works_or_is_refused(make, arguments):
    """What is built takes its pictures; what is refused is what PyTorch could not have computed."""
    size = arguments["input_size"]
    height, width = (size, size) if isinstance(size, int) else size
    images = torch.rand(2, arguments["in_channels"], height, width)
    try:
        net = make(**arguments)
    except ModelError as error:
        assert "convolution" in error.message
        assert error.hint
        assume(False)
    assert net(images).shape == (2, arguments["num_classes"])
    assert sum(isinstance(layer, nn.Conv2d) for layer in net.modules()) == len(arguments["channels"])
    assert sum(isinstance(layer, nn.Linear) for layer in net.modules()) == len(arguments["hidden"]) + 1


def test_a_kernel_larger_than_its_picture_is_refused_with_layer_and_sizes():
    with pytest.raises(ModelError) as caught:
        LeNet(kernel_size=11, channels=(4, 8))
    assert caught.value.message == "convolution 2 has a 11×11 kernel, larger than its 9×9 picture"
    with pytest.raises(ModelError) as caught:
        LeNet(kernel_size=9, padding=1, input_size=6)
    assert caught.value.message == "convolution 1 has a 9×9 kernel, larger than its 6×6 picture with padding 1"
    with pytest.raises(ModelError, match="the 2×2 pooling after convolution 1 would get a 1×1 picture"):
        LeNet(kernel_size=28)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"activation": "swish"}, "unknown activation 'swish'"),
        ({"pooling": "min"}, "unknown pooling 'min'"),
        ({"channels": ()}, "channels is empty"),
        ({"channels": (6, 0)}, "channels is 0"),
        ({"hidden": (0,)}, "hidden is 0"),
        ({"num_classes": 0}, "num_classes is 0"),
        ({"in_channels": 0}, "in_channels is 0"),
        ({"input_size": (28, 0)}, "width is 0"),
    ],
)
def test_nonsense_is_refused_by_name(arguments, message):
    with pytest.raises(ModelError, match=message):
        LeNet(**arguments)


def test_padding_is_for_the_first_convolution_alone():
    blocks, features = convolutions(5, (6, 16), "relu", "max", 2, 1, 28)
    assert [block.padding for block in blocks if isinstance(block, nn.Conv2d)] == [(2, 2), (0, 0)]
    assert features == 400
