"""The charts of the training functions: every line's points, against the book's loop written out in plain PyTorch."""

import copy
import re
import sys
import time

import pytest
import torch
from book_loop import Loader, expect
from matplotlib.colors import to_hex
from terminal import FakeTerminal
from torch import nn

from lenet import d2l
from lenet.d2l.bridge.batches import BatchIterator
from lenet.d2l.bridge.diagnosis import Diagnosis
from lenet.d2l.names import canvas

EPOCHS = 2
STOPS = [2, 4, 6, 8, 10, 11]  # of an epoch of 11 batches: every fifth of it, rounded down, and its end


@pytest.fixture(params=["kernels", "PyTorch"])
def batches(request, tiny):
    """Eleven training batches, the last of them smaller, and four test batches, the last of them smaller too."""
    iterators = BatchIterator(tiny.train, 96, True), BatchIterator(tiny.test, 60)
    return iterators if request.param == "kernels" else tuple(map(Loader, iterators))


@pytest.fixture
def charts(monkeypatch):
    """The charts that are written, by name: their axes."""
    axes = {}
    monkeypatch.setattr(canvas, "save", lambda figure, name, *_: axes.update({name: figure.axes}))
    return axes


def network():
    torch.manual_seed(5)
    return nn.Sequential(
        nn.Conv2d(1, 3, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(3 * 144, 20),
        nn.ReLU(),
        nn.Linear(20, 10),
    )


def points(line):
    return [(float(x), float(y)) for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)]


def assert_lines(axes, expected):
    """The lines of a chart are these: by label, in order, x exactly and y within what rounding can change."""
    assert [text.get_text() for text in axes.get_legend().get_texts()] == list(expected)
    assert len(axes.get_lines()) == len(expected)
    for line, (label, wanted) in zip(axes.get_lines(), expected.items(), strict=True):
        drawn = points(line)
        assert [x for x, _ in drawn] == pytest.approx([x for x, _ in wanted]), label
        assert [y for _, y in drawn] == pytest.approx([y for _, y in wanted], abs=0.004), label


def styles(axes):
    return [(line.get_linestyle(), to_hex(line.get_color())) for line in axes.get_lines()]


def test_train_ch6_draws_fifths_of_epochs(batches, charts, capsys):
    net, seed = network(), 7
    own = copy.deepcopy(net)
    torch.manual_seed(seed)
    own.apply(d2l.init_cnn)
    expected = expect(own, *batches, torch.optim.SGD(own.parameters(), lr=0.1))
    torch.manual_seed(seed)
    began = time.perf_counter()
    d2l.train_ch6(net, *batches, EPOCHS, 0.1, "cpu")
    seconds = time.perf_counter() - began
    ((axes,),) = charts.values()
    assert list(charts) == ["train_ch6"]
    x = {(epoch, stop): epoch + stop / 11 for epoch in range(EPOCHS) for stop in STOPS}
    assert_lines(
        axes,
        {
            "train loss": [(x[at], expected.loss(*at)) for at in x],
            "train acc": [(x[at], expected.accuracy(*at)) for at in x],
            "test acc": [(1, expected.test_accuracies[0]), (2, expected.test_accuracies[1])],
        },
    )
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_xlim()) == ("epoch", "", (0, EPOCHS))
    assert (axes.get_xscale(), axes.get_yscale()) == ("linear", "linear")
    assert styles(axes) == [("-", to_hex("C0")), ("--", to_hex("m")), ("-.", to_hex("g"))]
    assert expected.test_accuracies[0] != expected.test_accuracies[1]
    out = capsys.readouterr().out
    printed = [float(number) for number in re.findall(r"(?:loss|acc) (\d\.\d+)", out)]
    last = [expected.loss(1, 11), expected.accuracy(1, 11), expected.test_accuracies[1]]
    assert printed == pytest.approx(last, abs=0.005)
    assert float(re.search(r"([\d.]+) examples/sec on cpu", out)[1]) > EPOCHS * 1000 / seconds  # of the steps alone


