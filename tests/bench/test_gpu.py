"""bench/gpu.sh without a GPU, and its figures in tiny sizes on the CPU, so that the few minutes with a GPU are not lost."""

import dataclasses
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch

examples, gpu, figures, bundle, record, contenders, recording = (
    pytest.importorskip(name, reason="bench/ is not there")
    for name in ("examples", "gpu", "gpu_figures", "gpu_bundle", "gpu_record", "gpu_contenders", "recording")
)
COMPILED, EAGER = contenders.COMPILED, contenders.EAGER

ROOT = Path(__file__).parents[2]


@pytest.fixture
def bench(monkeypatch):
    """The smallest sizes; torch.compile, which takes a minute, does nothing."""
    monkeypatch.setattr(torch, "compile", lambda function, mode: function)
    monkeypatch.setattr(torch.compiler, "cudagraph_mark_step_begin", lambda: None)
    log = recording.Log("gpu", record=False)
    sizes = dataclasses.replace(contenders.TINY, repeats=1)
    return contenders.Bench(torch.device("cpu"), contenders.made_up(300), sizes, log)


@pytest.mark.process
def test_without_a_gpu_every_step_that_needs_one_is_skipped(tmp_path):
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "PYTHON": sys.executable, "BUNDLE": str(tmp_path / "none")}
    done = subprocess.run(
        ["bash", "bench/gpu.sh", tmp_path], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert not done.stderr
    lines = (tmp_path / "summary.txt").read_text(encoding="utf-8").splitlines()
    assert lines == done.stdout.splitlines()[:-1]
    states = {line[:44].strip(): line[45:53].strip() for line in lines}
    assert states.pop("what is missing") == states.pop("CPU kernels") == "passed"
    assert len(states) == 1 + 1 + 1 + 4 + len(examples.PROGRAMS)
    assert set(states.values()) == {"skipped"}
    assert all("no GPU" in line for line in lines[2:])


def test_steps_are_measured_beside_pytorch_and_the_limits(bench):
    saved = []
    found = figures.steps(
        dataclasses.replace(bench, save=lambda result: saved.append(set(result["images_per_second"])))
    )
    assert saved[0] == saved[1] - {COMPILED}
    names = {"lenet cuda", "lenet cuda, tf32", "lenet cuda, bf16", "lenet reference", EAGER, COMPILED}
    assert names < set(found["images_per_second"]), bench.log.text.getvalue()
    assert "failed" not in bench.log.text.getvalue()
    assert set(found["ratio"]) == {EAGER, COMPILED}
    assert found["ratio"][EAGER][EAGER] == 1
    assert all(share > 0 for share in found["shares"].values())
    assert found["needs"]["launches"] > 10  # what was counted here are PyTorch's operations


def test_epochs_and_a_whole_training_are_measured(bench):
    found = figures.epochs(bench)
    assert all(each["median"] > 0 for each in found["seconds"].values())
    assert set(found["accuracy"]) == {"lenet cuda", EAGER, "lenet train"}


def test_the_clock_stops_at_the_first_evaluation_that_reaches_the_accuracy(bench, monkeypatch):
    monkeypatch.setattr(figures, "SPRINTS", {"sprint": {}, "hopeless": {"learning_rate": 1e-9}})
    found = figures.accuracy(bench)
    assert found["sprint"]["epochs"] == [1]
    assert found["sprint"]["median"] > 0
    assert found["hopeless"]["median"] is None
    assert "never" in bench.log.text.getvalue()


def test_networks_at_once_are_measured_by_their_number(bench):
    found = figures.many(bench)
    assert list(found) == ["1", "2"], bench.log.text.getvalue()
    assert all(each["median"] > 0 for each in found.values())


def test_a_program_must_print_the_device(bench, tmp_path, monkeypatch):
    name = next(iter(examples.PROGRAMS))
    monkeypatch.setattr(examples, "ROOT", tmp_path)
    script = tmp_path / "examples" / f"{name}.py"
    script.parent.mkdir()
    script.write_text("print('training on cpu')\nprint('loss 0.5, test acc 0.8')\n")
    found = figures.program(bench, name)
    assert found["on_device"]
    assert found["printed"] == "loss 0.5, test acc 0.8"
    for device in ("cuda", "cuda:0"):
        script.write_text(f"print('training on {device}')\n")
        assert not figures.program(bench, name)["on_device"]
        on_gpu = dataclasses.replace(bench, device=torch.device("cuda:0"))
        assert figures.program(on_gpu, name)["on_device"]


def test_a_figure_that_fails_later_leaves_what_it_had_measured(tmp_path, monkeypatch):
    def fails(*arguments):
        raise RuntimeError("the profiler")

    monkeypatch.setattr(figures, "profiled", fails)
    monkeypatch.setattr(sys, "argv", ["gpu.py", "many", "--device", "cpu", "--tiny", "--out", str(tmp_path)])
    with pytest.raises(RuntimeError, match="the profiler"):
        gpu.main()
    lines = (tmp_path / "many.log").read_text(encoding="utf-8").splitlines()
    assert set(json.loads(lines[-1])) == {"figure", "1", "2"}


def test_the_record_compares_the_figures_with_their_targets(tmp_path):
    logs: dict[str, dict[str, Any]] = {
        "steps": {"images_per_second": {"lenet cuda": {"median": 4e6}}, "ratio": {EAGER: {"lenet cuda": 8.0}}},
        "accuracy": {
            "slow": {"median": 1.5, "capture_seconds": 1.0},
            "fast": {"median": 0.5, "capture_seconds": 1.0},
            "never": {"median": None},
        },
        "program-a": {"on_device": True},
        "program-b": {"on_device": False},
    }
    for name, result in logs.items():
        (tmp_path / f"{name}.log").write_text(f"# about {name}\n{json.dumps({'figure': name, **result})}\n")
    summary = tmp_path / "summary.txt"
    summary.write_text("steps alone   passed   9 s\n")
    text = record.joined(tmp_path, summary)
    assert all(f"# about {name}\n" in text for name in logs)
    last = json.loads(text.splitlines()[-1])
    assert last["bench"] == "gpu"
    assert last["steps"] == ["steps alone   passed   9 s"]
    assert last["figures"]["steps"] == logs["steps"]
    targets = last["targets"]
    assert targets["90 % from the first step"] == 0.5
    assert "90 % by fast; capturing graphs took 1.00 s" in text
    assert targets["published programs on the GPU"] == 1
    assert targets["K = 128 networks at once"] is None
    met = {line[:40].strip(): line.split("  ")[-1] for line in text.splitlines() if line.endswith("met")}
    assert met["steps alone"] == met["90 % from the first step"] == "met"
    assert met["steps against PyTorch eager"] == "NOT met"


def test_the_bundle_has_what_lenet_needs_without_what_is_there():
    names = {line.partition("==")[0] for line in bundle.requirements({"numpy", "matplotlib"}, "3.12")}
    assert {"platformdirs", "pillow", "typer", "rich", "pytest", "certifi"} <= names
    assert not names & {"numpy", "torch", "matplotlib"}


def test_only_wheels_that_are_missing_or_too_old_are_unpacked(tmp_path, monkeypatch):
    for name in ("made_up_package-1.0", "numpy-99.0", "rich-99.0"):
        (tmp_path / "wheels").mkdir(exist_ok=True)
        with zipfile.ZipFile(tmp_path / "wheels" / f"{name}-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"{name}.txt", "")
    monkeypatch.setattr(bundle, "minimums", lambda: {"rich": "98", "numpy": "1.26"})
    site = tmp_path / "site"
    assert bundle.install(tmp_path, site).startswith("unpacked made-up-package, rich (had ")
    assert {path.name for path in site.iterdir()} == {"made_up_package-1.0.txt", "rich-99.0.txt"}
    monkeypatch.setattr(bundle, "minimums", lambda: {"another-package": "1"})
    with pytest.raises(SystemExit, match="another-package missing here"):
        bundle.install(tmp_path, site)


def test_a_copy_that_differs_from_the_commit_is_marked(tmp_path, monkeypatch):
    monkeypatch.setattr(bundle, "ROOT", tmp_path)
    (tmp_path / "code.py").write_text("1")
    (tmp_path / "files").write_text(f"abc\n{bundle.digest(tmp_path / 'code.py')}  code.py\n")
    assert bundle.commit_there(tmp_path) == "abc"
    (tmp_path / "code.py").write_text("2")
    assert bundle.commit_there(tmp_path) == "abc+"
    assert bundle.commit_there(tmp_path / "none") == "unknown+"
