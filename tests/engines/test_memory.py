"""Out of memory and lost devices: recognised in every wording, explained by what was being done."""

import errno
import os
import subprocess
import sys
import textwrap
import weakref

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lenet.engines import memory_report
from lenet.engines.memory import (
    ANY,
    EVALUATION,
    FIRST_TOUCH,
    SAVING,
    STEP,
    in_chunks,
    is_lost_device,
    is_out_of_memory,
    memory_explained,
)
from lenet.errors import EngineError, ModelError


@pytest.fixture(autouse=True)
def with_onednn():
    """It is given up once it has failed, here as elsewhere."""
    yield
    torch.backends.mkldnn.enabled = True


SHORT = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    RuntimeError("MPS backend out of memory"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory"),
    RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 8 bytes."),
    RuntimeError("std::bad_alloc"),
    RuntimeError("could not create a primitive"),
    MemoryError(),
    OSError(errno.ENOMEM, "Cannot allocate memory"),
]
LOST = [
    RuntimeError("CUDA error: unspecified launch failure"),
    RuntimeError("CUDA error: uncorrectable ECC error encountered"),
    RuntimeError("CUDA error: device-side assert triggered\nCompile with TORCH_USE_CUDA_DSA"),
    RuntimeError("CUDA error: an illegal memory access was encountered"),
    RuntimeError("CUDA error: the launch timed out and was terminated"),
    RuntimeError("CUDA error: no CUDA-capable device is detected"),
]
OTHER = [
    RuntimeError("shape '[2]' is invalid for input of size 3"),
    ValueError("out of memory"),  # only errors of PyTorch are known by their words
    ValueError("unspecified launch failure"),
    OSError(errno.ENOSPC, "No space left on device"),
    RuntimeError("CUDA error: invalid device ordinal"),
]


def wrapped(error, depth, by_cause):
    """The error as the origin of others, `depth` of them."""
    for _ in range(depth):
        outer = RuntimeError("the layer failed")
        outer.__cause__, outer.__context__ = (error, error) if by_cause else (None, error)
        error = outer
    return error


@given(st.sampled_from(SHORT), st.integers(0, 3), st.booleans())
def test_every_wording_is_out_of_memory_however_deep(error, depth, by_cause):
    error = wrapped(error, depth, by_cause)
    assert is_out_of_memory(error)
    assert not is_lost_device(error)


@given(st.sampled_from(LOST), st.integers(0, 3), st.booleans())
def test_a_lost_device_is_lost_however_deep(error, depth, by_cause):
    error = wrapped(error, depth, by_cause)
    assert is_lost_device(error)
    assert not is_out_of_memory(error)


@pytest.mark.parametrize("error", OTHER, ids=repr)
def test_other_errors_stay_what_they_are(error):
    assert not is_out_of_memory(error)
    assert not is_lost_device(error)
    with pytest.raises(type(error)) as raised, memory_explained("cuda:0", STEP):
        raise error
    assert raised.value is error


def test_what_is_explained_already_is_not_explained_again():
    error = ModelError("a network of another kind")
    error.__cause__ = MemoryError()
    with pytest.raises(ModelError) as raised, memory_explained("cuda:0"):
        raise error
    assert raised.value is error


def test_a_chain_that_bites_its_tail_ends():
    one, two = RuntimeError("one"), RuntimeError("two")
    one.__context__, two.__context__ = two, one
    assert not is_out_of_memory(one)


@pytest.fixture
def nvidia_smi(tmp_path, monkeypatch):
    """A program of that name on PATH, whose answer is given."""

    def make(script):
        program = tmp_path / "nvidia-smi"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    return make


def explanation(error, device="cuda:0", phase=ANY, doing=""):
    """What is said of an error."""
    with pytest.raises(EngineError) as raised, memory_explained(device, phase, doing):
        raise error
    assert raised.value.__cause__ is error
    return raised.value


