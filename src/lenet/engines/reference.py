"""The reference engine: plain PyTorch, the specification of what every other engine computes. Read this first.

    engine = ReferenceEngine(model, dataset, config, preprocessing)
    stats = engine.train_steps(plan, 0, plan.num_steps)
    logits = engine.logits(test.images)

The whole training set is one uint8 tensor on the device; a batch becomes float32 when its step is taken.
"""

import ctypes
import sys
import time

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lenet.config import TrainConfig
from lenet.data.batches import Plan
from lenet.data.dataset import Dataset, Images
from lenet.data.preprocess import Preprocessing
from lenet.engines import Stats

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # the numbers of glibc's malloc.h
LARGEST_BLOCK, KEPT_BYTES = 1 << 25, 1 << 28  # older versions refuse a larger first one
EVALUATION_BATCH = 1000  # pictures; keeps the activations of an evaluation at a few megabytes


class ReferenceEngine:
    """Trains `model`, in place, on `dataset` as `config` says, and computes its logits.

    The pictures reach the network as `(pixel / 255 - mean) / std` with the mean and deviation of `preprocessing`.
    `dataset` may be None for an engine that only computes logits.
    """

    def __init__(
        self,
        model: nn.Module,
        dataset: Dataset | None,
        config: TrainConfig,
        preprocessing: Preprocessing,
        device: str = "cpu",
    ) -> None:
        self.device = torch.device(device)
        if self.device.type == "cpu":
            keep_freed_memory()
        self.model = model.to(self.device)
        self.preprocessing = preprocessing
        self.config = config
        if dataset is not None:
            self.images = torch.from_numpy(dataset.images).to(self.device)  # (N, H, W) uint8
            self.labels = torch.from_numpy(dataset.labels).to(self.device)  # (N,) int64
            self.optimizer = Optimizer(self.model, config)

    def train_steps(self, plan: Plan, start: int, stop: int) -> Stats:
        """Takes the steps `start` to `stop - 1` of the plan, changing the weights in place."""
        self.model.train()
        began = time.perf_counter()
        losses = torch.zeros(stop - start, device=self.device)
        correct = torch.zeros((), dtype=torch.int64, device=self.device)
        sizes = []
        for step in range(start, stop):
            images, labels = self._batch(plan, step)
            logits = self.model(images)
            loss = F.cross_entropy(logits, labels, label_smoothing=self.config.label_smoothing)
            self.optimizer.gradient.zero_()
            loss.backward()
            self.optimizer.step(float(plan.learning_rates[step]))
            losses[step - start] = loss.detach()
            correct += (logits.argmax(1) == labels).sum()
            sizes.append(len(labels))
        means = losses.cpu().double().numpy()  # waits for the device; from here on float64
        num_correct = int(correct)
        return Stats(means, float(means @ sizes), num_correct, sum(sizes), time.perf_counter() - began)

    def logits(self, images: Images) -> Tensor:
        """Logits `(N, num_classes)`, float32 on the CPU, of uint8 pictures `(N, height, width)`; keeps the mode."""
        was_training = self.model.training
        self.model.eval()
        try:
            with torch.inference_mode():
                parts = [
                    self.model(self._to_input(batch.to(self.device))).cpu()
                    for batch in torch.from_numpy(images).split(EVALUATION_BATCH)
                ]
        finally:
            self.model.train(was_training)
        return torch.cat(parts)

    def state_dict(self) -> dict[str, Tensor]:
        """Weights and optimiser state, flat, CPU tensors: `model.NAME`, `optimizer.NAME.KEY`."""
        state = {f"model.{name}": weights for name, weights in self.model.state_dict().items()}
        state |= {f"optimizer.{name}": value for name, value in self.optimizer.state_dict().items()}
        return {name: value.detach().cpu().clone() for name, value in state.items()}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """The inverse of `state_dict`."""
        parts: dict[str, dict[str, Tensor]] = {"model": {}, "optimizer": {}}
        for name, value in state.items():
            part, _, rest = name.partition(".")
            parts[part][rest] = value
        self.model.load_state_dict(parts["model"])
        self.optimizer.load_state_dict(parts["optimizer"])

    def _batch(self, plan: Plan, step: int) -> tuple[Tensor, Tensor]:
        """The pictures of a step as the network takes them, `(B, 1, H, W)` float32, and their labels `(B,)`."""
        positions = plan.batch(step)
        index = torch.from_numpy(plan.order[positions]).to(self.device)
        images = self.images[index]  # (B, H, W) uint8
        if plan.flips is not None:
            flips = torch.from_numpy(plan.flips[positions]).to(self.device)
            images = torch.where(flips[:, None, None], images.flip(2), images)
        if plan.shifts is not None:
            images = shifted(images, torch.from_numpy(plan.shifts[positions]).to(self.device))
        return self._to_input(images), self.labels[index]

    def _to_input(self, images: Tensor) -> Tensor:
        """uint8 `(B, H, W)` → float32 `(B, 1, H, W)`."""
        pixels = images.to(torch.float32).div_(255)
        if self.preprocessing.std != 1 or self.preprocessing.mean != 0:
            pixels.sub_(self.preprocessing.mean).div_(self.preprocessing.std)
        # (B, H, W, 1) seen as (B, 1, H, W): channels last, for PyTorch to keep through the convolutions. It is an order in
        # memory only; the sums are the same, and on a CPU it is faster.
        return pixels.unsqueeze(3).permute(0, 3, 1, 2)


