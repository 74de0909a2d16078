"""Where the training set is: on the device as uint8, or, if that is too small, in the machine's memory, from which the images
of each stage are sent."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lenet.data.dataset import Dataset
from lenet.engines.memory import is_out_of_memory, release_frames, return_freed_memory
from lenet.pytorch.tensors import of_images

SHARE = 0.6  # of the device's free memory that a training set may take; weights, stages and graphs need the rest
BUFFERS = 2  # of pinned memory: one is filled while the other is sent


class Placed:
    """A training set that the device can reach.

    Args:
        dataset: the training set.
        device: where the steps are computed.
        is_resident: whether the images are on the device; None for where they fit.

    Attributes:
        labels: int64 (N,), on the device.
        targets: soft targets on the device, (N, num_classes) or (N, 2, num_classes), or None.
        is_resident: whether the images are on the device.
        notice: what a user should know about it; empty for nothing.
        image_shape: (channels, height, width).
    """

    def __init__(self, dataset: Dataset, device: torch.device, is_resident: bool | None = None) -> None:
        self.device = device
        size = dataset.images.nbytes
        self.image_shape = (dataset.channels, *dataset.size)
        self.labels = torch.from_numpy(dataset.labels).to(device)
        self.targets = None if dataset.targets is None else torch.from_numpy(dataset.targets).to(device)
        self._host = of_images(dataset.images)
        self._images: Tensor | None = None
        if is_resident or (is_resident is None and size <= SHARE * free_memory(device)):
            self._images = self._sent(must=bool(is_resident))
        self.is_resident = self._images is not None
        sent = f"its memory is too small for {size / 1e9:.1f} GB of images, which are sent as they are needed"
        self.notice = "" if self.is_resident else sent
        self._buffers: list[Tensor] = []
        self._sending: list[torch.cuda.Event | None] = [None] * BUFFERS
        self._turn = 0

    def images(self, index: NDArray[np.int64], chosen: Tensor) -> Tensor:
        """Return some images, uint8 (M, …), on the device.

        Args:
            index: int64 (M,), which.
            chosen: the same on the device.
        """
        if self._images is not None:
            return self._images.index_select(0, chosen)
        buffer = self._buffer(len(index))
        torch.index_select(self._host, 0, torch.from_numpy(index), out=buffer)
        sent = buffer.to(self.device, non_blocking=True)
        if self.device.type == "cuda":
            event = torch.cuda.Event()
            event.record()
            self._sending[self._turn] = event
        return sent

    def send(self, array: NDArray[Any]) -> Tensor:
        """Return an array on the device, through pinned memory, so that a GPU is not waited for."""
        tensor = torch.from_numpy(np.ascontiguousarray(array))
        return tensor.pin_memory().to(self.device, non_blocking=True) if self.device.type == "cuda" else tensor

    def _buffer(self, count: int) -> Tensor:
        """A part of the buffer whose turn it is, (count, …), after what was in it has been sent."""
        self._turn = (self._turn + 1) % BUFFERS
        if (event := self._sending[self._turn]) is not None:
            event.synchronize()
        if not self._buffers or len(self._buffers[0]) < count:
            for event in self._sending:
                if event is not None:
                    event.synchronize()
            shape = (count, *self._host.shape[1:])
            is_pinned = self.device.type == "cuda"
            self._buffers = [torch.empty(shape, dtype=torch.uint8, pin_memory=is_pinned) for _ in range(BUFFERS)]
        return self._buffers[self._turn][:count]

    def _sent(self, must: bool) -> Tensor | None:
        """The images on the device; None if they do not fit and need not be there."""
        try:
            return self._host.to(self.device)
        except Exception as error:
            if must or not is_out_of_memory(error):
                raise
            release_frames(error)
        return_freed_memory()
        return None


def free_memory(device: torch.device) -> float:
    """Return the free bytes of a GPU's memory; infinite for other devices."""
    return float(torch.cuda.mem_get_info(device)[0]) if device.type == "cuda" else float("inf")
