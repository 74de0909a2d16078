"""The book's models: `Module`, `Classifier` and `LeNet`."""

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
    """The book's `Module`: a model with its loss, optimiser and chart. Subclasses set `net`, or define `forward`.

    Args:
        plot_train_per_epoch: points of the chart for each epoch of training.
        plot_valid_per_epoch: points of the chart for each validation.
    """

    trainer: "Trainer"
    net: nn.Module
    lr: float

    def __init__(self, plot_train_per_epoch: int = 2, plot_valid_per_epoch: int = 1) -> None:
        super().__init__()
        self.plot_train_per_epoch, self.plot_valid_per_epoch = plot_train_per_epoch, plot_valid_per_epoch
        self.board = ProgressBoard()

    def loss(self, y_hat: Any, y: Any) -> Tensor:
        """Return the loss of predictions; a subclass defines it.

        Args:
            y_hat: predictions.
            y: labels.

        Returns:
            A tensor with one number.
        """
        raise NotImplementedError

    def forward(self, X: Tensor) -> Tensor:
        """Return the outputs of `net`.

        Args:
            X: images (N, channels, height, width).

        Returns:
            Scores (N, num_classes).
        """
        scores: Tensor = self.net(X)
        return scores

    def plot(self, key: str, value: Any, train: bool) -> None:
        """Add a point to the chart.

        Fixed here: with fewer batches than points, the published method draws none.

        Args:
            key: name of the value; the line has the prefix `train_` or `val_`.
            value: a number, or a tensor with one.
            train: whether it is of a training batch or of a validation batch.
        """
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
        """Return the loss of a training batch, and add it to the chart.

        Args:
            batch: inputs and labels.

        Returns:
            A tensor with one number.
        """
        loss = self.loss(self(*batch[:-1]), batch[-1])
        self.plot("loss", loss, train=True)
        return loss

    def validation_step(self, batch: Any) -> None:
        """Add the loss of a validation batch to the chart.

        Args:
            batch: inputs and labels.
        """
        self.plot("loss", self.loss(self(*batch[:-1]), batch[-1]), train=False)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return SGD with the learning rate `lr`.

        Returns:
            The optimiser.
        """
        return torch.optim.SGD(self.parameters(), lr=self.lr)

    def apply_init(self, inputs: Sequence[Tensor], init: Callable[[nn.Module], None] | None = None) -> None:
        """Compute the outputs once, so that lazy layers learn their shapes, and initialise the layers of `net`.

        Args:
            inputs: the arguments of `forward`.
            init: initialises a layer.

        Raises:
            ModelError: if the network does not take the inputs.
        """
        with torch.no_grad():
            outputs(self, *inputs)
        if init is not None:
            self.net.apply(init)


def layer_summary(self: Any, X_shape: Sequence[int]) -> None:
    """Print the shape of each layer's output: the book's `layer_summary`. It draws no random numbers.

    Args:
        self: a model whose `net` is an nn.Sequential.
        X_shape: shape of the input.
    """
    X = torch.zeros(*X_shape)
    with evaluating(self), torch.no_grad():
        for layer in self.net:
            X = layer(X)
            print(type(layer).__name__, "output shape:\t", X.shape)


class Classifier(Module):
    """The book's `Classifier`: a model with cross-entropy, and with the accuracy on the validation set."""

    def validation_step(self, batch: Any) -> None:
        """Add loss and accuracy of a validation batch to the chart.

        Args:
            batch: inputs and labels.
        """
        Y_hat = self(*batch[:-1])
        self.plot("loss", self.loss(Y_hat, batch[-1]), train=False)
        self.plot("acc", self.accuracy(Y_hat, batch[-1]), train=False)

    def accuracy(self, Y_hat: Tensor, Y: Tensor, averaged: bool = True) -> Tensor:
        """Return the share of correct predictions.

        Args:
            Y_hat: scores (N, num_classes).
            Y: classes (N,).
            averaged: False for 1 or 0 for each prediction.

        Returns:
            A tensor with one number, or with N.
        """
        predicted = Y_hat.reshape(-1, Y_hat.shape[-1]).argmax(dim=1).to(Y.dtype)
        correct = (predicted == Y.reshape(-1)).to(torch.float32)
        return correct.mean() if averaged else correct

    def loss(self, Y_hat: Tensor, Y: Tensor, averaged: bool = True) -> Tensor:
        """Return the mean cross-entropy.

        Args:
            Y_hat: scores (N, num_classes).
            Y: classes (N,).
            averaged: False for the cross-entropy of each prediction.

        Returns:
            A tensor with one number, or with N.
        """
        scores = Y_hat.reshape(-1, Y_hat.shape[-1])
        return F.cross_entropy(scores, Y.reshape(-1), reduction="mean" if averaged else "none")

    layer_summary = layer_summary


class LeNet(Classifier):
    """The book's `LeNet`; its `net` is lenet's LeNetAvg.

    Args:
        lr: learning rate.
        num_classes: outputs of the network.
    """

    def __init__(self, lr: float = 0.1, num_classes: int = 10) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.net = LeNetAvg(num_classes=num_classes)
