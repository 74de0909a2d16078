"""The cross-entropy of a batch that may be computed in parts, in plain PyTorch."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from lenet.config import TrainConfig
from lenet.data.class_weights import class_weights
from lenet.data.dataset import Dataset


@dataclass(frozen=True, eq=False)
class Loss:
    """The mean cross-entropy of a batch, as torch.nn.CrossEntropyLoss computes it.

    Attributes:
        smoothing: the share of each label that is spread over all classes.
        class_weights: how much an image of each class counts, (num_classes,); None if all count the same.
    """

    smoothing: float
    class_weights: Tensor | None = None

    @classmethod
    def of(cls, config: TrainConfig, dataset: Dataset, like: Tensor) -> "Loss":
        """Return the loss of a training.

        Args:
            config: the settings.
            dataset: what is trained on.
            like: a tensor of the type and on the device of the weights.
        """
        weights = class_weights(config, dataset)
        return cls(config.label_smoothing, None if weights is None else torch.from_numpy(weights).to(like))

    def weight(self, labels: Tensor) -> Tensor | int:
        """Return the sum of the weights of images: their number, unless classes have weights."""
        return len(labels) if self.class_weights is None else self.class_weights[labels].sum()

    def backward(self, logits: Tensor, labels: Tensor, whole: Tensor | int) -> Tensor:
        """Compute the gradient of a part of a batch, and return what the part adds to the mean loss of the batch.

        Args:
            logits: of the part, (B, num_classes).
            labels: of the part, int64 (B,).
            whole: the weight of the whole batch.
        """
        loss = F.cross_entropy(logits, labels, self.class_weights, label_smoothing=self.smoothing)
        share = self.weight(labels) / whole
        if isinstance(share, Tensor):
            loss.backward(share)
            return loss.detach() * share
        loss.backward(torch.full_like(loss, share))
        return loss.detach() if share == 1 else loss.detach() * share
