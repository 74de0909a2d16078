"""The tutorial's training loop, which lenet is measured against: a DataLoader over a per-image transform.

It does for each image what torchvision's FashionMNIST with ToTensor does (tensor to PIL image to array to tensor, divided by
255), and for each batch what the book's train_ch6 does: sums of loss and accuracy as
Python floats, evaluation once an epoch; without its chart. The books give the DataLoader 4 worker processes.
Prints one line of JSON: seconds from loading to saving, and the test accuracy.

    python bench/tutorial.py --epochs 10 --workers 4
"""

import argparse
import gzip
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset


class Images(Dataset[tuple[Tensor, int]]):
    """One split of Fashion-MNIST, each image converted as by torchvision's FashionMNIST and ToTensor."""

    def __init__(self, folder: Path, split: str) -> None:
        images = gzip.decompress((folder / f"{split}-images-idx3-ubyte.gz").read_bytes())
        labels = gzip.decompress((folder / f"{split}-labels-idx1-ubyte.gz").read_bytes())
        self.data = torch.frombuffer(bytearray(images), dtype=torch.uint8, offset=16).view(-1, 28, 28)
        self.targets = torch.frombuffer(bytearray(labels), dtype=torch.uint8, offset=8).long()

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        pixels, label = self.data[index], int(self.targets[index])
        return to_tensor(Image.fromarray(pixels.numpy())), label


def to_tensor(image: Image.Image) -> Tensor:
    """A PIL image as a float32 tensor (channels, height, width) of 0 to 1: copy, reorder, convert, divide."""
    tensor = torch.from_numpy(np.array(image, np.uint8, copy=True))
    tensor = tensor.view(image.size[1], image.size[0], len(image.getbands()))
    return tensor.permute((2, 0, 1)).contiguous().to(torch.float32).div(255)


def network() -> nn.Sequential:
    """The chapter's average-pool LeNet with Xavier weights."""
    net = nn.Sequential(
        nn.Conv2d(1, 6, kernel_size=5, padding=2),
        nn.Sigmoid(),
        nn.AvgPool2d(kernel_size=2, stride=2),
        nn.Conv2d(6, 16, kernel_size=5),
        nn.Sigmoid(),
        nn.AvgPool2d(kernel_size=2, stride=2),
        nn.Flatten(),
        nn.Linear(400, 120),
        nn.Sigmoid(),
        nn.Linear(120, 84),
        nn.Sigmoid(),
        nn.Linear(84, 10),
    )
    for layer in net:
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
    return net


def accuracy(net: nn.Module, batches: Any) -> float:
    """Share of the images classified correctly."""
    net.eval()
    correct = total = 0
    with torch.no_grad():
        for images, labels in batches:
            correct += int((net(images).argmax(1) == labels).sum())
            total += len(labels)
    return correct / total


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    assert torch.get_num_threads() == options.threads
    torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)  # imports PyTorch's compiler, before the clock starts
    began = time.perf_counter()
    train = DataLoader(Images(options.folder, "train"), 256, shuffle=True, num_workers=options.workers)
    test = DataLoader(Images(options.folder, "t10k"), 256, num_workers=options.workers)
    net = network()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.9)
    loss_function = nn.CrossEntropyLoss()
    for _ in range(options.epochs):
        net.train()
        loss_sum, correct, total = 0.0, 0, 0
        for images, labels in train:
            optimizer.zero_grad()
            logits = net(images)
            loss = loss_function(logits, labels)
            loss.backward()
            optimizer.step()
            loss_sum += loss.item() * len(labels)
            correct += int((logits.argmax(1) == labels).sum())
            total += len(labels)
        test_accuracy = accuracy(net, test)
    with tempfile.TemporaryDirectory() as folder:
        torch.save(net.state_dict(), Path(folder) / "net.pt")
    seconds = time.perf_counter() - began
    print(json.dumps({"seconds": seconds, "test_accuracy": test_accuracy, "train_accuracy": correct / total}))


if __name__ == "__main__":
    main()