@pytest.mark.parametrize("num_epochs", [1, EPOCHS])
def test_train_ch3_of_the_book_draws_epochs(num_epochs, batches, charts):
    net, seed = network(), 7
    own = copy.deepcopy(net)
    torch.manual_seed(seed)
    expected = expect(own, *batches, torch.optim.SGD(own.parameters(), lr=0.1), num_epochs)
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    d2l.train_ch3(net, *batches, nn.CrossEntropyLoss(reduction="none"), num_epochs, optimizer)
    ((axes,),) = charts.values()
    assert list(charts) == ["train_ch3"]
    epochs = range(num_epochs)
    assert_lines(
        axes,
        {
            "train loss": [(epoch + 1, expected.loss(epoch, 11)) for epoch in epochs],
            "train acc": [(epoch + 1, expected.accuracy(epoch, 11)) for epoch in epochs],
            "test acc": [(epoch + 1, expected.test_accuracies[epoch]) for epoch in epochs],
        },
    )
    assert axes.get_xlabel() == "epoch"
    left, right = axes.get_xlim()
    assert (left, right) == (1, 2) if num_epochs == 2 else left < 1 < right  # limits that are equal are left out


@pytest.mark.parametrize("function", [d2l.train_ch5, d2l.train_cuda_cpu, d2l.train])
def test_train_ch5_draws_nothing_and_prints_epochs(function, batches, charts, capsys):
    net, seed = network(), 7
    own = copy.deepcopy(net)
    torch.manual_seed(seed)
    expected = expect(own, *batches, torch.optim.Adam(own.parameters(), lr=0.003))
    torch.manual_seed(seed)
    function(net, *batches, 96, torch.optim.Adam(net.parameters(), lr=0.003), "cpu", EPOCHS)
    assert charts == {}
    assert_printed(capsys, expected, [expected.batch_loss(epoch) for epoch in range(EPOCHS)])


def test_train_ch3_of_the_port_draws_nothing_and_prints_epochs(batches, charts, capsys):
    net, seed = network(), 7
    own = copy.deepcopy(net)
    torch.manual_seed(seed)
    expected = expect(own, *batches, torch.optim.SGD(own.parameters(), lr=0.1))
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    d2l.train_ch3(net, *batches, nn.CrossEntropyLoss(), EPOCHS, 96, None, None, optimizer)
    assert charts == {}
    assert_printed(capsys, expected, [expected.loss(epoch, 11) for epoch in range(EPOCHS)])


def assert_printed(capsys, expected, losses):
    """One line an epoch, with these losses and the expected accuracies."""
    lines = re.findall(r"epoch (\d+), loss ([\d.]+), train acc ([\d.]+), test acc ([\d.]+)", capsys.readouterr().out)
    assert [int(epoch) for epoch, *_ in lines] == [1, 2]
    for epoch, (_, *numbers) in enumerate(lines):
        loss, *accuracies = [float(number) for number in numbers]
        assert loss == pytest.approx(losses[epoch], abs=0.0003)
        assert accuracies == pytest.approx([expected.accuracy(epoch, 11), expected.test_accuracies[epoch]], abs=0.004)
    assert any(abs(expected.loss(epoch, 11) - expected.batch_loss(epoch)) > 0.001 for epoch in range(EPOCHS))


