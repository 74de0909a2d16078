"""Settings of PyTorch's arithmetic: set for a while, and then as before, by whichever of its two interfaces they were set."""

import subprocess
import sys

import pytest
import torch

from lenet.pytorch.arithmetic import arithmetic

BEFORE = [
    "",
    "torch.backends.cuda.matmul.allow_tf32 = True",
    "torch.set_float32_matmul_precision('medium')",
    "torch.backends.cudnn.allow_tf32 = False",
    "torch.backends.cudnn.benchmark = True",
]
NEWER = [
    "torch.backends.cuda.matmul.fp32_precision = 'tf32'",
    "torch.backends.cudnn.conv.fp32_precision = 'ieee'",
    "torch.backends.fp32_precision = 'tf32'",
]
PROGRAM = """
import torch
from lenet.pytorch.arithmetic import arithmetic

def read(owner, name):
    try:
        return getattr(owner, name)
    except (RuntimeError, AttributeError) as error:
        return type(error).__name__

def settings():
    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    names = ("allow_tf32", "deterministic", "benchmark", "fp32_precision")
    try:
        precision = torch.get_float32_matmul_precision()
    except RuntimeError:
        precision = "RuntimeError"
    parts = [cudnn, getattr(cudnn, "conv", None), getattr(cudnn, "rnn", None)]
    return [precision, *(read(owner, name) for owner in (matmul, *parts) for name in names)]

{before}
before = settings()
for precision in ("fp32", "tf32", "bf16"):
    with arithmetic(precision):
        assert torch.backends.cuda.matmul.allow_tf32 == torch.backends.cudnn.allow_tf32 == (precision == "tf32")
        assert torch.get_float32_matmul_precision() == ("high" if precision == "tf32" else "highest")
        assert torch.backends.cudnn.deterministic and not torch.backends.cudnn.benchmark
    assert settings() == before, (settings(), before)
"""


@pytest.mark.process
@pytest.mark.parametrize("before", [*BEFORE, *NEWER])
def test_settings_are_as_before(before):
    if before in NEWER and not hasattr(torch.backends.cudnn, "conv"):
        pytest.skip("this PyTorch lacks the newer settings")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM.format(before=before)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_what_need_not_be_repeatable_may_take_the_fastest_algorithms():
    with arithmetic("fp32", is_repeatable=False):
        assert torch.backends.cudnn.benchmark
        assert not torch.backends.cudnn.deterministic
