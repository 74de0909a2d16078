"""What is recorded of where a training computes, and which changes are reported."""

import dataclasses
import importlib.metadata
import os
import platform
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from toys import ENVIRONMENT

from lenet.engines import kernels
from lenet.runs import environment
from lenet.version import __version__


def test_every_key_describes_this_process(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/somewhere/bin/lenet", "train", "--seed", "3"])
    monkeypatch.setattr(environment, "git_commit", lambda folder: f"commit of {folder.parent.name}")
    here = environment.describe("0" * 64, 3)
    assert here.to_dict() == {
        "lenet": __version__,
        "commit": "commit of lenet",
        "python": platform.python_version(),
        "torch": environment.torch_version(),
        "numpy": np.__version__,
        "safetensors": importlib.metadata.version("safetensors"),
        "platform": platform.platform(),
        "processor": environment.processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "threads": 3,
        "kernels": f"{kernels.variant_name()} {kernels.library().lenet_build().decode()}",
        "gpu": here.gpu,
        "command": ["lenet", "train", "--seed", "3"],
        "data_fingerprint": "0" * 64,
    }


DECIDES = ("lenet", "commit", "numpy", "processor", "kernels")  # the last bits of a training on any engine


@pytest.mark.parametrize("name", [spec.name for spec in dataclasses.fields(ENVIRONMENT)])
def test_only_what_decides_the_last_bits_is_a_difference(name):
    before = dataclasses.replace(ENVIRONMENT, cores=3, command=("lenet",))
    other = {"threads": 7, "cores": 7, "command": (), "resumed": (None,)}.get(name, "other")
    now = dataclasses.replace(before, **{name: other})
    words = [f"{name} {getattr(before, name) or 'none'} → {other}"]
    assert environment.differences(before, now, "cpu") == (words if name in DECIDES else [])
    with_pytorch = (*DECIDES, "torch", "gpu", "cuda", "threads")
    assert environment.differences(before, now, "reference") == (words if name in with_pytorch else [])


def test_what_was_there_and_is_gone_is_a_difference():
    before = dataclasses.replace(ENVIRONMENT, kernels="avx2")
    assert environment.differences(before, ENVIRONMENT, "cpu") == ["kernels avx2 → none"]


def test_what_computes_on_a_gpu_is_described(monkeypatch, tmp_path):
    """With the driver, where nvidia-smi names it."""
    torch = SimpleNamespace(
        __version__="9.9",
        version=SimpleNamespace(cuda="12.8"),
        backends=SimpleNamespace(cudnn=SimpleNamespace(version=lambda: 91002)),
        cuda=SimpleNamespace(is_available=lambda: True, get_device_name=lambda: "a GPU"),
    )
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert environment._cuda() == "CUDA 12.8, cuDNN 91002"
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 570.86.10\n", encoding="utf-8")
    program.chmod(0o755)
    assert environment._cuda() == "CUDA 12.8, cuDNN 91002, driver 570.86.10"
    assert environment.describe("0" * 64, 1, "tf32").to_dict()["precision"] == "tf32"
    assert "precision" not in environment.describe("0" * 64, 1).to_dict()


def test_pytorch_is_described_only_as_far_as_it_is_there(monkeypatch):
    cuda = SimpleNamespace(is_available=lambda: True, get_device_name=lambda: "a GPU")
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(__version__="9.9", cuda=cuda))
    assert (environment.torch_version(), environment._gpu()) == ("9.9", "a GPU")
    cuda.is_available = lambda: False
    assert environment._gpu() is None
    assert environment._cuda() is None
    monkeypatch.delitem(sys.modules, "torch")
    assert environment._gpu() is None

    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", lambda name: f"{name} 1.0")
    assert environment.torch_version() == "torch 1.0"
    monkeypatch.setattr(importlib.metadata, "version", missing)
    assert environment.torch_version() is None


def test_without_kernels_none_are_recorded(no_kernels):
    assert environment.kernels_build() is None


def test_the_processor_is_named_as_the_system_does(tmp_path, monkeypatch):
    file = tmp_path / "cpuinfo"
    monkeypatch.setattr(environment, "Path", lambda name: {"/proc/cpuinfo": file}[name])
    monkeypatch.setattr(platform, "processor", lambda: "")
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    assert environment.processor() == "riscv64"
    file.write_text("vendor_id\t: A\nmodel name\t: A: 9 GHz\nmodel name\t: B\n")
    assert environment.processor() == "A: 9 GHz"
    file.write_text("hart : 0\n")
    monkeypatch.setattr(platform, "processor", lambda: "rv64")
    assert environment.processor() == "rv64"


def test_the_commit_is_of_lenets_repository_and_marked_if_files_differ(tmp_path):
    def git(*command):
        identity = ["-c", "user.name=a", "-c", "user.email=a@b.invalid", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", "-C", tmp_path, *identity, *command], check=True, capture_output=True)

    inner = tmp_path / "src" / "lenet" / "runs"
    inner.mkdir(parents=True)
    assert environment.git_commit(inner) is None
    environment.git_commit.cache_clear()
    (inner / "a.py").write_text("1")
    git("init")
    git("add", ".")
    git("commit", "-m", "first")
    commit = environment.git_commit(inner)
    assert len(commit) == 40
    environment.git_commit.cache_clear()
    (inner / "new.py").write_text("not of the repository")
    assert environment.git_commit(inner) == commit
    environment.git_commit.cache_clear()
    (inner / "a.py").write_text("2")
    assert environment.git_commit(inner) == f"{commit}+"
    environment.git_commit.cache_clear()
    other = tmp_path / "src" / "other"
    (tmp_path / "src" / "lenet").rename(other)
    assert environment.git_commit(other) is None
    environment.git_commit.cache_clear()
