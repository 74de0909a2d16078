import numpy as np
import pytest
import torch
from torch import nn

from lenet.d2l.bridge.activations import functions, record
from lenet.doctor.observation import Observation
from lenet.doctor.schedule import AFTER_EPOCH, examine
from lenet.models import LeNet


def test_recording_leaves_the_network_as_it_was():
    net = nn.Sequential(nn.Flatten(), nn.Dropout(), nn.Linear(784, 10), nn.ReLU())
    net.train()
    outputs, activations = record(net, torch.rand(4, 1, 28, 28))
    assert net.training
    assert not net[3]._forward_hooks
    assert list(activations) == ["3"]
    assert activations["3"].function == "relu"
    assert np.array_equal(outputs, activations["3"].values)
    with pytest.raises(RuntimeError):
        record(net, torch.rand(4, 1, 5, 5))
    assert net.training
    assert not net[3]._forward_hooks


def test_the_functions_of_a_network():
    assert functions(LeNet()) == {"sigmoid"}
    assert functions(nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Tanh(), nn.GELU())) == {"relu", "tanh"}


def test_a_network_of_ones_own_is_examined_by_its_outputs():
    torch.manual_seed(0)  # of some random networks most channels are dead from the start
    images = torch.rand(16, 1, 28, 28)

    def found(net, **known):
        outputs, activations = record(net, images)
        return examine(AFTER_EPOCH, Observation(outputs=outputs, activations=activations, **known))

    assert found(LeNet()) == []
    softmax = nn.Sequential(LeNet(activation="relu"), nn.Softmax(1))
    assert [finding.name for finding in found(softmax)] == ["softmax-before-loss"]
    assert found(softmax, takes_logits=False) == []
    with torch.no_grad():
        softmax[0].fc[2].bias.fill_(-1e6)
    findings = found(softmax)
    assert [finding.name for finding in findings] == ["dead-units", "softmax-before-loss"]
    assert "layer 0.fc.3 " in findings[0].message