@pytest.mark.skipif(sys.platform == "win32", reason="the program is a shell script")
@pytest.mark.parametrize("error", SHORT[:2], ids=repr)
def test_who_holds_a_gpu_is_named_and_the_cpu_offered(nvidia_smi, error):
    nvidia_smi(f"echo '4242, /opt/a, b/python3, 20480 MiB'; echo '{os.getpid()}, python3, 1 MiB'; echo '7, x, [N/A]'")
    said = explanation(error, phase=FIRST_TOUCH, doing="for the training set")
    assert said.message.startswith("cuda:0 is out of memory for the training set")
    assert said.message.endswith("; it is used by python3 (process 4242, 20480 MiB), x (process 7, [N/A])")
    assert "--device cpu; in Python device='cpu'" in said.hint


@pytest.mark.skipif(sys.platform == "win32", reason="the program is a shell script")
def test_only_a_few_holders_are_named(nvidia_smi):
    nvidia_smi('for n in 1 2 3 4 5 6 7; do echo "$n, game, $n MiB"; done')
    assert explanation(SHORT[0]).message.endswith("game (process 4, 4 MiB) and 3 more")


@pytest.mark.skipif(sys.platform == "win32", reason="the program is a shell script")
@pytest.mark.parametrize(
    "script", ["exit 9", "echo", "echo No devices were found", "exec sleep 60", "printf '\\377, \\n'"]
)
def test_without_a_sensible_answer_nobody_is_named(nvidia_smi, script, monkeypatch):
    monkeypatch.setattr(memory_report, "TIMEOUT", 0.2)
    nvidia_smi(script)
    said = explanation(SHORT[0]).message
    assert said.startswith("cuda:0 is out of memory")
    assert "used by" not in said


def test_a_gpu_that_cannot_return_its_memory_does_not_hide_the_explanation(monkeypatch):
    def fail():
        raise RuntimeError("CUDA error: initialization error")

    monkeypatch.setattr(torch.cuda, "empty_cache", fail)
    assert explanation(SHORT[0]).message.startswith("cuda:0 is out of memory")


def test_a_gpu_that_another_program_has_to_itself():
    error = RuntimeError("CUDA error: CUDA-capable device(s) is/are busy or unavailable")
    said = explanation(error, phase=FIRST_TOUCH, doing="for the network")
    assert said.message.startswith("cuda:0 is taken by another program")
    assert "--device cpu" in said.hint
    said = explanation(error, phase=STEP, doing="in a step")
    assert said.message.startswith("cuda:0 was lost in a step: CUDA error: CUDA-capable")


@pytest.mark.parametrize("error", SHORT, ids=repr)
def test_on_a_cpu_nothing_is_said_of_gpus(error):
    for phase in (ANY, FIRST_TOUCH, STEP, EVALUATION, SAVING):
        said = explanation(error, "cpu", phase, "in a test")
        assert said.message.startswith("this program is out of memory in a test")
        assert not any(word in str(said) for word in ("GPU", "cuda", "--device"))


@pytest.mark.parametrize("error", [MemoryError(), SHORT[4]], ids=repr)
def test_the_machines_own_memory_is_named_beside_a_gpu(error):
    said = explanation(error, phase=SAVING, doing="copying the weights")
    assert said.message.startswith("this program is out of memory copying the weights")
    assert "lenet train --resume RUN" in said.hint


@pytest.mark.parametrize("error", LOST, ids=repr)
def test_a_lost_device_says_how_to_go_on(error):
    for phase in (STEP, SAVING):
        said = explanation(wrapped(error, 1, True), phase=phase, doing="in a step")
        assert said.message == f"cuda:0 was lost in a step: {str(error).splitlines()[0]}"
        assert said.hint.startswith("lenet train --resume RUN continues from the last checkpoint, on the same device")
    for phase in (ANY, FIRST_TOUCH, EVALUATION):
        said = explanation(error, phase=phase)
        assert said.message.startswith("cuda:0 was lost: CUDA error: ")
        assert "--device cpu" in said.hint


@pytest.mark.parametrize("phase", [ANY, FIRST_TOUCH, STEP, EVALUATION, SAVING])
def test_the_hints_of_every_phase_are_whole(phase):
    for hint in (phase.gpu, phase.machine, phase.lost):
        assert len(hint) > 40
        assert "None" not in hint
    assert "has to be restarted to use it" in phase.lost


