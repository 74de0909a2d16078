"""The book's models."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lenet.d2l.bridge.evaluation import outputs
from lenet.d2l.names.board import ProgressBoard
from lenet.d2l.names.hyperparameters import HyperParameters
from lenet.pytorch.modules import LeNetAvg, evaluating

if TYPE_CHECKING:
    from lenet.d2l.names.trainer import Trainer


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
