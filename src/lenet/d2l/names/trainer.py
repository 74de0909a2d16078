"""The book's `Trainer`, which brings a model and its data together.

    model = LeNet(lr=0.1)
    data = FashionMNIST(batch_size=128)
    model.apply_init([next(iter(data.get_dataloader(True)))[0]], init_cnn)
    Trainer(max_epochs=10, num_gpus=1).fit(model, data)

Learners subclass these classes, and replace methods by `add_to_class`. A replaced method is called, by PyTorch; lenet's
kernels compute the steps while all methods are lenet's own.
"""

import contextlib
import math
from typing import Any

import torch
import torch.nn.functional as F

from lenet.d2l.bridge.diagnosis import Diagnosis
from lenet.d2l.bridge.evaluation import initialize_lazy, kernel_logits, to_device
from lenet.d2l.bridge.kernel_steps import KernelSteps
from lenet.d2l.bridge.measuring import number
from lenet.d2l.bridge.naming import name_outputs
from lenet.d2l.bridge.optimizers import PlainSgd, Rule, TorchOptim
from lenet.d2l.bridge.progress import EpochProgress
from lenet.d2l.bridge.steps import Steps, announce, choose_steps
from lenet.d2l.bridge.torch_steps import Forward, TorchSteps
from lenet.d2l.names import devices
from lenet.d2l.names.hyperparameters import HyperParameters
from lenet.d2l.names.modules import Classifier, Module
from lenet.engines.memory import FIRST_TOUCH, memory_explained
from lenet.errors import ConfigError, DataError, EngineError, ModelError
from lenet.pytorch.modules import evaluating


