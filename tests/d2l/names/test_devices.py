"""The book's devices."""

import torch

from lenet import d2l


def test_try_gpu_falls_back_as_published():
    there = torch.cuda.device_count()
    assert d2l.num_gpus() == there
    assert d2l.try_gpu(there) == torch.device("cpu") == d2l.cpu()
    assert d2l.try_all_gpus() == [d2l.gpu(i) for i in range(there)] or [torch.device("cpu")]
