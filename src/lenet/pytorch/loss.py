"""The loss of a batch that may be computed in parts, in plain PyTorch: cross-entropy, perhaps with soft targets."""

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

    With soft targets, it is (1 - teacher_weight) · cross-entropy + teacher_weight · T² · KL(p, q), of Hinton, Vinyals and
    Dean (2015, arXiv 1503.02531): T is the temperature, p = softmax(targets / T) the teacher's probabilities, and
    q = softmax(logits / T) the network's. Their cross-entropy, which that paper has, is larger by a constant and has the same
    gradient; KL(p, q) is 0 where q = p.

    Attributes:
        smoothing: the share of each label that is spread over all classes.
        class_weights: how much an image of each class counts, (num_classes,); None if all count the same.
        temperature: of soft targets.
        teacher_weight: the share of soft targets in the loss.
    """

    smoothing: float
    class_weights: Tensor | None
    temperature: float
    teacher_weight: float

    @classmethod
    def of(cls, config: TrainConfig, dataset: Dataset, like: Tensor) -> "Loss":
        """Return the loss of a training.

        Args:
            config: the settings.
            dataset: what is trained on.
            like: a tensor of the type and on the device of the weights.
        """
        weights = class_weights(config, dataset)
        of_classes = None if weights is None else torch.from_numpy(weights).to(like)
        return cls(config.label_smoothing, of_classes, config.temperature, config.teacher_weight)

    def weight(self, labels: Tensor) -> Tensor | int:
        """Return the sum of the weights of images: their number, unless classes have weights."""
        return len(labels) if self.class_weights is None else self.class_weights[labels].sum()

    def value(self, logits: Tensor, labels: Tensor, targets: Tensor | None = None) -> Tensor:
        """Return the mean loss of images.

        Args:
            logits: of the images, (B, num_classes).
            labels: of the images, int64 (B,).
            targets: a teacher's logits for them, (B, num_classes), or None.
        """
        loss = F.cross_entropy(logits, labels, self.class_weights, label_smoothing=self.smoothing)
        if targets is None:
            return loss
        return (1 - self.teacher_weight) * loss + self.teacher_weight * self._distillation(logits, labels, targets)

    def backward(self, logits: Tensor, labels: Tensor, whole: Tensor | int, targets: Tensor | None = None) -> Tensor:
        """Compute the gradient of a part of a batch, and return what the part adds to the mean loss of the batch.

        Args:
            logits: of the part, (B, num_classes).
            labels: of the part, int64 (B,).
            whole: the weight of the whole batch.
            targets: a teacher's logits for the part, (B, num_classes), or None.
        """
        loss = self.value(logits, labels, targets)
        share = self.weight(labels) / whole
        if isinstance(share, Tensor):
            loss.backward(share)
            return loss.detach() * share
        loss.backward(torch.full_like(loss, share))
        return loss.detach() if share == 1 else loss.detach() * share

    def values(self, logits: Tensor, labels: Tensor, targets: Tensor | None = None) -> Tensor:
        """Return the mean loss of each of K networks, (K,): the same as `value` of each.

        Args:
            logits: (K, B, num_classes).
            labels: int64 (K, B).
            targets: a teacher's logits, (K, B, num_classes), or None.
        """
        flat, classes = logits.flatten(0, 1), labels.flatten()
        losses = F.cross_entropy(flat, classes, self.class_weights, reduction="none", label_smoothing=self.smoothing)
        weights = torch.ones_like(losses) if self.class_weights is None else self.class_weights[classes]
        if targets is not None:
            divergences = self._divergences(flat, targets.flatten(0, 1)) * weights
            losses = (1 - self.teacher_weight) * losses + self.teacher_weight * divergences
        return losses.view(labels.shape).sum(1) / weights.view(labels.shape).sum(1)

    def _distillation(self, logits: Tensor, labels: Tensor, targets: Tensor) -> Tensor:
        """The mean of T² · KL(p, q) over the images, by the weights of their classes."""
        divergences = self._divergences(logits, targets)
        if self.class_weights is None:
            return divergences.mean()
        weights = self.class_weights[labels]
        return (divergences * weights).sum() / weights.sum()

    def _divergences(self, logits: Tensor, targets: Tensor) -> Tensor:
        """T² · KL(p, q) of each image."""
        temperature = self.temperature
        log_p = F.log_softmax(targets.to(logits.dtype) / temperature, dim=1)
        log_q = F.log_softmax(logits / temperature, dim=1)
        return temperature**2 * F.kl_div(log_q, log_p, reduction="none", log_target=True).sum(1)
