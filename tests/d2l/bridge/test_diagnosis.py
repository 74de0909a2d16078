"""The doctor in a learner's own training: what is wrong stands on stderr, once, and nothing where nothing is."""

import contextlib
import io
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from lenet import d2l
from lenet.d2l.bridge import diagnosis
from lenet.d2l.bridge.batches import BatchIterator
from lenet.d2l.bridge.progress import EpochProgress
from lenet.data.dataset import Dataset
from lenet.engines import Stats
from lenet.models import LeNetAvg, Tiny


def trained(net, train_iter, test_iter, rate, num_epochs, capsys):
    """The findings on stderr, by name."""
    torch.manual_seed(0)
    d2l.train_ch5(net, train_iter, test_iter, 50, torch.optim.SGD(net.parameters(), lr=rate), "cpu", num_epochs)
    err = capsys.readouterr().err
    return [line.split()[1].rstrip(":") for line in err.splitlines() if line.startswith("FINDING")], err


@pytest.fixture
def loader(tiny):
    """The same images in PyTorch's own DataLoader."""
    images = torch.from_numpy(tiny.train.images)[:, None] / 255
    dataset = torch.utils.data.TensorDataset(images, torch.from_numpy(tiny.train.labels))
    return torch.utils.data.DataLoader(dataset, 50, shuffle=True)


