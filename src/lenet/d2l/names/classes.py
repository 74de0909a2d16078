"""The classes of the English book's 1.0: a model, its data, and a Trainer that brings the two together.

    model = LeNet(lr=0.1)
    data = FashionMNIST(batch_size=128)
    model.apply_init([next(iter(data.get_dataloader(True)))[0]], init_cnn)
    Trainer(max_epochs=10, num_gpus=1).fit(model, data)

Learners write subclasses of them, and replace methods with `add_to_class`. Whatever they replace is called; as long as it is
lenet's own, its kernels do the work.
"""

import collections
import contextlib
import inspect
import itertools
import math
import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lenet.d2l.bridge.diagnosis import Diagnosis
from lenet.d2l.bridge.evaluation import moved, native_logits, outputs
from lenet.d2l.bridge.optimizers import PlainSgd, Rule, TorchOptim
from lenet.d2l.bridge.steps import EngineSteps, Forward, Steps, Tally, TorchSteps, announce, choose_steps, initialised
from lenet.d2l.names import devices
from lenet.d2l.names.iterators import ROOT, BatchIterator, Pictures, Resize, fashion_mnist, get_fashion_mnist_labels
from lenet.d2l.names.measuring import number
from lenet.d2l.names.plotting import Canvas, figure_with, set_axes, show_images
from lenet.engines.memory import FIRST_TOUCH, memory_explained
from lenet.errors import ConfigError, DataError, EngineError, ModelError
from lenet.pytorch.modules import LeNetAvg, evaluating


def add_to_class(Class: type) -> Callable[[Any], None]:
    """A decorator that makes a function a method of a class that is there already."""

    def wrapper(obj: Any) -> None:
        setattr(Class, obj.__name__, obj)

    return wrapper


class HyperParameters:
    """Keeps the arguments of `__init__`."""

    def save_hyperparameters(self, ignore: Sequence[str] = ()) -> None:
        """Makes the caller's arguments, but for `ignore`, attributes; all of them together are `hparams`."""
        frame = inspect.currentframe()
        caller = frame.f_back if frame else None
        values = caller.f_locals if caller else {}
        left_out = {*ignore, "self"}
        self.hparams = {
            name: value for name, value in values.items() if name not in left_out and not name.startswith("_")
        }
        for name, value in self.hparams.items():
            setattr(self, name, value)


class ProgressBoard(HyperParameters):
    """A chart whose lines grow by their names. Arguments as matplotlib has them; `display=False` draws nothing."""

    def __init__(
        self,
        xlabel: str | None = None,
        ylabel: str | None = None,
        xlim: Any = None,
        ylim: Any = None,
        xscale: str = "linear",
        yscale: str = "linear",
        ls: Sequence[str] = ("-", "--", "-.", ":"),
        colors: Sequence[str] = ("C0", "C1", "C2", "C3"),
        fig: Any = None,
        axes: Any = None,
        figsize: tuple[float, float] = (3.5, 2.5),
        display: bool = True,
    ) -> None:
        self.xlabel, self.ylabel, self.xlim, self.ylim = xlabel, ylabel, xlim, ylim
        self.xscale, self.yscale, self.ls, self.colors = xscale, yscale, ls, colors
        self.fig, self.axes, self.figsize, self.display = fig, axes, figsize, display
        self.name = "board"
        self.canvas: Canvas | None = None
        self.raw_points: dict[str, list[tuple[float, float]]] = collections.OrderedDict()
        self.data: dict[str, list[tuple[float, float]]] = collections.OrderedDict()

    def draw(self, x: Any, y: Any, label: str, every_n: int = 1) -> None:
        """A point for the line `label`; of every `every_n` points one is drawn, their mean."""
        points = self.raw_points.setdefault(label, [])
        points.append((number(x), number(y)))
        if len(points) < every_n:
            return
        count = len(points)
        self.data.setdefault(label, []).append((sum(x for x, _ in points) / count, sum(y for _, y in points) / count))
        points.clear()
        if self.display:
            self._canvas().changed(self._words())

    def finish(self) -> None:
        """No more points for now: draws the last ones, and outside of a notebook writes the PNG."""
        if self.canvas is not None:
            self.canvas.finish()

    def _canvas(self) -> Canvas:
        if self.canvas is None:
            if self.fig is None:
                self.fig, (self.axes,) = figure_with(1, 1, self.figsize)
            self.canvas = Canvas(self.fig, self._draw, self.name)
        return self.canvas

    def _draw(self) -> None:
        axes = self.axes or self.fig.gca()
        axes.cla()
        styles = zip(self.data.values(), itertools.cycle(self.ls), itertools.cycle(self.colors), strict=False)
        for points, style, color in styles:
            axes.plot(*zip(*points, strict=True), linestyle=style, color=color)
        set_axes(axes, self.xlabel, self.ylabel, self.xlim, self.ylim, self.xscale, self.yscale, list(self.data))

    def _words(self) -> str:
        where = max(points[-1][0] for points in self.data.values())
        return "  ".join(
            [
                f"{self.xlabel or 'x'} {where:.1f}",
                *(f"{name} {points[-1][1]:.3f}" for name, points in self.data.items()),
            ]
        )


