import pytest
import torch

from lenet.engines import kernels
from lenet.engines.choice import choose_device, choose_engine
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