def linear():
    """A network that learns the tiny set in an epoch."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))


def test_a_network_that_learns_has_no_findings(iterators, loader, capsys):
    for train_iter in (iterators[0], loader):
        torch.manual_seed(0)
        net = LeNetAvg(activation="tanh")
        d2l.train_ch5(net, train_iter, iterators[1], 50, torch.optim.Adam(net.parameters(), lr=0.003), "cpu", 4)
        out, err = capsys.readouterr()
        assert "FINDING" not in err
        assert float(out.split("test acc ")[-1].split(",")[0]) > 0.9


def test_chance_level_is_named_after_the_first_epoch_by_a_simulation(iterators, capsys):
    torch.manual_seed(0)
    names, err = trained(LeNetAvg(), *iterators, 1e-4, 3, capsys)
    assert names == ["chance-level"]
    assert "a simulation of the 2 remaining epochs" in err
    assert "--init xavier-uniform" in err


def test_a_network_with_dropout_is_simulated_too(iterators, capsys):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(784, 60), nn.Sigmoid(), nn.Dropout(), nn.Linear(60, 10))
    with torch.no_grad():
        net[1].bias.fill_(100)
    names, err = trained(net, *iterators, 1e-4, 3, capsys)
    assert names == ["chance-level", "saturated-units"]
    assert "a simulation of the 2 remaining epochs" in err
    assert "doctor" not in err


def test_without_a_simulation_after_the_second(iterators, loader, capsys):
    torch.manual_seed(0)
    assert trained(LeNetAvg(), loader, iterators[1], 1e-4, 2, capsys)[0] == ["chance-level"]
    net = LeNetAvg()
    d2l.train_ch5(net, loader, iterators[1], 50, torch.optim.SGD(net.parameters(), lr=1e-4), "cpu", 1)
    assert "chance-level" in capsys.readouterr().err  # the last epoch: nothing is to come


def test_what_is_there_already_is_not_recommended(iterators, capsys):
    torch.manual_seed(0)
    d2l.train_ch6(LeNetAvg(), *iterators, 1, 1e-4, "cpu")
    err = capsys.readouterr().err
    assert "FINDING  chance-level" in err
    assert "xavier-uniform" not in err


def test_a_softmax_before_the_loss(iterators, capsys):
    net = nn.Sequential(*LeNetAvg(activation="relu"), nn.Softmax(1))
    assert "softmax-before-loss" in trained(net, *iterators, 0.1, 1, capsys)[0]


def test_images_that_come_in_stretches_of_one_class(tiny, iterators, capsys):
    order = np.argsort(tiny.train.labels, kind="stable")
    ordered = Dataset("toy", tiny.train.images[order], tiny.train.labels[order], tiny.train.classes)
    names, _ = trained(LeNetAvg(activation="relu"), BatchIterator(ordered, 50), iterators[1], 0.05, 2, capsys)
    assert names.count("unshuffled") == 1


def test_targets_that_are_no_classes_are_left_alone(iterators, capsys):
    net = nn.Sequential(nn.Flatten(), nn.Linear(784, 1), nn.Flatten(0))
    batches = [(torch.rand(8, 1, 28, 28), torch.rand(8)) for _ in range(3)]
    d2l.train_ch3(net, batches, batches, nn.MSELoss(), 1, torch.optim.SGD(net.parameters(), lr=0.01))
    assert "FINDING" not in capsys.readouterr().err


def test_labels_that_the_loss_ignores_end_no_training(tiny, capsys):
    """nn.CrossEntropyLoss leaves out those of -100."""
    torch.manual_seed(0)
    net = linear()
    batches = [(X, torch.where(torch.arange(50) < 5, -100, y)) for X, y in BatchIterator(tiny.train, 50)]
    d2l.train_ch5(net, batches, batches, 50, torch.optim.SGD(net.parameters(), lr=0.05), "cpu", 1)
    err = capsys.readouterr().err
    assert "FINDING" not in err
    assert "doctor" not in err


def test_what_the_doctor_cannot_look_at_ends_no_training(iterators, capsys):
    class Moody(nn.Sequential):
        def forward(self, x):
            if len(x) == 64 and not self.training:
                raise ValueError("not\nnow")
            return super().forward(x)

    net = Moody(nn.Flatten(), nn.Linear(784, 10))
    d2l.train_ch5(net, list(iterators[0]), iterators[1], 50, torch.optim.SGD(net.parameters(), lr=0.05), "cpu", 2)
    out, err = capsys.readouterr()
    assert "epoch 2, loss" in out
    assert "doctor" not in err  # batches of 50: so a sample of 64 is never as large
    wide = BatchIterator(iterators[0].source, 100)
    d2l.train_ch5(net, list(wide), iterators[1], 50, torch.optim.SGD(net.parameters(), lr=0.05), "cpu", 2)
    out, err = capsys.readouterr()
    assert "epoch 2, loss" in out
    assert err.count("doctor  cannot examine this training, which continues (ValueError: not)\n") == 1


def test_running_statistics_that_lag_are_no_gap(tiny, capsys, monkeypatch):
    """Evaluating training images draws nothing from the learner's generator."""
    train_iter, test_iter, states = BatchIterator(tiny.train, 200, True), BatchIterator(tiny.test, 50), []
    for is_apart in (diagnosis.is_apart, lambda train, test: False):
        monkeypatch.setattr(diagnosis, "is_apart", is_apart)
        torch.manual_seed(0)
        net = Tiny()
        d2l.train_ch5(net, train_iter, test_iter, 200, torch.optim.Adam(net.parameters(), lr=0.01), "cpu", 2)
        states.append(torch.get_rng_state())
    err = capsys.readouterr().err
    assert err.count("FINDING  train-test-apart") == 1  # the second: without the evaluation the gap counts
    assert torch.equal(*states)


