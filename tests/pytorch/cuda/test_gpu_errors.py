"""GPUs that cannot be used: PyTorch's and CUDA's own messages, and the line that says what to do."""

import pytest
import torch
from cuda_engines import cuda_engine

from lenet.__main__ import main
from lenet.configuration import configure
from lenet.engines import choice, gpu
from lenet.engines.choice import choose_device, choose_engine
from lenet.engines.gpu import first_use
from lenet.errors import EngineError
from lenet.networks import build

OLD_DRIVER = (
    "The NVIDIA driver on your system is too old (found version 11040). Please update your GPU driver by downloading and "
    "installing a new version from the URL: http://www.nvidia.com/Download/index.aspx Alternatively, go to: "
    "https://pytorch.org to install a PyTorch version that has been compiled with your version of the CUDA driver."
)
NO_DRIVER = (
    "Found no NVIDIA driver on your system. Please check that you have an NVIDIA GPU and installed a driver from "
    "http://www.nvidia.com/Download/index.aspx"
)
BEFORE = (
    "Unexpected error from cudaGetDeviceCount(). Did you run some cuda functions before calling NumCudaDevices() that"
)
NOT_READY = f"{BEFORE} might have already set an error? Error 802: system not yet initialized"
FORWARD = (
    f"{BEFORE} might have already set an error? Error 804: forward compatibility was attempted on non supported HW"
)
ASYNCHRONOUS = (
    "\nCUDA kernel errors might be asynchronously reported at some other API call, so the stacktrace below might be "
    "incorrect.\nFor debugging consider passing CUDA_LAUNCH_BLOCKING=1"
)
NO_IMAGE = f"CUDA error: no kernel image is available for execution on the device{ASYNCHRONOUS}"
BUSY = f"CUDA error: CUDA-capable device(s) is/are busy or unavailable{ASYNCHRONOUS}"
BUSY_BEFORE = f"CUDA error: all CUDA-capable devices are busy or unavailable{ASYNCHRONOUS}"
FULL = (
    "CUDA out of memory. Tried to allocate 22.00 MiB. GPU 0 has a total capacity of 23.65 GiB of which 11.06 MiB is free. "
    "Including non-PyTorch memory, this process has 23.60 GiB memory in use."
)


@pytest.fixture
def gpu_build(monkeypatch):
    """As PyTorch 2.11 for CUDA 12.8 on a machine on which it cannot use a GPU, for the reason that is set."""
    monkeypatch.setattr(torch.version, "cuda", "12.8")
    monkeypatch.setattr(torch, "__version__", "2.11.0+cu128")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)

    def because(message):
        def init():
            raise RuntimeError(message)

        monkeypatch.setattr(torch.cuda, "init", init)

    return because


CASES = [
    (
        OLD_DRIVER,
        "the NVIDIA driver is too old: it supports CUDA 11.4, and PyTorch 2.11.0+cu128 needs 12.8",
        "update the driver, or install a PyTorch for CUDA 11.4",
    ),
    (NO_DRIVER, "there is no NVIDIA driver", "install the driver of the GPU, if there is one"),
    ("No CUDA GPUs are available", "the NVIDIA driver shows no GPU", "nvidia-smi lists them"),
    (NOT_READY, "the driver's fabric manager does not run", "start the service nvidia-fabricmanager"),
    (FORWARD, "the NVIDIA driver's libraries are of another version than the driver", "update the driver"),
    ("Something new\nand more", "Something new", "nvidia-smi shows what the driver sees"),
]


@pytest.mark.parametrize(("message", "why", "what_to_do"), CASES)
@pytest.mark.parametrize("name", ["cuda", "cuda:1"])
def test_a_gpu_that_is_not_there_is_explained_in_one_line(gpu_build, message, why, what_to_do, name):
    gpu_build(message)
    with pytest.raises(EngineError) as caught:
        choose_device(name)
    assert caught.value.message == f"no device {name!r} on this machine: {why}"
    assert caught.value.hint.startswith(what_to_do)
    assert caught.value.hint.endswith("--device cpu computes without a GPU")
    assert "\n" not in caught.value.message + caught.value.hint