@given(st.integers(0, 40), st.integers(1, 50), st.integers(1, 50))
def test_chunks_give_what_the_whole_gives(count, size, most):
    """Whatever fits: all pictures, each once, in order; no chunk larger than fits once that is known."""
    asked = []

    def compute(chunk):
        asked.append(len(chunk))
        if len(chunk) > most:
            raise SHORT[0]
        return chunk + 1

    images = torch.arange(count)
    assert torch.equal(torch.cat(in_chunks(compute, images, size)), images + 1)
    done = [length for length in asked if length <= most]
    assert sum(done) == count
    assert asked == sorted(asked, reverse=True)
    assert asked[0] == min(count, size)
    assert len(asked) - len(done) <= 6  # halvings of 50


def test_one_picture_that_is_too_much_ends_it_and_other_errors_at_once():
    asked = []

    def compute(chunk):
        asked.append(len(chunk))
        raise error

    error = SHORT[1]
    with pytest.raises(RuntimeError, match="out of memory"):
        in_chunks(compute, torch.zeros(10), 8)
    assert asked == [8, 4, 2, 1]
    asked.clear()
    error = ValueError("no")
    with pytest.raises(ValueError, match="no"):
        in_chunks(compute, torch.zeros(10), 8)
    assert asked == [8]


def test_what_a_failed_computation_holds_is_freed_though_its_error_is_kept():
    kept = []

    def fail():
        activations = torch.zeros(10)
        kept.append(weakref.ref(activations))
        raise SHORT[0]

    def fail_again():
        try:
            fail()
        except RuntimeError as error:
            assert kept[0]() is not None
            raise ValueError("outer") from error

    with pytest.raises(EngineError) as raised, memory_explained("cpu"):
        fail_again()
    assert raised.value.__cause__.__cause__ is SHORT[0]
    assert raised.value.__cause__.__cause__.__traceback__ is not None  # lines can still be shown
    assert kept[0]() is None


@pytest.mark.skipif(sys.platform != "linux", reason="limits of the address space hold on Linux")
def test_a_real_lack_of_memory_on_the_cpu_is_recognised():
    """PyTorch's allocator and NumPy's, each told to take more than the process may."""
    program = """
        import resource
        import numpy as np
        import torch
        from lenet.engines.memory import memory_explained
        from lenet.errors import EngineError

        resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
        for take in (torch.zeros, np.zeros):
            try:
                with memory_explained("cpu", doing="in a test"):
                    take(8 << 30)
            except EngineError as error:
                print(type(error.__cause__).__name__, error.message)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=True)
    first, second = done.stdout.splitlines()
    assert first.startswith("RuntimeError this program is out of memory in a test: of this machine's ")
    assert second.split()[0] in ("MemoryError", "_ArrayMemoryError")
    assert first.endswith("and its limit is 4.3 (ulimit -v)")


@pytest.mark.skipif(sys.platform != "linux", reason="limits of the address space hold on Linux")
def test_after_a_lack_of_memory_pytorch_avoids_onednn():
    """Once there is room again it still fails, in the thread where it failed; a small chunk is no cure, another kernel is."""
    program = """
        import resource
        import numpy as np
        import torch
        from lenet.configuration import configure
        from lenet.images.preprocess import Preprocessing
        from lenet.pytorch.reference import ReferenceEngine
        from lenet.models import build

        torch.set_num_threads(1)
        images = np.random.default_rng(0).integers(0, 256, (40, 28, 28)).astype(np.uint8)
        engine = ReferenceEngine(build("lenet", seed=0), None, configure("book-sgd"), Preprocessing((28, 28)))
        expected = engine.logits(images)
        pictures = torch.zeros(41, 1, 28, 28)
        resource.setrlimit(resource.RLIMIT_AS, (1 << 20, resource.RLIM_INFINITY))
        try:
            engine.module(pictures)
            said = "nothing"
        except RuntimeError as error:
            said = str(error)
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        np.testing.assert_allclose(engine.logits(images[:39]), expected[:39], rtol=1e-5)
        print(said)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=True)
