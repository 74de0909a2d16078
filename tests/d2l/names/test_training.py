"""The published training functions: what they print, and that their faults are fixed."""

import copy
import re

import numpy as np
import pytest
import torch
from learners import LINE, LeNet
from torch import nn

from lenet import d2l
from lenet.d2l.bridge.batches import BatchIterator, first_inputs
from lenet.d2l.bridge.loop import Point
from lenet.d2l.bridge.progress import EpochProgress
from lenet.d2l.names import training
from lenet.engines import Stats
from lenet.errors import ConfigError


@pytest.mark.parametrize(
    "function",
    [d2l.train_ch5, d2l.train_cuda_cpu, d2l.train],
)
def test_a_line_for_each_epoch_on_stdout_and_the_engine_on_stderr(function, net, iterators, capsys):
    optimizer = torch.optim.Adam(net.parameters(), lr=0.005)
    function(net, *iterators, 50, optimizer, torch.device("cpu"), 2)
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0] == "training on cpu"
    for number, line in enumerate(lines[1:], start=1):
        assert re.fullmatch(LINE.format(number) + r", time \d+\.\d sec", line)
    assert len(lines) == 3
    assert err.startswith("engine  cpu (own kernels for ")
    assert err.count("\n") == 1
    assert net.training


def test_the_last_argument_by_its_name(net, iterators, capsys):
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    d2l.train_cuda_cpu(net, *iterators, 50, optimizer, "cpu", num_epochs=1)
    d2l.train(net, *iterators, 50, optimizer, "cpu", num_epoch=1)
    d2l.train_ch5(net, *iterators, 50, optimizer, "cpu", num_epochs=1)
    assert capsys.readouterr().out.count("epoch 1, loss") == 3


