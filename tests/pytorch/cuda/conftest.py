"""Every test here runs on the CPU, where steps are called, and under the marker `gpu` on a GPU, where graphs are replayed."""

import pytest
import torch


@pytest.fixture(params=["cpu", pytest.param("cuda:0", marks=pytest.mark.gpu)])
def device(request):
    if request.param != "cpu" and not torch.cuda.is_available():
        pytest.skip("needs a GPU")
    return request.param