def test_on_a_terminal_the_fifths_of_an_epoch_are_shown(batches, charts, monkeypatch):
    net, seed = network(), 7
    own = copy.deepcopy(net)
    torch.manual_seed(seed)
    expected = expect(own, *batches, torch.optim.Adam(own.parameters(), lr=0.003))
    terminal = FakeTerminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    torch.manual_seed(seed)
    d2l.train_ch5(net, *batches, 96, torch.optim.Adam(net.parameters(), lr=0.003), "cpu", EPOCHS)
    shown = re.findall(r"\repoch ([\d.]+)/2  loss ([\d.]+)  train acc ([\d.]+)\x1b", terminal.getvalue())
    at = [(epoch, stop) for epoch in range(EPOCHS) for stop in STOPS]
    assert [x for x, *_ in shown] == [f"{epoch + stop / 11:.1f}" for epoch, stop in at]
    for (_, loss, accuracy), (epoch, stop) in zip(shown, at, strict=True):
        assert float(loss) == pytest.approx(sum(expected.losses[epoch][:stop]) / stop, abs=0.004)
        assert float(accuracy) == pytest.approx(expected.accuracy(epoch, stop), abs=0.004)


class Data(d2l.DataModule):
    def __init__(self, batches):
        super().__init__()
        self.batches = batches

    def get_dataloader(self, train):
        return self.batches[0 if train else 1]


class Model(d2l.Classifier):
    def __init__(self, lr=0.1):
        super().__init__()
        self.save_hyperparameters()
        self.net = network()


def mean(values):
    return sum(values) / len(values)


@pytest.mark.parametrize("own_step", [False, True])
def test_a_trainer_draws_means_of_batches(own_step, batches, charts, monkeypatch):
    examined = []
    monkeypatch.setattr(Diagnosis, "epoch", lambda self, done, _, accuracy: examined.append((done, accuracy)))

    class Own(Model):
        def training_step(self, batch):
            return super().training_step(batch)

    model, seed = (Own if own_step else Model)(), 7
    own = copy.deepcopy(model.net)
    torch.manual_seed(seed)
    expected = expect(own, *batches, torch.optim.SGD(own.parameters(), lr=0.1))
    torch.manual_seed(seed)
    d2l.Trainer(max_epochs=EPOCHS).fit(model, Data(batches))
    ((axes,),) = charts.values()
    assert list(charts) == ["Trainer"]
    losses = [*expected.losses[0], *expected.losses[1]]  # 22; a point for every 5, and the last two wait for more
    assert_lines(
        axes,
        {
            "train_loss": [(mean(range(n, n + 5)) / 11, mean(losses[n : n + 5])) for n in (0, 5, 10, 15)],
            "val_loss": [(1, mean(expected.val_losses[0])), (2, mean(expected.val_losses[1]))],
            "val_acc": [(1, mean(expected.val_accuracies[0])), (2, mean(expected.val_accuracies[1]))],
        },
    )
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_xlim()) == ("epoch", "", (0, EPOCHS))
    accuracies = [mean(expected.val_accuracies[0]), mean(expected.val_accuracies[1])]
    assert examined == [(1, pytest.approx(accuracies[0], abs=0.004)), (2, pytest.approx(accuracies[1], abs=0.004))]
    assert styles(axes) == [("-", to_hex("C0")), ("--", to_hex("C1")), ("-.", to_hex("C2"))]


def test_a_trainer_draws_as_often_as_the_model_says(batches, charts):
    model, seed = Model(), 7
    model.plot_train_per_epoch, model.plot_valid_per_epoch = 5, 2
    own = copy.deepcopy(model.net)
    torch.manual_seed(seed)
    expected = expect(own, *batches, torch.optim.SGD(own.parameters(), lr=0.1))
    torch.manual_seed(seed)
    d2l.Trainer(max_epochs=EPOCHS).fit(model, Data(batches))
    ((axes,),) = charts.values()
    losses = [*expected.losses[0], *expected.losses[1]]
    halves = [(epoch, half) for epoch in range(EPOCHS) for half in (slice(2), slice(2, 4))]
    assert_lines(
        axes,
        {
            "train_loss": [(mean(range(n, n + 2)) / 11, mean(losses[n : n + 2])) for n in range(0, 22, 2)],
            "val_loss": [(epoch + 1, mean(expected.val_losses[epoch][half])) for epoch, half in halves],
            "val_acc": [(epoch + 1, mean(expected.val_accuracies[epoch][half])) for epoch, half in halves],
        },
    )
