"""Who holds the memory: every number and program that is known, and nothing where it is not."""

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from lenet.engines import memory_report
from lenet.engines.memory_report import gpu_memory, gpu_programs, machine_memory

GB = 10**9


def fake_torch(monkeypatch, **cuda):
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=SimpleNamespace(**cuda)))


def test_the_memory_of_a_gpu_is_divided_among_its_holders(monkeypatch):
    fake_torch(monkeypatch, mem_get_info=lambda device: (1 * GB, 8 * GB), memory_reserved=lambda device: 5 * GB)
    assert gpu_memory("cuda:0") == (
        ": of its 8.0 GB this program's tensors hold 5.0, other programs and the driver 2.0, and 1.0 are free"
    )
    fake_torch(monkeypatch, mem_get_info=lambda device: (4 * GB, 8 * GB), memory_reserved=lambda device: 5 * GB)
    assert "other programs and the driver 0.0," in gpu_memory("cuda:0")


@pytest.mark.parametrize("error", [RuntimeError, ValueError, AssertionError])
def test_where_pytorch_cannot_tell_or_is_not_loaded_nothing_is_said(monkeypatch, error):
    def fail(device):
        raise error("no CUDA")

    fake_torch(monkeypatch, mem_get_info=fail)
    assert gpu_memory("cuda:0") == ""
    monkeypatch.delitem(sys.modules, "torch")
    assert gpu_memory("cuda:0") == ""


@pytest.fixture
def asked(monkeypatch):
    """What nvidia-smi is asked; its answer is `asked.answer`."""
    asked = SimpleNamespace(commands=[], answer="")

    def run(command, **options):
        asked.commands.append(command)
        assert options["timeout"] == memory_report.TIMEOUT
        return SimpleNamespace(stdout=asked.answer)

    monkeypatch.setattr(memory_report.shutil, "which", {"nvidia-smi": "/bin/nvidia-smi"}.get)
    monkeypatch.setattr(subprocess, "run", run)
    return asked


@pytest.mark.parametrize("count", [1, 3, 4, 5, 6])
def test_four_programs_are_named_and_the_others_counted(asked, count):
    own = f"{os.getpid()}, python, 9 MiB\n"
    asked.answer = own + "".join(f"1{n}, /opt/game {n}, {n} MiB\n" for n in range(count)) + "No devices\n"
    names = ", ".join(f"game {n} (process 1{n}, {n} MiB)" for n in range(min(count, 4)))
    more = {5: " and 1 more", 6: " and 2 more"}.get(count, "")
    assert gpu_programs("cuda:0") == f"; it is used by {names}{more}"


def test_alone_on_a_gpu_nobody_is_named(asked):
    asked.answer = f"{os.getpid()}, python, 9 MiB\n"
    assert gpu_programs("cuda:0") == ""


def test_only_the_gpu_in_question_is_asked_for_if_it_is_known(asked, monkeypatch):
    query = ["/bin/nvidia-smi", "--query-compute-apps=pid,process_name,used_memory", "--format=csv,noheader"]
    fake_torch(monkeypatch, get_device_properties=lambda device: SimpleNamespace(uuid=f"of {device}"))
    gpu_programs("cuda:1")
    monkeypatch.delitem(sys.modules, "torch")
    gpu_programs("cuda:1")
    gpu_programs("cpu")
    assert asked.commands == [[*query, "--id=GPU-of cuda:1"], query]


@pytest.mark.parametrize("error", [OSError(), ValueError(), MemoryError(), subprocess.TimeoutExpired("nvidia-smi", 5)])
def test_without_an_answer_nobody_is_named(asked, monkeypatch, error):
    def fail(*_, **options):
        raise error

    monkeypatch.setattr(subprocess, "run", fail)
    assert gpu_programs("cuda:0") == ""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
@pytest.mark.parametrize(("limit", "words"), [(-1, ""), (4 * GB, ", and its limit is 4.0 (ulimit -v)")])
def test_the_memory_of_the_machine(tmp_path, monkeypatch, limit, words):
    import resource

    file = tmp_path / "meminfo"
    monkeypatch.setattr(memory_report, "Path", lambda name: {"/proc/meminfo": file}[name])
    monkeypatch.setattr(resource, "getrlimit", lambda what: {resource.RLIMIT_AS: (limit, -1)}[what])
    monkeypatch.setattr(resource, "RLIM_INFINITY", -1)
    assert machine_memory() == ""
    file.write_text("MemTotal:       16000000 kB\nMemFree:  1 kB\nMemAvailable:    2500000 kB\n")
    assert machine_memory() == f": of this machine's 16.0 GB 2.5 are free{words}"
    file.write_text("MemTotal:       16000000 kB\n")
    assert machine_memory() == ""