class Module(nn.Module, HyperParameters):
    """A model that knows its loss, its optimiser and its chart; subclasses set `net`, or have a `forward`."""

    trainer: "Trainer"
    net: nn.Module
    lr: float

    def __init__(self, plot_train_per_epoch: int = 2, plot_valid_per_epoch: int = 1) -> None:
        super().__init__()
        self.plot_train_per_epoch, self.plot_valid_per_epoch = plot_train_per_epoch, plot_valid_per_epoch
        self.board = ProgressBoard()

    def loss(self, y_hat: Any, y: Any) -> Tensor:
        """What is to become small; a subclass says it."""
        raise NotImplementedError

    def forward(self, X: Tensor) -> Tensor:
        """What `net` makes of X."""
        scores: Tensor = self.net(X)
        return scores

    def plot(self, key: str, value: Any, train: bool) -> None:
        """A point of the chart. Mended: with fewer batches than points, the published one draws none."""
        trainer = self.trainer
        self.board.xlabel = "epoch"
        if train:
            x = trainer.train_batch_idx / trainer.num_train_batches
            every = trainer.num_train_batches / self.plot_train_per_epoch
        else:
            x = trainer.epoch + 1
            every = trainer.num_val_batches / self.plot_valid_per_epoch
        self.board.draw(x, value, ("train_" if train else "val_") + key, every_n=max(1, int(every)))

    def training_step(self, batch: Any) -> Tensor:
        """The loss of a batch, which becomes a point of the chart."""
        loss = self.loss(self(*batch[:-1]), batch[-1])
        self.plot("loss", loss, train=True)
        return loss

    def validation_step(self, batch: Any) -> None:
        """The loss of a validation batch, for the chart."""
        self.plot("loss", self.loss(self(*batch[:-1]), batch[-1]), train=False)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """SGD with the model's `lr`."""
        return torch.optim.SGD(self.parameters(), lr=self.lr)

    def apply_init(self, inputs: Sequence[Tensor], init: Callable[[nn.Module], None] | None = None) -> None:
        """Computes `inputs` once, so that lazy layers learn their shapes, and initialises the layers of `net`."""
        with torch.no_grad():
            outputs(self, *inputs)
        if init is not None:
            self.net.apply(init)


def layer_summary(self: Any, X_shape: Sequence[int]) -> None:
    """Prints for each layer of `net` the shape that leaves it, if one of `X_shape` comes in. Nothing is drawn by chance."""
    X = torch.zeros(*X_shape)
    with evaluating(self), torch.no_grad():
        for layer in self.net:
            X = layer(X)
            print(type(layer).__name__, "output shape:\t", X.shape)


class Classifier(Module):
    """A model of classes: cross-entropy, and accuracy on the validation set."""

    def validation_step(self, batch: Any) -> None:
        """Loss and accuracy of a validation batch, for the chart."""
        Y_hat = self(*batch[:-1])
        self.plot("loss", self.loss(Y_hat, batch[-1]), train=False)
        self.plot("acc", self.accuracy(Y_hat, batch[-1]), train=False)

    def accuracy(self, Y_hat: Tensor, Y: Tensor, averaged: bool = True) -> Tensor:
        """The share of right predictions, or, not averaged, 1 or 0 for each."""
        predicted = Y_hat.reshape(-1, Y_hat.shape[-1]).argmax(dim=1).to(Y.dtype)
        right = (predicted == Y.reshape(-1)).to(torch.float32)
        return right.mean() if averaged else right

    def loss(self, Y_hat: Tensor, Y: Tensor, averaged: bool = True) -> Tensor:
        """Cross-entropy, its mean or, not averaged, one number for each."""
        scores = Y_hat.reshape(-1, Y_hat.shape[-1])
        return F.cross_entropy(scores, Y.reshape(-1), reduction="mean" if averaged else "none")

    layer_summary = layer_summary


class LeNet(Classifier):
    """The chapter's network as `net`: lenet's own LeNetAvg."""

    def __init__(self, lr: float = 0.1, num_classes: int = 10) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.net = LeNetAvg(num_classes=num_classes)


