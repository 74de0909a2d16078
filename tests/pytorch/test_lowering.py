import numpy as np
import pytest
import torch
from torch import nn

from lenet.errors import EngineError
from lenet.pytorch.lowering import from_module
from lenet.pytorch.modules import LeNetAvg, share


def hooked(layer):
    layer.register_forward_hook(lambda *_: None)
    return layer


def block(convolution, *after):
    """One block around a convolution, and a dense layer that fits if the convolution is as lenet knows it."""
    after = [*after, *[nn.ReLU(), nn.MaxPool2d(2)][len(after) :]]
    return nn.Sequential(convolution, *after, nn.Flatten(), nn.Linear(2 * 13 * 13, 5), nn.ReLU(), nn.Linear(5, 10))


def shared():
    layer = nn.Linear(36, 36)
    return nn.Sequential(nn.Flatten(), layer, nn.ReLU(), layer)


def test_a_module_becomes_a_network_and_shares_its_memory():
    module = LeNetAvg(activation="tanh")
    network = from_module(module, (1, 28, 28))
    before = {name: value.clone() for name, value in module.state_dict().items()}
    assert all(np.array_equal(value, network.tensors[name]) for name, value in before.items())
    with torch.no_grad():
        module[0].bias.fill_(1)
    assert not (network.tensors["0.bias"] == 1).any()
    share(network, module)
    network.weights[:] = 2
    assert all((parameter == 2).all() for parameter in module.parameters())


@pytest.mark.parametrize(
    ("model", "size", "part"),
    [
        (lambda: LeNetAvg().double(), 28, "weights of torch.float64"),
        (lambda: LeNetAvg(), 40, "the layer 7 (Linear) does not take its input of 1024"),
        (lambda: nn.Sequential(nn.Flatten(), nn.Linear(784, 10, bias=False)), 28, "nn.Linear without bias"),
        (lambda: nn.Sequential(nn.Linear(784, 10)), 28, "the layer 0 (Linear) does not take its input of 1×28×28"),
        (lambda: block(nn.Conv2d(1, 2, 3, stride=2)), 28, "a convolution with stride (2, 2)"),
        (lambda: block(nn.Conv2d(1, 2, 3, dilation=2)), 28, "a convolution with dilation (2, 2)"),
        (lambda: block(nn.Conv2d(1, 2, 3, padding_mode="reflect")), 28, "a convolution with padding_mode reflect"),
        (lambda: block(nn.Conv2d(1, 2, (3, 5))), 28, "a kernel of 3×5"),
        (lambda: block(nn.Conv2d(1, 2, 3, padding="same")), 28, "a padding of same"),
        (lambda: block(nn.Conv2d(1, 2, 3, padding=(1, 0))), 28, "a padding of (1, 0)"),
        (lambda: block(nn.Conv2d(1, 2, 3, bias=False)), 28, "a convolution without bias"),
        (lambda: block(nn.Conv2d(1, 2, 3), nn.GELU()), 28, "nn.GELU"),
        (lambda: block(nn.Conv2d(2, 2, 3, groups=2)), 28, "a convolution with groups 2"),
        (lambda: block(type("Own", (nn.Conv2d,), {})(1, 2, 3)), 28, "nn.Own"),
        (lambda: nn.Sequential(nn.Flatten(2), nn.Linear(784, 10)), 28, "nn.Flatten"),
        (
            lambda: nn.Sequential(nn.Flatten(), nn.Linear(784, 20), nn.ReLU(), nn.Linear(30, 10)),
            28,
            "the layer 3 (Linear) does not take its input of 20",
        ),
        (lambda: nn.Sequential(nn.Flatten(), hooked(nn.Linear(784, 10))), 28, "nn.Linear with a hook"),
        (shared, 6, "layers that share weights"),
    ],
)
def test_what_a_network_cannot_hold_is_named(model, size, part):
    with pytest.raises(EngineError) as caught:
        from_module(model(), (1, size, size))
    assert part in caught.value.message


@pytest.mark.parametrize(
    ("pooling", "part"),
    [
        (nn.AvgPool2d(3, 2), "kernel_size 3"),
        (nn.MaxPool2d(2, stride=1), "stride 1"),
        (nn.MaxPool2d(2, padding=1), "padding 1"),
        (nn.MaxPool2d(2, dilation=2), "dilation 2"),
        (nn.AvgPool2d(2, ceil_mode=True), "ceil_mode True"),
        (nn.MaxPool2d(2, return_indices=True), "return_indices True"),
        (nn.AvgPool2d(2, divisor_override=1), "divisor_override 1"),
    ],
)
def test_any_other_attribute_of_a_pooling_is_named(pooling, part):
    with pytest.raises(EngineError, match=f"a pooling with {part}"):
        from_module(block(nn.Conv2d(1, 2, 3), nn.ReLU(), pooling), (1, 28, 28))
