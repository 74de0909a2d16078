"""The names of *Dive into Deep Learning*'s companion packages, chapters up to LeNet, implemented with lenet.

    from lenet import d2l  # instead of: from d2l import torch as d2l, or: import d2lzh_pytorch as d2l

    train_iter, test_iter = d2l.load_data_fashion_mnist(batch_size=256)
    d2l.train_ch6(net, train_iter, test_iter, num_epochs=10, lr=0.9, device=d2l.try_gpu())

The same names serve the book's English and Chinese editions, the Chinese PyTorch port and private copies of its helpers:
where these differ, for example in the order of arguments, the types of the arguments tell which is meant. Faults of the
published functions are fixed; the docstrings list them under "Fixed here".
"""

import importlib
from typing import Any

from lenet.extras import require_torch

require_torch("lenet.d2l")

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from lenet.d2l.bridge.batches import BatchIterator
from lenet.d2l.bridge.evaluation import evaluate_accuracy, evaluate_accuracy_gpu
from lenet.d2l.bridge.measuring import accuracy
from lenet.d2l.names.animator import Animator
from lenet.d2l.names.board import ProgressBoard
from lenet.d2l.names.data_modules import DataModule, FashionMNIST
from lenet.d2l.names.devices import cpu, gpu, num_gpus, try_all_gpus, try_gpu
from lenet.d2l.names.figures import set_axes, set_figsize, use_svg_display
from lenet.d2l.names.hyperparameters import HyperParameters, add_to_class
from lenet.d2l.names.images import predict_ch3, show_fashion_mnist, show_images
from lenet.d2l.names.iterators import (
    get_data_fashion_mnist,
    get_dataloader_workers,
    get_fashion_mnist_labels,
    load_data_fashion_mnist,
)
from lenet.d2l.names.layers import FlattenLayer, Reshape, init_cnn, sgd
from lenet.d2l.names.measuring import Accumulator, Timer
from lenet.d2l.names.modules import Classifier, LeNet, Module, layer_summary
from lenet.d2l.names.trainer import Trainer
from lenet.d2l.names.training import train, train_ch5, train_ch6, train_cuda_cpu
from lenet.d2l.names.training_ch3 import train_ch3, train_epoch_ch3

__all__ = [
    "Accumulator",
    "Animator",
    "BatchIterator",
    "Classifier",
    "DataModule",
    "F",
    "FashionMNIST",
    "FlattenLayer",
    "HyperParameters",
    "LeNet",
    "Module",
    "ProgressBoard",
    "Reshape",
    "Timer",
    "Trainer",
    "accuracy",
    "add_to_class",
    "cpu",
    "evaluate_accuracy",
    "evaluate_accuracy_gpu",
    "get_data_fashion_mnist",
    "get_dataloader_workers",
    "get_fashion_mnist_labels",
    "gpu",
    "init_cnn",
    "layer_summary",
    "load_data_fashion_mnist",
    "nn",
    "np",
    "num_gpus",
    "plt",
    "predict_ch3",
    "set_axes",
    "set_figsize",
    "sgd",
    "show_fashion_mnist",
    "show_images",
    "torch",
    "train",
    "train_ch3",
    "train_ch5",
    "train_ch6",
    "train_cuda_cpu",
    "train_epoch_ch3",
    "try_all_gpus",
    "try_gpu",
    "use_svg_display",
]


def __getattr__(name: str) -> Any:
    if name == "plt":  # slow to import, and may need a display
        return importlib.import_module("matplotlib.pyplot")
    raise AttributeError(f"lenet.d2l has no {name!r}; it has the names that the chapters up to LeNet call")
