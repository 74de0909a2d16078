"""Modules as networks of lenet's own layers, and exported."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import lenet
from lenet.errors import ModelError
from lenet.pytorch.described import as_trained
from lenet.pytorch.trained import open_module

CLASSES = list("abcd")


class Learner(nn.Module):
    def __init__(self, stride=1):
        super().__init__()
        self.classes = CLASSES
        self.first = nn.Conv2d(1, 3, 5, bias=False)
        self.norm = nn.BatchNorm2d(3)
        self.second = nn.Conv2d(3, 4, 3, stride=stride)
        self.last = nn.LazyLinear(4)

    def forward(self, x):
        x = F.max_pool2d(torch.tanh(self.norm(self.first(x))), 2)
        return self.last(torch.flatten(F.relu(self.second(x)), 1))


def made(**settings):
    net = Learner(**settings)
    net(torch.rand(8, 1, 28, 28))  # moves the running statistics
    return net


def test_a_learner_s_module(tmp_path):
    ort = pytest.importorskip("onnxruntime")
    net = made()
    exported = lenet.export(net, out=tmp_path / "net.onnx", batch="dynamic")
    assert net.training, "the module is as before"
    pixels = torch.rand(5, 1, 28, 28)
    (logits,) = ort.InferenceSession(str(exported.path)).run(["logits"], {"pixels": pixels.numpy()})
    assert np.abs(logits - net.eval()(pixels).detach().numpy()).max() <= 1e-5


def test_a_run_s_module_keeps_its_normalisation(tiny_run, tiny):
    network = as_trained(open_module(tiny_run.model))
    assert network.preprocessing == tiny_run.preprocessing
    assert np.array_equal(network.logits(tiny.test.images), tiny_run.network.logits(tiny.test.images))


def test_what_lenet_does_not_have_is_named_with_its_layer(tmp_path):
    with pytest.raises(
        ModelError,
        match=r"^Learner cannot be exported: the layer second \(Conv2d\): a convolution with stride \(2, 2\)",
    ):
        lenet.export(made(stride=2), out=tmp_path / "net.onnx")
    net = nn.Sequential(nn.Flatten(), nn.Linear(784, 4), nn.GELU(), nn.Linear(4, 4))
    net.classes = CLASSES
    with pytest.raises(
        ModelError, match=r"^Sequential cannot be exported: not a chain of layers: nn.GELU\nhint: lenet"
    ):
        lenet.export(net, out=tmp_path / "net.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_module_that_is_no_chain(tmp_path):
    class Residual(Learner):
        def forward(self, x):
            return super().forward(x) + super().forward(x)

    net = Residual()
    net(torch.rand(2, 1, 28, 28))
    with pytest.raises(ModelError, match="Residual cannot be exported: not a chain of layers"):
        lenet.export(net, out=tmp_path / "net.onnx")