class Trainer(HyperParameters):
    """The book's `Trainer`: trains a model on data, and draws its chart.

    It calls the model's own `training_step`, `validation_step`, `loss`, `configure_optimizers` and `forward`, and the
    methods of a subclass of Trainer.

    Fixed here: the published class leaves the model in evaluation mode.

    Args:
        max_epochs: how many epochs to train.
        num_gpus: GPUs to use, if there are any; more than one is not used.
        gradient_clip_val: largest norm of the gradients; 0 for no limit.
    """

    train_dataloader: Any
    val_dataloader: Any

    def __init__(self, max_epochs: int, num_gpus: int = 0, gradient_clip_val: float = 0) -> None:
        self.max_epochs, self.gradient_clip_val = max_epochs, gradient_clip_val
        self.gpus = [devices.gpu(i) for i in range(min(num_gpus, devices.num_gpus()))]

    @property
    def device(self) -> torch.device:
        """Return the device on which it computes."""
        return self.gpus[0] if self.gpus else devices.cpu()

    def prepare_data(self, data: Any) -> None:
        """Get the iterators from the data.

        Args:
            data: a DataModule.
        """
        self.train_dataloader, self.val_dataloader = data.train_dataloader(), data.val_dataloader()
        self.num_train_batches = len(self.train_dataloader)
        self.num_val_batches = len(self.val_dataloader) if self.val_dataloader is not None else 0

    def prepare_model(self, model: Any) -> None:
        """Connect the model with this trainer, and move it to the device.

        Args:
            model: a Module.
        """
        model.trainer = self
        model.board.xlim = [0, self.max_epochs]
        model.board.name = "Trainer"
        self.model = model.to(self.device)

    def prepare_batch(self, batch: Any) -> Any:
        """Return the batch on the model's device.

        Args:
            batch: inputs and labels.

        Returns:
            The batch.
        """
        return to_device(list(batch), self.gpus[0]) if self.gpus else batch

    def fit(self, model: Any, data: Any) -> None:
        """Train a model.

        Args:
            model: a Module.
            data: a DataModule.

        Raises:
            ConfigError: if `max_epochs` is not a whole number above 0.
            DataError: if an iterator has no batches.
            EngineError, ModelError, TrainingError: as `train_ch5`.
        """
        if not isinstance(self.max_epochs, int) or self.max_epochs < 1:
            raise ConfigError(f"max_epochs is {self.max_epochs!r}; expected a whole number, at least 1")
        self.epoch = self.train_batch_idx = self.val_batch_idx = 0
        with memory_explained(self.device):
            self.prepare_data(data)
            if self.val_dataloader is not None and self.num_val_batches == 0:
                hint = "return None from val_dataloader to train without one"
                raise DataError("the validation loader has no batches", hint=hint)
            with memory_explained(self.device, FIRST_TOUCH, "for the network"):
                self.prepare_model(model)
            initialize_lazy(model, self.train_dataloader)
            name_outputs(model, self.train_dataloader)
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
                # The model has its trainer as an attribute, and must remain copyable and picklable.
                del self._steps, self._diagnosis

    def fit_epoch(self) -> None:
        """Train one epoch, evaluate the model on the validation set, and let the doctor examine the training.

        Raises:
            DataError, ModelError, TrainingError: as `fit`.
        """
        self.model.train()
        num_plotted = 0
        for progress in self._steps.epoch():
            if isinstance(self._steps, KernelSteps):
                num_plotted = self._plot(progress, num_plotted)
        if self.val_dataloader is not None:
            with evaluating(self.model), torch.no_grad():
                self._validate()
        self._diagnosis.epoch(self.epoch + 1, progress, self._val_accuracy())

    def clip_gradients(self, grad_clip_val: float, model: Any) -> None:
        """Scale all gradients together, so that their norm is not above a limit.

        Args:
            grad_clip_val: the limit.
            model: the model with the gradients.
        """
        torch.nn.utils.clip_grad_norm_(
            [weights for weights in model.parameters() if weights.requires_grad], grad_clip_val
        )

    def _chosen(self) -> Steps:
        """lenet's kernels if they compute all that would be called, else PyTorch with the model's own steps."""
        own = _overridden(self.model, self)
        if own is None:
            rule = self._rule()
            steps = choose_steps(self.model, self.train_dataloader, F.cross_entropy, rule, self.device)
            if isinstance(steps, KernelSteps):
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

    def _plot(self, progress: EpochProgress, num_plotted: int) -> int:
        """Add the losses that the kernels computed to the chart; return how many of the epoch are in it."""
        for loss in progress.losses[num_plotted:]:
            self.model.plot("loss", loss, train=True)
            self.train_batch_idx += 1
        return len(progress.losses)

    def _val_accuracy(self) -> float | None:
        """The validation accuracy of this epoch, from its points in the chart; None if they are not drawn."""
        points = self.model.board.data.get("val_acc", [])
        values = [value for epoch, value in points if epoch == self.epoch + 1]
        return sum(values) / len(values) if values else None

    def _validate(self) -> None:
        """Add the validation set to the chart: its logits by the kernels, if they train, or batch by batch."""
        logits = None
        if isinstance(self._steps, KernelSteps):
            with contextlib.suppress(EngineError, ModelError, RuntimeError):
                logits = kernel_logits(self.model, self.val_dataloader, self.device)
        if logits is None:
            for batch in self.val_dataloader:
                self.model.validation_step(self.prepare_batch(batch))
                self.val_batch_idx += 1
            return
        size, labels = self.val_dataloader.batch_size, torch.from_numpy(self.val_dataloader.source.labels)
        for Y_hat, Y in zip(logits.split(size), labels.split(size), strict=True):
            self.model.plot("loss", self.model.loss(Y_hat, Y), train=False)
            self.model.plot("acc", self.model.accuracy(Y_hat, Y), train=False)
            self.val_batch_idx += 1


# lenet's own methods, before any add_to_class.
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
    """Why PyTorch has to take the steps: the method of the user that the kernels would bypass; None if there is none."""
    for name in ("training_step", "validation_step", "loss"):
        if not _is_ours(model, name):
            return f"{name} of {type(model).__name__} is the user's own"
    for name, ours in _OUR_TRAINERS.items():
        if getattr(type(trainer), name) is not ours or name in vars(trainer):
            return f"{name} of {type(trainer).__name__} is the user's own"
    return "gradients are clipped" if trainer.gradient_clip_val > 0 else None