class DataModule(HyperParameters):
    """Data for training and validation; subclasses have a `get_dataloader`."""

    batch_size: int

    def __init__(self, root: str | os.PathLike[str] = ROOT, num_workers: int = 0) -> None:
        self.root, self.num_workers = root, num_workers

    def get_dataloader(self, train: bool) -> Iterable[Any]:
        """An iterator over batches; a subclass makes it."""
        raise NotImplementedError

    def train_dataloader(self) -> Iterable[Any]:
        """Batches to train on."""
        return self.get_dataloader(train=True)

    def val_dataloader(self) -> Iterable[Any]:
        """Batches to measure with."""
        return self.get_dataloader(train=False)

    def get_tensorloader(
        self, tensors: Sequence[Tensor], train: bool, indices: slice = slice(0, None)
    ) -> Iterable[Any]:
        """A DataLoader over a part of some tensors, shuffled for training."""
        dataset = torch.utils.data.TensorDataset(*(tensor[indices] for tensor in tensors))
        return torch.utils.data.DataLoader(dataset, self.batch_size, shuffle=train)


class FashionMNIST(DataModule):
    """Fashion-MNIST: `train` and `val` by the piece, `get_dataloader(train)` in batches. resize, root: as the functions'."""

    def __init__(self, batch_size: int = 64, resize: Resize = (28, 28), root: str | os.PathLike[str] = ROOT) -> None:
        super().__init__(root)
        self.save_hyperparameters()
        splits = fashion_mnist(root)
        self.train, self.val = Pictures(splits.train, resize), Pictures(splits.test, resize)

    def text_labels(self, indices: Any) -> list[str]:
        """The book's names of the classes with these numbers."""
        return get_fashion_mnist_labels(indices)

    def get_dataloader(self, train: bool) -> BatchIterator:
        """Batches of the training set, shuffled, or of the validation set, which is the test set."""
        pictures = self.train if train else self.val
        return BatchIterator(pictures.dataset, self.batch_size, train, pictures.size)

    def visualize(self, batch: Any, nrows: int = 1, ncols: int = 8, labels: Sequence[str] = ()) -> None:
        """Shows the pictures of a batch, by default under their names."""
        X, y = batch
        show_images(X.squeeze(1), nrows, ncols, titles=labels or self.text_labels(y))


