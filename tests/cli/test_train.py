"""`lenet train`: what it prints, where, and which settings it passes on."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

import lenet
from lenet.config import FIELDS
from lenet.configuration import configure
from lenet.training import resume as resuming
from lenet.training import train as training
from lenet.training.interrupts import Interrupted

SMALL = ("--data", "digits", "--epochs", "1", "--validation", "59000")


def test_one_line_per_epoch(lenet_command, tmp_path):
    code, out, err = lenet_command("train", *SMALL, "--epochs", "2", "--out", tmp_path / "run")
    assert (code, err) == (0, "")
    assert len(re.findall(r"^epoch \d/2  ", out, re.M)) == 2
    assert f"lenet evaluate {tmp_path / 'run'} --plot" in out


def test_json(lenet_command, tmp_path):
    code, out, err = lenet_command("train", *SMALL, "--json", "--out", tmp_path / "run")
    assert code == 0
    assert out.count("\n") == 1
    values = json.loads(out)
    assert values == lenet.load(tmp_path / "run").summary.to_dict()
    assert {
        "test_accuracy",
        "train_accuracy",
        "test_loss",
        "images_per_second",
        "images_per_second_end_to_end",
        "seconds",
        "parameters",
        "engine",
        "data",
        "run",
    } <= set(values)
    assert "epoch 1/1" in err
    healthy = ("--validation", "50000", "--json", "--quiet", "--out", tmp_path / "again")
    code, out, err = lenet_command("train", *SMALL, *healthy)
    assert (code, err) == (0, "")


def test_every_field_is_an_option(lenet_command):
    code, out, _ = lenet_command("train", "--help")
    assert code == 0
    for name in FIELDS:
        assert f"--{name.replace('_', '-')}" in out


def test_every_option_reaches_its_field(lenet_command, monkeypatch, tmp_path):
    given = {}

    def train(data, **options):
        given.update(options, data=data)
        raise Interrupted("stopped", 130)

    monkeypatch.setattr(training, "train", train)
    values = {
        "recipe": "book-sgd",
        "data": "digits",
        "size": (48, 64),
        "fit": "crop",
        "skip_bad": True,
        "split_seed": 4,
        "model": "lenet",
        "kernel_size": 3,
        "channels": (4, 8),
        "hidden": (30,),
        "activation": "tanh",
        "pooling": "avg",
        "padding": 1,
        "dropout": 0.3,
        "init": "default",
        "optimizer": "sgd",
        "learning_rate": 0.05,
        "momentum": 0.5,
        "nesterov": True,
        "weight_decay": 0.001,
        "schedule": "cosine",
        "warm_up": 0.1,
        "clip_norm": 1.5,
        "ema": 0.99,
        "batch_size": 33,
        "epochs": 1,
        "label_smoothing": 0.1,
        "class_weights": (1.0, 2.5),
        "teacher": "runs/big",
        "temperature": 2.5,
        "teacher_weight": 0.5,
        "normalize": True,
        "flip": True,
        "shift": 1,
        "augment": "light",
        "rotation": 6.0,
        "scale": 0.2,
        "shear": 7.0,
        "erasing": 0.25,
        "brightness": 0.15,
        "contrast": 0.35,
        "validation": 50_000,
        "keep": "best",
        "patience": 3,
        "seed": 11,
        "strict": True,
        "checkpoint_every": "40",
        "snapshots": 4,
        "engine": "cuda",
        "device": "cuda:1",
        "precision": "tf32",
        "threads": 1,
        "data_dir": str(tmp_path),
    }
    assert set(values) == set(FIELDS)
    flags = []
    for name, value in values.items():
        text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
        flags += [f"--{name.replace('_', '-')}"] + ([] if value is True else [text])
    assert lenet_command("train", *flags, "--quiet", "--out", tmp_path / "run") == (130, "", "")
    assert given.pop("out") == tmp_path / "run"
    del given["progress"]
    assert vars(configure(**given)) == values


def test_what_a_resumed_run_may_change_reaches_it(lenet_command, monkeypatch, tmp_path):
    given = {}

    def resume(run, **options):
        given.update(options, run=run)
        raise Interrupted("stopped", 130)

    monkeypatch.setattr(resuming, "resume", resume)
    options = ("--epochs", 3, "--teacher", tmp_path / "moved", "--data-dir", tmp_path)
    assert lenet_command("train", "--resume", tmp_path / "run", *options, "--quiet") == (130, "", "")
    del given["progress"]
    expected = {"run": tmp_path / "run", "epochs": 3, "teacher": str(tmp_path / "moved"), "data_dir": str(tmp_path)}
    assert given == expected


@pytest.mark.torch
def test_auto_falls_back_to_the_reference_engine(lenet_command, tmp_path):
    network = ("--model", "mlp", "--hidden", "9,9,9,9,9,9,9,9,9,9,9,9,9,9,9,9")
    code, out, err = lenet_command("train", *SMALL, *network, "--engine", "auto", "--out", tmp_path / "run")
    assert (code, err) == (0, "")
    (line,) = (line for line in out.splitlines() if "CPU kernels" in line)
    why = "auto: the CPU kernels do not take 34 layers; they take at most 32"
    assert line.startswith(f"engine  reference ({why}) on cpu ")
    resolved = lenet.load(tmp_path / "run").resolved
    assert (resolved.engine, resolved.engine_reason) == ("reference", why)


@pytest.mark.torch
def test_without_kernels(lenet_command, no_kernels, tmp_path):
    problem = "the CPU kernels are not built"
    hint = "install a C++ compiler, or `pip install ziglang`, then run `python -m lenet.engines.kernels`"
    small = (*SMALL, "--model", "softmax")
    code, out, err = lenet_command("train", *small, "--engine", "cpu", "--out", tmp_path / "no")
    assert (code, out, err) == (2, "", f"error: {problem}\nhint: {hint}\n")
    assert not (tmp_path / "no").exists()
    code, out, err = lenet_command("train", *small, "--engine", "auto", "--out", tmp_path / "run")
    assert (code, err) == (0, "")
    (line,) = (line for line in out.splitlines() if "CPU kernels" in line)
    assert line.startswith(f"engine  reference (auto: {problem}; {hint}) on cpu ")


def test_bad_out_folder_is_untouched(lenet_command, tmp_path):
    (tmp_path / "file").write_text("mine")
    code, _, err = lenet_command("train", *SMALL, "--out", tmp_path / "file")
    assert code == 2
    assert "is a file; expected a folder" in err
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/letter").write_text("mine")
    code, _, err = lenet_command("train", *SMALL, "--out", tmp_path / "folder")
    assert code == 2
    assert "is not empty" in err
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "folder", "letter"]


def test_without_network(lenet_command, no_network, tmp_path):
    small = ("--epochs", "1", "--validation", "59000", "--quiet")
    code, out, err = lenet_command("train", *small, "--out", tmp_path / "run")
    assert (code, out, err[:7]) == (0, "", "NOTICE ")
    assert "Taking the built-in digits instead" in err
    assert "Taking the built-in digits" in lenet.load(tmp_path / "run").resolved.notice
    code, out, err = lenet_command("train", "--data", "fashion-mnist", *small, "--out", tmp_path / "no")
    assert (code, out) == (2, "")
    assert "there is no network" in err
    assert "lenet data import DIR" in err
    assert not (tmp_path / "no").exists()


@pytest.mark.process
def test_ctrl_c_saves(tmp_path):
    """A real process and a real signal; then it is resumed to its end."""
    command = [
        sys.executable,
        "-m",
        "lenet",
        "train",
        "--data",
        "digits",
        "--epochs",
        "50",
        "--validation",
        "57000",
        "--out",
        "run",
    ]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    metrics = tmp_path / "run/metrics.jsonl"
    deadline = time.monotonic() + 60
    while not metrics.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "lenet train --resume run" in out
    assert err == ""
    assert not (tmp_path / "run/summary.json").exists()
    config = tmp_path / "run/config.json"
    config.write_text(config.read_text().replace('"epochs": 50', '"epochs": 3'))  # a shorter way to the end
    resumed = subprocess.run(
        [sys.executable, "-m", "lenet", "train", "--resume", "run", "--json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        env=os.environ,
    )
    assert json.loads(resumed.stdout)["epochs"] == 3
    assert lenet.load(tmp_path / "run").is_finished