class Functions(nn.Module):
    """A LeNet with sigmoids that are no modules."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(1, 6, 5, padding=2), nn.Conv2d(6, 16, 5)
        self.third, self.out = nn.Linear(400, 60), nn.Linear(60, 10)

    def forward(self, x):
        x = nn.functional.avg_pool2d(torch.sigmoid(self.first(x)), 2)
        x = nn.functional.avg_pool2d(torch.sigmoid(self.second(x)), 2)
        return self.out(torch.sigmoid(self.third(x.flatten(1))))


def test_sigmoids_that_are_functions_are_seen(iterators, capsys):
    torch.manual_seed(0)
    net = Functions()
    with torch.no_grad():
        net.third.bias.fill_(100)
    names, err = trained(net, *iterators, 1e-4, 1, capsys)
    assert names == ["chance-level", "saturated-units"]
    assert "the usual cause is saturated sigmoids, whose gradients vanish, or initial weights that are too small" in err
    assert "more epochs" in err


def test_a_softmax_is_right_before_a_loss_that_takes_probabilities(iterators, capsys):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(784, 10), nn.Softmax(1))
    sgd = torch.optim.SGD(net.parameters(), lr=0.1)
    d2l.train_ch3(net, *iterators, lambda p, y: -torch.log(p[range(len(y)), y]), 1, sgd)
    assert "softmax-before-loss" not in capsys.readouterr().err
    d2l.train_ch3(net, *iterators, nn.CrossEntropyLoss(), 1, sgd)
    assert "softmax-before-loss" in capsys.readouterr().err


class Given(d2l.DataModule):
    def __init__(self, train_iter, val_iter):
        super().__init__()
        self.iterators = val_iter, train_iter

    def get_dataloader(self, train):
        return self.iterators[train]


def fitted(layers, train_iter, val_iter, rate, num_epochs, capsys, Model=d2l.Classifier):
    model = Model()
    model.net, model.lr = layers, rate
    torch.manual_seed(0)
    d2l.Trainer(num_epochs).fit(model, Given(train_iter, val_iter))
    err = capsys.readouterr().err
    assert "doctor" not in err
    return [line.split()[1].rstrip(":") for line in err.splitlines() if line.startswith("FINDING")]


def test_a_trainer_asks_the_doctor(iterators, loader, capsys):
    torch.manual_seed(0)
    for train_iter in (iterators[0], loader):
        softmax = nn.Sequential(*LeNetAvg(activation="relu"), nn.Softmax(1))
        assert "softmax-before-loss" in fitted(softmax, train_iter, iterators[1], 0.1, 1, capsys)
        assert fitted(LeNetAvg(), train_iter, iterators[1], 1e-4, 2, capsys) == ["chance-level"]
        assert fitted(linear(), train_iter, iterators[1], 0.02, 3, capsys) == []
    assert fitted(LeNetAvg(), loader, None, 1e-4, 2, capsys) == []  # no accuracy is known


def test_a_trainers_loss_of_ones_own_may_take_probabilities(iterators, capsys):
    class Own(d2l.Classifier):
        def loss(self, Y_hat, Y, averaged=True):
            return -torch.log(Y_hat[range(len(Y)), Y]).mean()

    softmax = nn.Sequential(nn.Flatten(), nn.Linear(784, 10), nn.Softmax(1))
    assert "softmax-before-loss" not in fitted(softmax, *iterators, 0.1, 1, capsys, Own)


@pytest.mark.parametrize("by_pytorch", [False, True])
def test_faults_of_the_data_are_reported_before_the_first_step(by_pytorch, tiny, capsys):
    rolled = Dataset("mine", tiny.train.images, np.roll(tiny.train.labels, 1), tiny.train.classes)
    net = nn.Sequential(*linear(), *([nn.Dropout(0.0)] if by_pytorch else []))
    iterators = BatchIterator(rolled, 50, True), BatchIterator(tiny.test, 50)
    assert "labels-misaligned" in trained(net, *iterators, 0.05, 1, capsys)[0]


def test_published_data_are_not_examined_again(real_data, monkeypatch, capsys):
    train_iter, test_iter = d2l.load_data_fashion_mnist(20_000, root=real_data / "fashion-mnist")
    net = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    monkeypatch.setattr("lenet.d2l.bridge.diagnosis.BEFORE_TRAINING", (None,))
    assert "doctor" not in trained(net, train_iter, test_iter, 0.1, 1, capsys)[1]
    assert "TypeError" in trained(net, train_iter, train_iter, 0.1, 1, capsys)[1]  # it is looked at


@pytest.mark.parametrize("by_pytorch", [False, True])
def test_a_part_of_fashion_mnist_is_never_too_good(by_pytorch, tiny, capsys):
    named = [Dataset("fashion-mnist", part.images, part.labels, part.classes) for part in tiny]
    iterators = BatchIterator(named[0], 50, True), BatchIterator(named[1], 50)
    net = nn.Sequential(*linear(), *([nn.Dropout(0.0)] if by_pytorch else []))
    assert "too-good" not in trained(net, *iterators, 0.02, 5, capsys)[0]
    repeated = np.repeat(np.arange(200), 50)
    whole = Dataset("fashion-mnist", named[1].images[repeated], named[1].labels[repeated], named[1].classes)
    assert "too-good" in trained(net, iterators[0], BatchIterator(whole, 500), 0.01, 1, capsys)[0]


def test_what_the_doctor_observes(tiny, monkeypatch):
    """Of two epochs whose labels, losses and accuracies are known."""
    seen = []
    monkeypatch.setattr(diagnosis, "examine", lambda checks, observation: seen.append(observation) or [])
    steps = SimpleNamespace(sample=torch.rand(3, 1, 28, 28), takes_logits=True, simulates=True, layers=None)
    one = diagnosis.Diagnosis(linear(), steps, BatchIterator(tiny.test, 50), 2, "xavier-uniform")
    labels = np.array([2, 0, 1, -100, 1, 0])  # nn.CrossEntropyLoss ignores the fourth
    for done, accuracy in ((1, 0.5), (2, 0.75)):
        progress = EpochProgress(labels=[labels[:3], labels[3:]])
        progress.add(Stats(np.array([0.25]), np.array([6]), 3, 1.0))
        one.epoch(done, progress, accuracy)
    first, second = seen
    assert first.order.tolist() == second.order.tolist() == [2, 0, 1, 1, 0]
    assert first.counts.tolist() == [2, 2, 1]
    assert (first.train_loss, first.train_accuracy, first.test_accuracy) == (0.25, 0.5, 0.5)
    assert (first.before, second.before) == (None, (0.5, 0.5))
    assert (first.is_last, second.is_last) == (False, True)
    assert (first.simulated, second.simulated) == (1, 0)
    assert (second.test_accuracy, second.init, second.takes_logits) == (0.75, "xavier-uniform", True)
    assert second.outputs.shape == (3, 10)
    assert second.test_counts.tolist() == np.bincount(tiny.test.labels).tolist()


def test_pytorchs_steps_get_a_second_epoch_and_no_third(iterators, loader):
    torch.manual_seed(0)
    net, both = LeNetAvg(), io.StringIO()
    with contextlib.redirect_stdout(both), contextlib.redirect_stderr(both):
        d2l.train_ch5(net, loader, iterators[1], 50, torch.optim.SGD(net.parameters(), lr=1e-4), "cpu", 3)
    lines = [line for line in both.getvalue().splitlines() if line.startswith(("epoch", "FINDING  chance-level"))]
    assert [line.split()[0] for line in lines] == ["epoch", "epoch", "FINDING", "epoch"]


def test_every_class_is_counted_and_ignored_labels_are_not(tiny, iterators, monkeypatch):
    observations = []
    monkeypatch.setattr(diagnosis, "examine", lambda checks, observation: observations.append(observation) or [])
    images, labels = torch.from_numpy(tiny.train.images)[:, None] / 255, torch.from_numpy(tiny.train.labels).clone()
    labels[:7] = -100
    batches = list(zip(images.split(50), labels.split(50), strict=True))
    d2l.train_ch5(net := linear(), batches, iterators[1], 50, torch.optim.SGD(net.parameters(), lr=0.1), "cpu", 1)
    assert observations[-1].counts.tolist() == np.bincount(tiny.train.labels[7:]).tolist()
    assert observations[-1].counts[0] > 0
