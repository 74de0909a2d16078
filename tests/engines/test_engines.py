import pytest
import torch

from lenet.engines import kernels
from lenet.engines.choice import choose_device, choose_engine, memory_explained
from lenet.errors import EngineError
from lenet.models import build


def test_auto_takes_what_is_there_and_says_why():
    choice = choose_device("auto")
    if torch.cuda.is_available():
        assert choice.name == "cuda:0"
    else:
        assert choice.name == "cpu"
        assert ("no GPU found" in choice.reason) is not torch.backends.mps.is_available()


def test_auto_takes_the_cpu_engine_where_it_can():
    choice = choose_engine("auto", build("lenet"), (28, 28), "cpu")
    assert choice.name == "cpu"
    assert choice.reason == f"auto: own kernels for {kernels.variant_name()}"


def test_what_is_asked_for_is_taken():
    assert choose_device("cpu").reason == "as asked"
    assert choose_engine("reference", build("lenet"), (28, 28), "cpu").reason == "as asked"
    assert choose_engine("cpu", build("lenet"), (28, 28), "cpu").reason.startswith("as asked, own kernels for ")


@pytest.mark.parametrize("name", ["cuda:99", "tpu", "cuda:x", ""])
def test_a_device_that_is_not_there_is_refused(name):
    with pytest.raises(EngineError) as caught:
        choose_device(name)
    assert caught.value.message == f"no device {name!r} on this machine"
    assert caught.value.hint.startswith("there is cpu")


@pytest.mark.parametrize(
    "error",
    [torch.OutOfMemoryError("CUDA out of memory. Tried"), RuntimeError("CUDA error: out of memory\nCUDA kernel")],
)
def test_a_gpu_without_room_says_how_to_go_on(error):
    with pytest.raises(EngineError, match="out of memory") as raised, memory_explained(torch.device("cuda:0")):
        raise error
    assert raised.value.message.startswith("cuda:0 is out of memory")
    assert "--device cpu; in Python device='cpu'" in raised.value.hint
    assert raised.value.__cause__ is error


def test_other_errors_stay_what_they_are():
    with pytest.raises(RuntimeError, match="shape"), memory_explained(torch.device("cpu")):
        raise RuntimeError("shape")
