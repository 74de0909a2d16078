"""A step of one network in plain PyTorch, with nothing that a CUDA graph could not hold."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from lenet.data.dropout import FIRST, LAYER, SECOND, UNIT, scale
from lenet.networks.layers import Dropout
from lenet.pytorch.arithmetic import autocast
from lenet.pytorch.cuda.stage import Stage
from lenet.pytorch.cuda.vectors import Vectors
from lenet.pytorch.loss import Loss
from lenet.pytorch.trainable import PlannedDropout

LOW = 0xFFFFFFFF  # the low 32 bits: PyTorch lacks arithmetic of uint32


def kept(keys: Tensor, layer: int, num_units: int, rate: float) -> Tensor:
    """Return which units are kept; the same as lenet.data.dropout.kept.

    Args:
        keys: int64 (…), of the images.
        layer: the layer's position in Architecture.layers.
        num_units: numbers in the layer's output for one image.
        rate: of the layer.

    Returns:
        bool (…, num_units).
    """
    units = (torch.arange(num_units, device=keys.device) * int(UNIT)) & LOW
    mixed = (keys.unsqueeze(-1) + units + layer * LAYER % (1 << 32)) & LOW
    mixed = mixed ^ (mixed >> 16)
    mixed = (mixed * int(FIRST)) & LOW  # modulo 2^64, of which the low half is right
    mixed = mixed ^ (mixed >> 15)
    mixed = (mixed * int(SECOND)) & LOW
    mixed = mixed ^ (mixed >> 16)
    return mixed >= int(rate * (1 << 32))


class DeviceDropout(nn.Module):
    """Drops what a plan says, by keys that are on the device.

    Args:
        layer: the layer.
        number: its position in Architecture.layers.

    Attributes:
        keys: of the images of the batch under way, int64 (B,).
    """

    def __init__(self, layer: Dropout, number: int) -> None:
        super().__init__()
        self.layer, self.number = layer, number
        self.keys: Tensor | None = None

    def forward(self, values: Tensor) -> Tensor:
        """Return (B, *shape) with 0 for the dropped numbers, and the others multiplied by 1 / (1 - rate)."""
        if not self.training or self.keys is None or not self.layer.rate:
            return values
        mask = kept(self.keys, self.number, values[0].numel(), self.layer.rate)
        return values * (mask * float(scale(self.layer.rate))).to(values.dtype).view(values.shape)


def with_device_dropout(module: nn.Module) -> list[DeviceDropout]:
    """Put a DeviceDropout in place of each PlannedDropout of a module, and return them."""
    layers = []
    for name, layer in list(module.named_modules()):
        if isinstance(layer, PlannedDropout):
            parent, _, last = name.rpartition(".")
            layers.append(DeviceDropout(layer.layer, layer.number))
            setattr(module.get_submodule(parent), last, layers[-1])
    return layers


class ModuleStep:
    """The step of one nn.Module. See Step in replay.py.

    Args:
        module: its parameters are views of the first row of `vectors`.
        stage: the batches.
        vectors: weights and optimiser state.
        loss: of the training.
        precision: see arithmetic.py.

    Attributes:
        micro_batch: how many images are computed at a time, if memory is short.
    """

    def __init__(self, module: nn.Module, stage: Stage, vectors: Vectors, loss: Loss, precision: str) -> None:
        self.module, self.stage, self.vectors, self.loss, self.precision = module, stage, vectors, loss, precision
        self.micro_batch: int | None = None
        self._dropouts = [layer for layer in module.modules() if isinstance(layer, DeviceDropout)]
        self._parameters = [each for each in module.parameters() if each.requires_grad]
        self._zeros = {id(each): torch.zeros_like(each) for each in module.parameters()}
        self._compute_loss = _one_of(loss) if loss.class_weights is not None and loss.smoothing else loss.value

    def __call__(self, count: int) -> None:
        """Take the step with the first `count` images of the row."""
        images, labels, targets, keys, numbers = self.stage.batch(count)
        size = min(self.micro_batch or count, count)
        whole = self.loss.weight(labels)
        losses, logits = [], []
        for start in range(0, count, size):
            part = slice(start, min(start + size, count))
            for layer in self._dropouts:
                layer.keys = keys[part]
            with torch.enable_grad():
                with autocast(self.precision, self.stage.placed.device):
                    outputs = self.module(images[part])
                of_part = None if targets is None else targets[part]
                exact = outputs.float() if outputs.dtype is torch.bfloat16 else outputs
                loss = self._compute_loss(exact, labels[part], of_part)
                if size < count:
                    loss = loss * (self.loss.weight(labels[part]) / whole)
                gradients = torch.autograd.grad(loss, self._parameters, allow_unused=True)
            self._add(gradients, is_first=start == 0)
            losses.append(loss.detach())
            logits.append(outputs.detach())
        self.vectors.update(numbers)
        self.stage.write(losses[0] if len(losses) == 1 else torch.stack(losses).sum(), torch.cat(logits))

    def _add(self, gradients: tuple[Tensor | None, ...], is_first: bool) -> None:
        """Adds gradients to the vector; the gradient of what is frozen or not used is zero."""
        by_parameter = dict(zip(map(id, self._parameters), gradients, strict=True))
        parts = []
        for parameter in self.module.parameters():
            part = by_parameter.get(id(parameter))
            parts.append((self._zeros[id(parameter)] if part is None else part).reshape(-1))
        if is_first:
            torch.cat(parts, out=self.vectors.gradient)
        else:
            self.vectors.gradient.add_(torch.cat(parts))


def _one_of(loss: Loss) -> Callable[[Tensor, Tensor, Tensor | None], Tensor]:
    """`loss.value`, computed by `values`.

    With class weights and smoothing, PyTorch's cross-entropy counts the labels that it does not ignore, and waits for the
    number, which no graph can hold.
    """

    def value(logits: Tensor, labels: Tensor, targets: Tensor | None) -> Tensor:
        return loss.values(logits[None], labels[None], None if targets is None else targets[None])[0]

    return value
