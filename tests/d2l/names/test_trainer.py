"""The Trainer: it calls what learners override, and leaves the rest to the kernels."""

import copy
import pickle

import pytest
import torch
from torch import nn

from lenet import d2l
from lenet.d2l.bridge.batches import BatchIterator
from lenet.d2l.bridge.diagnosis import Diagnosis
from lenet.d2l.names import devices
from lenet.data.dataset import Splits
from lenet.errors import ConfigError, DataError, EngineError, ModelError, TrainingError


class Data(d2l.DataModule):
    """The tiny set as a DataModule."""

    def __init__(self, splits, batch_size=50, shuffle=True):
        super().__init__()
        self.save_hyperparameters()

    def get_dataloader(self, train):
        return BatchIterator(self.splits.train if train else self.splits.test, self.batch_size, train and self.shuffle)


class Small(d2l.Classifier):
    """A small LeNet, as a learner defines it."""

    def __init__(self, lr=0.1):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(
            nn.LazyConv2d(4, kernel_size=5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.LazyLinear(10)
        )


@pytest.fixture
def data(tiny):
    return Data(tiny)


def fitted(model, data, epochs=2, **arguments):
    """The model after a training from a fixed seed, and its Trainer."""
    torch.manual_seed(2)
    model.apply_init([next(iter(data.get_dataloader(True)))[0]], d2l.init_cnn)
    trainer = d2l.Trainer(max_epochs=epochs, **arguments)
    trainer.fit(model, data)
    return trainer


def test_a_trainer_draws_and_learns_with_the_kernels(data, capsys, own_folder):
    model = Small()
    trainer = fitted(model, data)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[0].startswith("engine  cpu (own kernels for ")
    assert list(own_folder.glob("*Trainer.png"))
    assert (trainer.train_batch_idx, trainer.val_batch_idx, trainer.epoch) == (40, 8, 1)
    assert (trainer.num_train_batches, trainer.num_val_batches) == (20, 4)
    points = model.board.data
    assert list(points) == ["train_loss", "val_loss", "val_acc"]
    assert [x for x, _ in points["train_loss"]] == pytest.approx([4.5 / 20, 14.5 / 20, 24.5 / 20, 34.5 / 20])
    assert [x for x, _ in points["val_acc"]] == [1, 2]
    assert points["val_acc"][-1][1] == pytest.approx(d2l.evaluate_accuracy(model, data.val_dataloader()))
    assert points["val_acc"][-1][1] > 0.9
    assert model.training  # published: left in evaluation mode


def test_pytorch_gives_the_same_points(data, capsys):
    class Own(Small):
        def training_step(self, batch):
            return super().training_step(batch)

    boards = []
    for kind in (Small, Own):
        model = kind()
        trainer = fitted(model, data)
        boards.append(model.board.data)
        assert (trainer.train_batch_idx, trainer.val_batch_idx) == (40, 8)
    assert "training_step of Own is the user's own" in capsys.readouterr().err
    for name, points in boards[0].items():
        for (x, y), (other_x, other_y) in zip(points, boards[1][name], strict=True):
            assert x == pytest.approx(other_x)
            assert y == pytest.approx(other_y, abs=0.03)


@pytest.mark.parametrize("name", ["training_step", "validation_step", "loss", "configure_optimizers", "forward"])
def test_what_is_overridden_is_called(name, data, capsys):
    calls = []

    def spy(self, *arguments):
        calls.append(name)
        return getattr(Small, name)(self, *arguments)

    model = type("Own", (Small,), {name: spy})()
    fitted(model, data, epochs=1)
    assert len(calls) > (0 if name == "configure_optimizers" else 3)
    native = name in ("configure_optimizers", "forward")  # the optimiser is known; forward is, once it is followed
    assert ("own kernels" in capsys.readouterr().err) == native or name == "forward"


def test_a_method_added_to_the_books_class_is_called(data, monkeypatch, capsys):
    def training_step(self, batch):
        calls.append(len(batch[1]))
        return self.loss(self(batch[0]), batch[1])

    calls = []
    monkeypatch.setattr(d2l.Module, "training_step", d2l.Module.training_step)  # put back afterwards
    d2l.add_to_class(d2l.Module)(training_step)
    fitted(Small(), data, epochs=1)
    assert calls == [50] * 20
    assert "training_step of Small is the user's own" in capsys.readouterr().err


def test_an_optimiser_of_ones_own_by_the_kernels(data, capsys):
    class WithAdam(Small):
        def configure_optimizers(self):
            return torch.optim.Adam(self.parameters(), lr=0.01)

    model = WithAdam()
    trainer = fitted(model, data, epochs=1)
    assert "own kernels" in capsys.readouterr().err
    assert trainer.optim.state[model.net[0].weight]["step"] == 20


def test_gradients_are_clipped(data, capsys):
    model = Small()
    trainer = fitted(model, data, epochs=1, gradient_clip_val=1e-6)
    assert "gradients are clipped" in capsys.readouterr().err
    norm = torch.linalg.vector_norm(torch.cat([weights.grad.flatten() for weights in model.parameters()]))
    assert norm == pytest.approx(1e-6, rel=1e-2)
    assert trainer.gpus == []


def test_a_trainer_of_ones_own(data, capsys):
    class Own(d2l.Trainer):
        def prepare_model(self, model):
            model.trainer, self.model = self, model

        def fit_epoch(self):
            for batch in self.train_dataloader:
                self.optim.zero_grad()
                self.model.training_step(batch).backward()
                self.optim.step()
                self.train_batch_idx += 1

    model = d2l.LeNet(lr=0.5)
    before = copy.deepcopy(model.state_dict())
    Own(max_epochs=1).fit(model, data)
    assert "of Own is the user's own" in capsys.readouterr().err
    assert not torch.equal(before["net.0.weight"], model.net[0].weight)


def test_a_trained_model_can_be_copied_and_pickled(data):
    model = d2l.LeNet(lr=0.5)
    d2l.Trainer(max_epochs=1).fit(model, data)
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert torch.equal(other.net[0].weight, model.net[0].weight)
        assert other.board.data == model.board.data


def test_without_validation_data(data):
    class Alone(Data):
        def val_dataloader(self):
            return None

    model = Small()
    fitted(model, Alone(data.splits), epochs=1)
    assert list(model.board.data) == ["train_loss"]


def test_fewer_batches_than_points(tiny):
    model = Small()
    fitted(model, Data(tiny, batch_size=1000), epochs=2)
    assert len(model.board.data["train_loss"]) == 2  # published: none


def test_wrong_arguments(data, tiny):
    for epochs in (0, 1.5):
        with pytest.raises(ConfigError, match="max_epochs is"):
            d2l.Trainer(epochs).fit(d2l.LeNet(), data)
    with pytest.raises(ModelError, match=r"layer .*, Linear.* expects"):
        d2l.LeNet().apply_init([torch.zeros(1, 1, 32, 32)])

    class Wide(Data):
        def get_dataloader(self, train):
            return BatchIterator(self.splits.train, 50, train, 32)

    with pytest.raises(ModelError, match=r"layer net\.7, Linear.* expects \(N, 400\) and received \(N, 576\)"):
        d2l.Trainer(1).fit(d2l.LeNet(), Wide(tiny))
    five = d2l.LeNet(num_classes=5)
    with pytest.raises(EngineError, match="has a label 9; the network has 5 classes"):
        d2l.Trainer(1).fit(five, data)


def test_a_validation_loader_without_batches_is_an_error(data, monkeypatch):
    monkeypatch.setattr(data, "val_dataloader", list, raising=False)
    with pytest.raises(DataError, match="the validation loader has no batches"):
        fitted(Small(), data)


def test_gpus_are_used_only_if_there_are_some(monkeypatch):
    monkeypatch.setattr(devices, "num_gpus", lambda: 0)
    assert d2l.Trainer(1, num_gpus=1).device == torch.device("cpu")
    monkeypatch.setattr(devices, "num_gpus", lambda: 2)
    assert d2l.Trainer(1, num_gpus=1).device == torch.device("cuda:0")
    assert len(d2l.Trainer(1, num_gpus=3).gpus) == 2
    assert d2l.Trainer(1).device == torch.device("cpu")


def test_the_doctor_gets_the_validation_accuracy_of_its_epoch(data, monkeypatch):
    accuracies = []
    monkeypatch.setattr(Diagnosis, "epoch", lambda _, done, progress, accuracy: accuracies.append(accuracy))
    model = Small(lr=0.01)
    fitted(model, data)
    assert accuracies == [accuracy for _, accuracy in model.board.data["val_acc"]]
    assert accuracies[0] != accuracies[1]


@pytest.mark.parametrize("own", [False, True])
def test_the_doctor_examines_the_data_and_the_training(tiny, monkeypatch, capsys, own):
    """Also where the steps are the learner's own."""
    seen = []
    monkeypatch.setattr(Diagnosis, "epoch", lambda self, done, *_: seen.append((self, done)))
    step = {"training_step": lambda self, batch: Small.training_step(self, batch)} if own else {}
    model = type("Own", (Small,), step)()
    fitted(model, Data(Splits(tiny.train, tiny.train, "made up")))
    assert capsys.readouterr().err.count("FINDING  test-in-train: 1,000 of the 1,000 test images") == 1
    (one, first), (two, second) = seen
    assert one is two
    assert (first, second) == (1, 2)
    assert (one.net, one.test, one.num_epochs, one.init) == (model, tiny.train, 2, None)


def test_a_model_with_its_own_steps_goes_back_if_it_diverges(data):
    class Own(Small):
        def training_step(self, batch):
            return super().training_step(batch) * (torch.nan if self.trainer.train_batch_idx == 7 else 1)

    model = Own()
    with pytest.raises(TrainingError, match="the weights are the last good ones"):
        fitted(model, data)
    assert all(torch.isfinite(weights).all() for weights in model.parameters())
    assert model.trainer.train_batch_idx == 7


@pytest.mark.parametrize("error", [EngineError("no"), ModelError("no"), RuntimeError("no")], ids=repr)
def test_what_the_kernels_cannot_evaluate_is_evaluated_batch_by_batch(data, monkeypatch, error):
    by_kernels = Small()
    fitted(by_kernels, data, epochs=1)

    def fail(*_):
        raise error

    monkeypatch.setattr("lenet.d2l.names.trainer.kernel_logits", fail)
    by_batches = Small()
    assert fitted(by_batches, data, epochs=1).val_batch_idx == 4
    assert by_batches.board.data["val_acc"] == by_kernels.board.data["val_acc"]
    assert by_batches.board.data["val_loss"][0] == pytest.approx(by_kernels.board.data["val_loss"][0], rel=1e-4)