def shifted(images: Tensor, shifts: Tensor) -> Tensor:
    """Each picture of `(B, H, W)` moved down and right by its `shifts` `(B, 2)`; what comes in is 0."""
    _, height, width = images.shape
    reach = int(shifts.abs().max())
    padded = F.pad(images, (reach, reach, reach, reach))
    rows = torch.arange(height, device=images.device) + reach - shifts[:, :1]  # (B, H)
    columns = torch.arange(width, device=images.device) + reach - shifts[:, 1:]  # (B, W)
    which = torch.arange(len(images), device=images.device)[:, None, None]
    return padded[which, rows[:, :, None], columns[:, None, :]]


def keep_freed_memory() -> None:
    """Has glibc keep the memory that a step frees for the next step, in this process, from now on.

    By default it gives large blocks back to the system and takes them anew, zeroed page by page: 4,000 page faults in a
    step of LeNetAvg with batch 256, and two thirds of the speed (docs/log.md). Elsewhere a no-op.
    """
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None and mallopt(M_MMAP_THRESHOLD, LARGEST_BLOCK):
            mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)


class Optimizer:
    """SGD, Adam and AdamW as PyTorch's torch.optim computes them, over all weights as one vector.

    The parameters of the model become views of `weights`, their gradients views of `gradient`, both float32
    `(num_parameters,)`, so that a step is a handful of vector operations. (Making a torch.optim optimiser imports
    PyTorch's compiler, which takes over a second, and each of its steps goes through all parameters in Python.)

    SGD with momentum: Sutskever et al., 2013. Adam: Kingma and Ba, 2015. AdamW: Loshchilov and Hutter, 2019.
    """

    BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8

    def __init__(self, model: nn.Module, config: TrainConfig) -> None:
        self.config = config
        self.names = [name for name, _ in model.named_parameters()]
        parameters = list(model.parameters())
        self.shapes = [parameter.shape for parameter in parameters]
        self.weights = torch.cat([parameter.detach().flatten() for parameter in parameters])
        self.gradient = torch.zeros_like(self.weights)
        for parameter, weights, gradient in zip(
            parameters, self._views(self.weights), self._views(self.gradient), strict=True
        ):
            parameter.data, parameter.grad = weights, gradient
        self.num_steps = 0
        uses = {"sgd": ("momentum_buffer",) if config.momentum else (), "adam": ("exp_avg", "exp_avg_sq")}
        uses["adamw"] = uses["adam"]
        self.moments = {key: torch.zeros_like(self.weights) for key in uses[config.optimizer]}

    def step(self, rate: float) -> None:
        """Moves the weights by the gradient at this learning rate."""
        self.num_steps += 1
        gradient, config = self.gradient, self.config
        if config.optimizer == "adamw":
            self.weights.mul_(1 - rate * config.weight_decay)
        elif config.weight_decay:
            gradient = gradient.add(self.weights, alpha=config.weight_decay)
        if config.optimizer == "sgd":
            self._sgd(gradient, rate)
        else:
            self._adam(gradient, rate)

    def _sgd(self, gradient: Tensor, rate: float) -> None:
        if self.config.momentum:
            velocity = self.moments["momentum_buffer"].mul_(self.config.momentum).add_(gradient)
            nesterov = self.config.nesterov
            gradient = gradient.add(velocity, alpha=self.config.momentum) if nesterov else velocity
        self.weights.sub_(gradient, alpha=rate)

    def _adam(self, gradient: Tensor, rate: float) -> None:
        mean = self.moments["exp_avg"].lerp_(gradient, 1 - self.BETA1)
        square = self.moments["exp_avg_sq"].mul_(self.BETA2).addcmul_(gradient, gradient, value=1 - self.BETA2)
        bias1, bias2 = 1 - self.BETA1**self.num_steps, 1 - self.BETA2**self.num_steps
        self.weights.addcdiv_(mean, square.sqrt().div_(bias2**0.5).add_(self.EPSILON), value=-rate / bias1)

    def state_dict(self) -> dict[str, Tensor]:
        """`step`, int64, and for each parameter its moments as `NAME.KEY`, with torch.optim's keys."""
        state = {"step": torch.tensor(self.num_steps)}
        for key, moment in self.moments.items():
            state |= {f"{name}.{key}": view for name, view in zip(self.names, self._views(moment), strict=True)}
        return state

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """The inverse of `state_dict`."""
        self.num_steps = int(state["step"])
        for key, moment in self.moments.items():
            for name, view in zip(self.names, self._views(moment), strict=True):
                view.copy_(state[f"{name}.{key}"])

    def _views(self, vector: Tensor) -> list[Tensor]:
        """The parts of a vector `(num_parameters,)` in the shapes of the parameters, sharing its memory."""
        parts = vector.split([shape.numel() for shape in self.shapes])
        return [part.view(shape) for part, shape in zip(parts, self.shapes, strict=True)]