class Trainer(HyperParameters):
    """Trains a model on data for `max_epochs`, on a GPU if one is wanted and there, and draws its chart.

    The model's own `training_step`, `validation_step`, `loss`, `configure_optimizers` and `forward` are honoured, and so
    are the Trainer's methods in a subclass. Errors as `train_ch5`. Mended: published, the model is left in evaluation mode.
    """

    train_dataloader: Any
    val_dataloader: Any

    def __init__(self, max_epochs: int, num_gpus: int = 0, gradient_clip_val: float = 0) -> None:
        self.max_epochs, self.gradient_clip_val = max_epochs, gradient_clip_val
        self.gpus = [devices.gpu(i) for i in range(min(num_gpus, devices.num_gpus()))]

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self.gpus[0] if self.gpus else devices.cpu()

    def prepare_data(self, data: Any) -> None:
        """Asks the data for its iterators."""
        self.train_dataloader, self.val_dataloader = data.train_dataloader(), data.val_dataloader()
        self.num_train_batches = len(self.train_dataloader)
        self.num_val_batches = len(self.val_dataloader) if self.val_dataloader is not None else 0

    def prepare_model(self, model: Any) -> None:
        """Makes the model known, and puts it on the device."""
        model.trainer = self
        model.board.xlim = [0, self.max_epochs]
        model.board.name = "Trainer"
        self.model = model.to(self.device)

    def prepare_batch(self, batch: Any) -> Any:
        """The batch on the model's device."""
        return moved(list(batch), self.gpus[0]) if self.gpus else batch

    def fit(self, model: Any, data: Any) -> None:
        """Trains."""
        if not isinstance(self.max_epochs, int) or self.max_epochs < 1:
            raise ConfigError(f"max_epochs is {self.max_epochs!r}; expected a whole number, at least 1")
        self.epoch = self.train_batch_idx = self.val_batch_idx = 0
        with memory_explained(self.device):
            self.prepare_data(data)
            if self.val_dataloader is not None and self.num_val_batches == 0:
                raise DataError(
                    "the validation loader has no batches", hint="return None from val_dataloader to train without one"
                )
            with memory_explained(self.device, FIRST_TOUCH, "for the network"):
                self.prepare_model(model)
            initialised(model, self.train_dataloader)
            self._steps = self._chosen()
            self._diagnosis = Diagnosis(model, self._steps, self.val_dataloader, self.max_epochs)
            self._diagnosis.data()
            try:
                with self._steps:
                    for epoch in range(self.max_epochs):
                        self.epoch = epoch
                        self.fit_epoch()
            finally:
                model.board.finish()
                del (
                    self._steps,
                    self._diagnosis,
                )  # so that the model, which knows its Trainer, can be copied and pickled

    def fit_epoch(self) -> None:
        """One epoch, then the validation set, then what the doctor says."""
        self.model.train()
        num_plotted = 0
        for tally in self._steps.epoch():
            if isinstance(self._steps, EngineSteps):
                num_plotted = self._plot(tally, num_plotted)
        if self.val_dataloader is not None:
            with evaluating(self.model), torch.no_grad():
                self._validate()
        self._diagnosis.epoch(self.epoch + 1, tally, self._val_accuracy())

    def clip_gradients(self, grad_clip_val: float, model: Any) -> None:
        """Scales all gradients together, so that their norm is at most `grad_clip_val`."""
        torch.nn.utils.clip_grad_norm_(
            [weights for weights in model.parameters() if weights.requires_grad], grad_clip_val
        )

    def _chosen(self) -> Steps:
        """lenet's kernels if nothing but them would be called, else PyTorch with the model's own steps."""
        own = _overridden(self.model, self)
        if own is None:
            rule = self._rule()
            steps = choose_steps(self.model, self.train_dataloader, F.cross_entropy, rule, self.device)
            if isinstance(steps, EngineSteps):
                return steps
            self.optim = rule.optimizer()
        else:
            self.optim = self.model.configure_optimizers()
        torch_steps = TorchSteps(self.train_dataloader, self._forward, self._update, self.model, self.optim)
        torch_steps.takes_logits = _is_ours(self.model, "loss")
        if own is not None:
            torch_steps.name = f"PyTorch on {self.device} ({own})"
            announce(torch_steps)
        return torch_steps

    def _rule(self) -> Rule:
        if _is_ours(self.model, "configure_optimizers"):
            return PlainSgd(self.model, self.model.lr)
        self.optim = self.model.configure_optimizers()
        return TorchOptim(self.optim, self.model)

    def _forward(self, batch: Any) -> Forward:
        batch = self.prepare_batch(batch)
        loss = self.model.training_step(batch)
        return Forward(loss, number(loss), math.nan, batch[0], batch[-1])

    def _update(self, result: Forward) -> None:
        self.optim.zero_grad()
        result.loss.backward()
        if self.gradient_clip_val > 0:
            self.clip_gradients(self.gradient_clip_val, self.model)
        self.optim.step()
        self.train_batch_idx += 1

    def _plot(self, tally: Tally, num_plotted: int) -> int:
        """The losses that the kernels computed, as points of the chart; how many of the epoch there are now."""
        for loss in tally.losses[num_plotted:]:
            self.model.plot("loss", loss, train=True)
            self.train_batch_idx += 1
        return len(tally.losses)

    def _val_accuracy(self) -> float | None:
        """The validation accuracy of this epoch, by its points of the chart; None if they are not drawn."""
        points = self.model.board.data.get("val_acc", [])
        values = [value for epoch, value in points if epoch == self.epoch + 1]
        return sum(values) / len(values) if values else None

    def _validate(self) -> None:
        """The validation set as points of the chart: its logits by the kernels, if they train, or batch by batch."""
        logits = None
        if isinstance(self._steps, EngineSteps):
            with contextlib.suppress(EngineError, ModelError, RuntimeError):
                logits = native_logits(self.model, self.val_dataloader, self.device)
        if logits is None:
            for batch in self.val_dataloader:
                self.model.validation_step(self.prepare_batch(batch))
                self.val_batch_idx += 1
            return
        size, labels = self.val_dataloader.batch_size, torch.from_numpy(self.val_dataloader.dataset.labels)
        for Y_hat, Y in zip(logits.split(size), labels.split(size), strict=True):
            self.model.plot("loss", self.model.loss(Y_hat, Y), train=False)
            self.model.plot("acc", self.model.accuracy(Y_hat, Y), train=False)
            self.val_batch_idx += 1


# The methods as they are here, before anyone's add_to_class.
_OURS = {
    "training_step": Module.training_step,
    "configure_optimizers": Module.configure_optimizers,
    "validation_step": Classifier.validation_step,
    "loss": Classifier.loss,
}
_OUR_TRAINERS = {
    name: getattr(Trainer, name) for name in ("prepare_batch", "fit_epoch", "clip_gradients", "prepare_model")
}


def _is_ours(model: Any, name: str) -> bool:
    return getattr(type(model), name, None) is _OURS[name] and name not in vars(model)


def _overridden(model: Any, trainer: Trainer) -> str | None:
    """Why PyTorch has to take the steps: something of the user's own has to be called in each; or None."""
    for name in ("training_step", "validation_step", "loss"):
        if not _is_ours(model, name):
            return f"{name} of {type(model).__name__} is the user's own"
    for name, ours in _OUR_TRAINERS.items():
        if getattr(type(trainer), name) is not ours or name in vars(trainer):
            return f"{name} of {type(trainer).__name__} is the user's own"
    return "gradients are clipped" if trainer.gradient_clip_val > 0 else None
