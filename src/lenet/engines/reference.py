"""The reference engine: plain PyTorch, the specification of what every other engine computes. Read this first.

    engine = ReferenceEngine(model, dataset, config, preprocessing)
    stats = engine.train_steps(plan, 0, plan.num_steps)
    logits = engine.logits(test.images)

The whole training set is one uint8 tensor on the device; a batch becomes float32 when its step is taken.
"""

import time

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lenet.config import TrainConfig
from lenet.data.batches import Plan
from lenet.data.dataset import Dataset, Images
from lenet.data.preprocess import Preprocessing
from lenet.engines import Stats

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
        # Channels last is only an order in memory: the same sums, 1.3 to 3 times as fast on a CPU.
        self.model = model.to(self.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.preprocessing = preprocessing
        self.label_smoothing = config.label_smoothing
        if dataset is not None:
            self.images = torch.from_numpy(dataset.images).to(self.device)  # (N, H, W) uint8
            self.labels = torch.from_numpy(dataset.labels).to(self.device)  # (N,) int64
            self.optimizer = make_optimizer(self.model, config)

    def train_steps(self, plan: Plan, start: int, stop: int) -> Stats:
        """Takes the steps `start` to `stop - 1` of the plan, changing the weights in place."""
        self.model.train()
        began = time.perf_counter()
        losses = torch.zeros(stop - start, dtype=torch.float64, device=self.device)
        correct = torch.zeros((), dtype=torch.int64, device=self.device)
        sizes = []
        for step in range(start, stop):
            images, labels = self._batch(plan, step)
            logits = self.model(images)
            loss = F.cross_entropy(logits, labels, label_smoothing=self.label_smoothing)
            self.optimizer.zero_grad()
            loss.backward()
            for group in self.optimizer.param_groups:
                group["lr"] = float(plan.learning_rates[step])
            self.optimizer.step()
            losses[step - start] = loss.detach()
            correct += (logits.argmax(1) == labels).sum()
            sizes.append(len(labels))
        means = losses.cpu().numpy()  # waits for the device
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
        for name, parameter in self.model.named_parameters():
            for key, value in self.optimizer.state.get(parameter, {}).items():
                if value is not None:
                    state[f"optimizer.{name}.{key}"] = value
        return {
            name: value.detach().cpu().clone(memory_format=torch.contiguous_format) for name, value in state.items()
        }

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """The inverse of `state_dict`."""
        self.model.load_state_dict(
            {name.removeprefix("model."): value for name, value in state.items() if name.startswith("model.")}
        )
        restored: dict[int, dict[str, Tensor]] = {}
        for number, (name, parameter) in enumerate(self.model.named_parameters()):
            prefix = f"optimizer.{name}."
            values = {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
            # The fused optimisers walk through memory: moments must lie in the same order as their weights.
            restored[number] = {
                key: torch.empty_like(parameter).copy_(value) if value.shape == parameter.shape else value
                for key, value in values.items()
            }
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": {n: s for n, s in restored.items() if s}, "param_groups": groups})

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
        pixels = images.unsqueeze(1).to(torch.float32).div_(255)
        if self.preprocessing.std != 1 or self.preprocessing.mean != 0:
            pixels.sub_(self.preprocessing.mean).div_(self.preprocessing.std)
        return pixels.contiguous(memory_format=torch.channels_last)


def shifted(images: Tensor, shifts: Tensor) -> Tensor:
    """Each picture of `(B, H, W)` moved down and right by its `shifts` `(B, 2)`; what comes in is 0."""
    _, height, width = images.shape
    reach = int(shifts.abs().max())
    padded = F.pad(images, (reach, reach, reach, reach))
    rows = torch.arange(height, device=images.device) + reach - shifts[:, :1]  # (B, H)
    columns = torch.arange(width, device=images.device) + reach - shifts[:, 1:]  # (B, W)
    which = torch.arange(len(images), device=images.device)[:, None, None]
    return padded[which, rows[:, :, None], columns[:, None, :]]


def make_optimizer(model: nn.Module, config: TrainConfig) -> torch.optim.Optimizer:
    """PyTorch's optimiser for the config, fused: the same formula in one kernel."""
    parameters = list(model.parameters())
    rate, decay = config.learning_rate, config.weight_decay
    if config.optimizer == "sgd":
        return torch.optim.SGD(
            parameters, rate, config.momentum, weight_decay=decay, nesterov=config.nesterov, fused=True
        )
    kind = torch.optim.Adam if config.optimizer == "adam" else torch.optim.AdamW
    return kind(parameters, rate, weight_decay=decay, fused=True)