def test_hidden_gpus_are_named(gpu_build, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    gpu_build("No CUDA GPUs are available")
    with pytest.raises(EngineError, match=r"shows no GPU, and CUDA_VISIBLE_DEVICES is ''\n"):
        choose_device("cuda")


def test_a_pytorch_without_cuda_is_named(monkeypatch):
    monkeypatch.setattr(torch.version, "cuda", None)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(
        EngineError, match=f"PyTorch {torch.__version__.replace('+', '.')} was built without support for GPUs"
    ):
        choose_device("cuda")


@pytest.mark.parametrize(("message", "why", "what_to_do"), CASES[:4])
@pytest.mark.parametrize("arguments", [("--engine", "cuda"), ("--device", "cuda")])
def test_the_command_ends_with_exit_code_2_and_one_line(
    gpu_build, message, why, what_to_do, arguments, tmp_path, capsys
):
    gpu_build(message)
    with pytest.raises(SystemExit) as ended:
        main_with(["train", "--data", "digits", "--out", str(tmp_path / "run"), *arguments])
    assert ended.value.code == 2
    error, hint = capsys.readouterr().err.splitlines()[-2:]
    assert error == f"error: no device 'cuda' on this machine: {why}"
    assert hint.startswith(f"hint: {what_to_do}")
    assert not (tmp_path / "run").exists()


def main_with(arguments):
    import sys

    before, sys.argv = sys.argv, ["lenet", *arguments]
    try:
        main()
    finally:
        sys.argv = before


def first_touch(tiny, monkeypatch, error, device="cuda:0"):
    """What an engine says whose first tensor cannot be sent to the device."""

    def to(self, *arguments, **options):
        raise error

    monkeypatch.setattr(torch.nn.Module, "to", to)
    with pytest.raises(EngineError) as caught:
        cuda_engine(configure("fast"), tiny.train, device)
    assert "\n" not in caught.value.message
    return caught.value


@pytest.mark.parametrize("message", [BUSY, BUSY_BEFORE])
def test_a_gpu_that_somebody_else_holds_is_named(tiny, monkeypatch, message):
    """In exclusive mode."""
    error = first_touch(tiny, monkeypatch, RuntimeError(message))
    assert error.message == "cuda:0 is taken by another program"
    assert error.hint.startswith("compute on the CPU (--device cpu")


def test_a_gpu_whose_memory_somebody_else_holds_is_named(tiny, monkeypatch):
    error = first_touch(tiny, monkeypatch, torch.OutOfMemoryError(FULL))
    assert error.message.startswith("cuda:0 is out of memory for the network")
    assert "end what holds it" in error.hint


def test_a_gpu_that_pytorch_has_no_code_for_is_named(tiny, monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (3, 7))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "Tesla K80")
    error = first_touch(tiny, monkeypatch, RuntimeError(NO_IMAGE))
    assert error.message == f"PyTorch {torch.__version__} has no code for cuda:0 (Tesla K80, compute capability 3.7)"
    assert "install a PyTorch built for this GPU" in error.hint


@pytest.mark.parametrize("message", [OLD_DRIVER, NO_DRIVER, NOT_READY])
def test_what_is_found_out_only_at_the_first_use_is_explained_too(message, gpu_build):
    with pytest.raises(EngineError, match=r"^cuda:0 cannot be used: "), first_use("cuda:0"):
        raise RuntimeError(message)


def test_other_errors_pass_unchanged():
    for error in (RuntimeError("shapes"), EngineError("ours"), ValueError("x")):
        with pytest.raises(type(error)) as caught, first_use("cuda:0"):
            raise error
        assert caught.value is error


def test_the_engine_cuda_says_that_it_was_not_measured_yet(monkeypatch):
    assert choose_engine("cuda", build("lenet"), "cuda:0").reason == "as requested; not measured on a GPU yet"
    monkeypatch.setattr(gpu, "MEASURED", True)
    assert choose_engine("cuda", build("lenet"), "cuda:0").reason == "as requested"
    with pytest.raises(EngineError, match="the engine cuda does not compute on cpu") as caught:
        choose_engine("cuda", build("lenet"), "cpu")
    assert caught.value.hint == "add --device cuda"


def test_an_engine_decides_the_device_that_is_left_open(monkeypatch):
    monkeypatch.setattr(choice, "devices", lambda: ["cpu", "cuda:0", "cuda:1"])
    assert choose_device("auto", "cuda").name == "cuda:0"
    assert choose_device("auto", "cpu").name == "cpu"
    assert choose_device("cuda:1", "cuda").name == "cuda:1"