def test_the_loss_is_the_mean_of_this_epochs_batches(tiny, capsys):
    """Published: divided by the images, or by a count that is never reset. With nothing learnt it is the same in
    each epoch."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    train = BatchIterator(tiny.train, 300)  # the last batch has a hundred
    loss = nn.CrossEntropyLoss()
    with torch.no_grad():
        expected = sum(float(loss(net(X), y)) for X, y in train) / 4
    d2l.train_ch5(net, train, BatchIterator(tiny.test, 50), 300, torch.optim.SGD(net.parameters(), lr=1e-12), "cpu", 3)
    assert re.findall(r"loss (\S+),", capsys.readouterr().out) == [f"{expected:.4f}"] * 3


def test_engine_and_pytorch_print_the_same(net, tiny, capsys):
    outs = []
    for by_pytorch in (False, True):
        copied = copy.deepcopy(net)
        iterators = BatchIterator(tiny.train, 100, True), BatchIterator(tiny.test, 100)
        if by_pytorch:
            iterators = [_Loader(each) for each in iterators]
        torch.manual_seed(3)
        d2l.train_ch5(copied, *iterators, 100, torch.optim.Adam(copied.parameters(), lr=0.01), "cpu", 2)
        out, err = capsys.readouterr()
        assert ("own kernels" in err) != by_pytorch
        outs.append([float(number) for number in re.findall(r"(?:loss|acc) (\d\.\d+)", out)])
    assert outs[0] == pytest.approx(outs[1], abs=0.012)
    assert outs[0][4] > 0.4  # it has learnt something


class _Loader:
    """The same batches in something that is no BatchIterator."""

    def __init__(self, iterator):
        self.iterator = iterator

    def __iter__(self):
        return iter(self.iterator)

    def __len__(self):
        return len(self.iterator)


def test_train_ch6_prints_two_lines_and_leaves_its_chart(net, iterators, capsys, own_folder):
    d2l.train_ch6(net, *iterators, 2, 0.2, d2l.try_gpu(99))
    out, err = capsys.readouterr()
    first, second, third = out.splitlines()
    assert first == "training on cpu"
    assert re.fullmatch(r"loss \d\.\d{3}, train acc \d\.\d{3}, test acc \d\.\d{3}", second)
    assert re.fullmatch(r"\d+\.\d examples/sec on cpu", third)
    (image,) = own_folder.glob("*train_ch6.png")
    assert image.read_bytes().startswith(b"\x89PNG")
    assert f"wrote   {image.name}" in err
    assert net.training


def test_train_ch6_draws_the_weights_anew_unless_told(net, iterators):
    before = copy.deepcopy(net.state_dict())
    d2l.train_ch6(net, *iterators, 1, 1e-12, "cpu", init=False)
    assert torch.allclose(net.fc[0].weight, before["fc.0.weight"], atol=1e-6)
    d2l.train_ch6(net, *iterators, 1, 1e-12, "cpu")
    assert not torch.allclose(net.fc[0].weight, before["fc.0.weight"], atol=1e-2)


@pytest.mark.parametrize("by_pytorch", [False, True])
def test_fewer_than_five_batches_are_enough(by_pytorch, net, tiny, capsys):
    train = BatchIterator(tiny.train, 400)
    d2l.train_ch6(net, list(train) if by_pytorch else train, BatchIterator(tiny.test, 50), 1, 0.1, "cpu")
    assert "examples/sec" in capsys.readouterr().out


def test_a_second_call_goes_on_with_the_optimiser(net, iterators):
    optimizer = torch.optim.Adam(net.parameters(), lr=0.001)
    d2l.train_ch5(net, *iterators, 50, optimizer, "cpu", 1)
    assert optimizer.state[net.fc[0].weight]["step"] == 20
    d2l.train_ch5(net, *iterators, 50, optimizer, "cpu", 2)
    assert optimizer.state[net.fc[0].weight]["step"] == 60


def test_the_books_program_on_fashion_mnist(real_data, monkeypatch, capsys, own_folder):
    monkeypatch.setenv("LENET_DATA", str(real_data))
    torch.manual_seed(0)
    net = nn.Sequential(
        d2l.Reshape(),
        nn.Conv2d(1, 6, kernel_size=5, padding=2),
        nn.Sigmoid(),
        nn.AvgPool2d(kernel_size=2, stride=2),
        nn.Conv2d(6, 16, kernel_size=5),
        nn.Sigmoid(),
        nn.AvgPool2d(kernel_size=2, stride=2),
        nn.Flatten(),
        nn.Linear(16 * 5 * 5, 120),
        nn.Sigmoid(),
        nn.Linear(120, 84),
        nn.Sigmoid(),
        nn.Linear(84, 10),
    )
    train_iter, test_iter = d2l.load_data_fashion_mnist(batch_size=256)
    d2l.train_ch6(net, train_iter, test_iter, 1, 0.9, d2l.try_gpu(99))
    out, err = capsys.readouterr()
    assert "own kernels" in err
    assert re.search(r"loss 2\.\d{3}, train acc 0\.\d{3}, test acc 0\.\d{3}", out)  # the book's rate starts slowly
    assert list(own_folder.glob("*train_ch6.png"))


@pytest.mark.parametrize(
    "forward",
    [
        lambda net, x: net(x * 2),
        lambda net, x: net(x[:, :1]),
        lambda net, x: net(x) * 1.0,
        lambda net, x: net(x)[:, :10],
    ],
)
def test_a_forward_that_computes_beside_its_layers_goes_by_pytorch(forward, iterators, capsys):
    class Beside(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = LeNet()

        def forward(self, x):
            return forward(self.net, x)

    torch.manual_seed(0)
    net = Beside()
    assert 0 <= d2l.evaluate_accuracy(net, iterators[1]) <= 1
    d2l.train_ch6(net, *iterators, 1, 0.1, "cpu")
    assert "engine  PyTorch on cpu (not a chain of layers: " in capsys.readouterr().err


WRONG = {
    "epochs": lambda net, train, test: (net, train, test, 0, 0.1, "cpu"),
    "device": lambda net, train, test: (net, train, test, 1, 0.1, "cuda:77"),
    "training iterator": lambda net, train, test: (net, 5, test, 1, 0.1, "cpu"),
    "test iterator": lambda net, train, test: (net, train, None, 1, 0.1, "cpu"),
    "gives no batch": lambda net, train, test: (net, [], test, 1, 0.1, "cpu"),
    "expects": lambda net, train, test: (net, BatchIterator(train.dataset, 50, resize=40), test, 1, 0.1, "cpu"),
    "layer fc.0": lambda net, train, test: (net, [(torch.rand(2, 1, 40, 40), torch.ones(2))], test, 1, 0.1, "cpu"),
}


def test_a_look_at_the_images_draws_nothing(net, iterators, tiny):
    """The batches of a DataLoader are those that they would be without."""
    dataset = torch.utils.data.TensorDataset(torch.arange(100.0), torch.arange(100))
    loader = torch.utils.data.DataLoader(dataset, 10, shuffle=True)
    torch.manual_seed(0)
    expected = next(iter(loader))[1]
    torch.manual_seed(0)
    assert torch.equal(first_inputs(loader), expected.float())
    assert torch.equal(next(iter(loader))[1], expected)


@pytest.mark.parametrize("kind", [list, lambda it: torch.utils.data.DataLoader(list(it), batch_size=None), iter])
def test_layers_that_wait_for_a_batch_get_one_from_any_iterator(kind, iterators, capsys):
    net = nn.Sequential(nn.Flatten(), nn.LazyLinear(20), nn.ReLU(), nn.Dropout(0.1), nn.LazyLinear(10))
    train = kind(iterators[0])
    if kind is iter:
        with pytest.raises(ConfigError, match="only once") as raised:
            d2l.train_ch6(net, train, iterators[1], 1, 0.1, "cpu")
        assert "net(X)" in raised.value.hint
        return
    d2l.train_ch6(net, train, iterators[1], 1, 0.1, "cpu")
    assert net[1].in_features == 784
    assert "examples/sec" in capsys.readouterr().out


def test_the_speed_is_that_of_the_steps_alone(iterators, capsys, monkeypatch):
    progress = EpochProgress()
    progress.add(Stats(np.array([0.5]), np.array([100]), 75, 2.0))
    last = Point(3.0, progress, 0.625, num_images=300, steps_seconds=6.0, epoch_seconds=20.0)
    monkeypatch.setattr(training, "points", lambda *_: iter([last]))
    d2l.train_ch6(LeNet(), *iterators, 3, 0.1, "cpu")
    out = capsys.readouterr().out.splitlines()
    assert out[-2:] == ["loss 0.500, train acc 0.750, test acc 0.625", "50.0 examples/sec on cpu"]
