"""Networks as learners have them, and what d2l's tests do with them."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lenet import models
from lenet.d2l.bridge.kernel_steps import KernelSteps
from lenet.d2l.bridge.optimizers import PlainSgd
from lenet.d2l.bridge.torch_steps import TorchSteps, classification

CPU = torch.device("cpu")
LINE = r"epoch {}, loss (\d+\.\d{{4}}), train acc (\d\.\d{{3}}), test acc (\d\.\d{{3}})"  # as the port prints it


class LeNet(nn.Module):
    """As a learner has it, a small one."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(1, 3, 5), nn.ReLU(), nn.MaxPool2d(2, 2), nn.Conv2d(3, 5, 5), nn.ReLU(), nn.MaxPool2d(2, 2)
        )
        self.fc = nn.Sequential(nn.Linear(5 * 4 * 4, 20), nn.ReLU(), nn.Linear(20, 10))

    def forward(self, img: Tensor) -> Any:
        """Return logits (N, 10) of images (N, 1, 28, 28)."""
        feature = self.conv(img)
        return self.fc(feature.view(img.shape[0], -1))


def network() -> models.LeNet:
    """Return a small network that the kernels compute, with the same weights each time."""
    torch.manual_seed(4)
    return models.LeNet(channels=(3, 5), hidden=(20,), activation="relu")


def both(net: nn.Module, iterator: Any, rate: float = 0.05) -> tuple[KernelSteps, TorchSteps]:
    """Return the same training in the two ways."""
    sgd = torch.optim.SGD(net.parameters(), lr=rate)
    return (
        KernelSteps(net, iterator, F.cross_entropy, PlainSgd(net, rate), CPU),
        TorchSteps(iterator, *classification(net, F.cross_entropy, sgd, CPU), net, sgd),
    )
