"""The command line as a person meets it: what it prints, where, and with which exit code."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import lenet
from lenet.cli import main
from lenet.config import FIELDS
from lenet.engines.cpu import CpuEngine


@pytest.fixture
def lenet_command(monkeypatch, capsys):
    """Runs a command in this process: (exit code, stdout, stderr)."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["lenet", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            main.main()
        captured = capsys.readouterr()
        return caught.value.code or 0, captured.out, captured.err

    return run


SMALL = ("--data", "digits", "--epochs", "1", "--validation", "59000")


def test_train_without_a_terminal_prints_one_line_per_epoch(lenet_command, tmp_path):
    code, out, err = lenet_command("train", *SMALL, "--epochs", "2", "--out", tmp_path / "run")
    assert (code, err) == (0, "")
    assert len(re.findall(r"^epoch \d/2  ", out, re.M)) == 2
    assert f"lenet evaluate {tmp_path / 'run'} --plot" in out


def test_json_is_one_line_on_stdout_and_all_else_on_stderr(lenet_command, tmp_path):
    code, out, err = lenet_command("train", *SMALL, "--json", "--out", tmp_path / "run")
    assert code == 0
    assert out.count("\n") == 1
    values = json.loads(out)
    assert values == lenet.load(tmp_path / "run").summary
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


def test_every_field_of_the_config_is_a_flag(lenet_command):
    code, out, _ = lenet_command("train", "--help")
    assert code == 0
    for name in FIELDS:
        assert f"--{name.replace('_', '-')}" in out


def test_every_flag_reaches_its_field(lenet_command, tmp_path):
    values = {
        "recipe": "book-sgd",
        "data": "digits",
        "model": "lenet",
        "kernel_size": 3,
        "channels": (4, 8),
        "hidden": (30,),
        "activation": "tanh",
        "pooling": "avg",
        "padding": 1,
        "init": "default",
        "optimizer": "sgd",
        "learning_rate": 0.05,
        "momentum": 0.5,
        "nesterov": True,
        "weight_decay": 0.001,
        "schedule": "one-cycle",
        "batch_size": 33,
        "epochs": 1,
        "label_smoothing": 0.1,
        "normalize": True,
        "flip": True,
        "shift": 1,
        "validation": 50_000,
        "seed": 11,
        "strict": True,
        "checkpoint_every": "40",
        "engine": "reference",
        "device": "cpu",
        "threads": 1,
        "data_dir": str(tmp_path),
    }
    assert set(values) == set(FIELDS)
    flags = []
    for name, value in values.items():
        text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
        flags += [f"--{name.replace('_', '-')}"] + ([] if value is True else [text])
    code, _, err = lenet_command("train", *flags, "--quiet", "--out", tmp_path / "run")
    assert (code, err) == (0, "")
    assert vars(lenet.load(tmp_path / "run").config) == values


def test_evaluate_prints_the_tables_and_writes_the_pictures(lenet_command, trained):
    code, out, err = lenet_command("evaluate", trained.path, "--plot")
    assert code == 0
    assert f"accuracy {trained.test_accuracy:.4f}" in out
    assert "confusion matrix" in out
    assert "precision" in out
    assert err.splitlines() == [
        f"wrote {trained.path / name}" for name in ("confusion-digits-test.png", "mistakes-digits-test.png")
    ]
    assert (trained.path / "mistakes-digits-test.png").stat().st_size > 10_000
    code, out, _ = lenet_command("evaluate", trained.path, "--json")
    values = json.loads(out)
    assert values["accuracy"] == trained.test_accuracy
    assert np.sum(values["confusion"]) == 10_000


def test_predict_names_a_picture_and_shows_what_was_seen(lenet_command, trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    test = lenet.data.load("digits").test
    for index in (0, 1):
        Image.fromarray(test.images[index]).save(tmp_path / f"{index}.png")
    code, out, err = lenet_command("predict", trained.path, "0.png", "1.png", "--show", "--top", 2)
    assert code == 0
    assert re.fullmatch(r"(\d\.png(  \d \d+\.\d%){2}\n){2}", out)
    assert err == "wrote 0-seen.png\nwrote 1-seen.png\n"
    code, out, _ = lenet_command("predict", trained.path, "0.png", "--json")
    assert sum(json.loads(out)["probabilities"].values()) == pytest.approx(1)


def test_weights_from_elsewhere_are_imported_and_the_next_command_named(lenet_command, tmp_path):
    import torch

    from lenet.models import build

    torch.save({f"layer.{name}": w for name, w in build("softmax", seed=0).state_dict().items()}, tmp_path / "net.pt")
    code, out, err = lenet_command(
        "import-weights", tmp_path / "net.pt", "--model", "softmax", "--data", "digits", "--mean", "0.5", "--std", "0.5"
    )
    assert code == 0, err
    assert ["layer.1.weight", "1.weight", "10×784"] in [line.split() for line in out.splitlines()]
    assert "names differ; tensors were matched by their shapes" in out
    path = tmp_path / "net.safetensors"
    assert err.splitlines() == [f"wrote {path}", f"next: lenet evaluate {path} --data digits"]
    code, out, err = lenet_command("evaluate", path, "--data", "digits", "--plot")
    assert code == 0, err
    assert "digits, 10,000 test pictures: accuracy" in out
    assert (tmp_path / "net-confusion-digits-test.png").is_file()
    code, _, err = lenet_command("predict", tmp_path / "net.pt", "boot.png")
    assert (code, err.splitlines()[1]) == (
        2,
        f"hint: lenet import-weights {tmp_path / 'net.pt'} --model NAME --data NAME takes the weights out of it",
    )


def test_show_prints_the_table_of_layers(lenet_command):
    code, out, _ = lenet_command("show", "LeNetAvg")
    assert code == 0
    rows = [line.split("  ") for line in out.splitlines() if line.startswith(("Conv", "Avg", "Flat", "Lin"))]
    shapes = [next(cell.strip() for cell in row[1:] if cell.strip()) for row in rows]
    assert shapes == [
        "(1, 6, 28, 28)",
        "(1, 6, 14, 14)",
        "(1, 16, 10, 10)",
        "(1, 16, 5, 5)",
        "(1, 400)",
        "(1, 120)",
        "(1, 84)",
        "(1, 10)",
    ]
    assert "61,706" in out
    code, out, _ = lenet_command("show", "mlp", "--input", "3x1000x1000", "--hidden", "256")
    assert "768,000,256" in out
    assert "3.07 GB" in out


def test_runs_and_compare(lenet_command, trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    other = lenet.train(
        "digits", recipe="book-sgd", epochs=1, validation=59_000, out=tmp_path / "runs/book", progress="quiet"
    )
    code, out, _ = lenet_command("runs")
    assert code == 0
    assert f"{other.test_accuracy:.4f}" in out
    (tmp_path / "runs/book/summary.json").rename(tmp_path / "summary.json")
    assert "unfinished" in lenet_command("runs")[1]
    assert json.loads(lenet_command("runs", "--json")[1]) == [{"run": "runs/book"}]
    (tmp_path / "summary.json").rename(tmp_path / "runs/book/summary.json")
    code, out, err = lenet_command("compare", trained.path, "runs/book")
    assert (code, err) == (0, "wrote compare.png\n")
    assert re.search(r"^recipe +fast +book-sgd", out, re.M)
    assert (tmp_path / "compare.png").is_file()
    (tmp_path / "empty").mkdir()
    assert lenet_command("runs", "empty") == (0, "", "no runs in empty\n")


@pytest.mark.parametrize(
    ("arguments", "error", "hint"),
    [
        (
            ("train", "--recipe", "quick"),
            "unknown recipe 'quick'",
            "choose from fast, sprint, book-sgd, book-adam, book-adam-01",
        ),
        (("train", "--model", "vgg"), "unknown model 'vgg'", "choose from lenet, lenet-avg, softmax, mlp"),
        (("train", "--data", "cifar"), "unknown data set 'cifar'", "auto"),
        (("train", "--learning-rate", "0"), "learning_rate is 0.0; expected a number above 0", None),
        (("train", "--batch-size", "-1"), "batch_size is -1; expected a whole number at least 1", None),
        (("train", "--epochs", "0"), "epochs is 0; expected a whole number at least 1 and below 8001", None),
        (("train", "--device", "cuda:7", *SMALL), "no device 'cuda:7'", "there is cpu"),
        (
            ("train", "--kernel-size", "29", "--padding", "0", *SMALL),
            "a 29×29 kernel, larger than its 28×28 picture",
            "smaller kernel",
        ),
        (
            ("train", "--engine", "cpu", "--kernel-size", "13", "--padding", "6", "--channels", "4", *SMALL),
            "the CPU kernels do not know a kernel of 13×13; they know a square of at most 11×11",
            "take --engine reference",
        ),
        (
            ("train", "--engine", "cpu", "--model", "mlp", "--hidden", "9,9,9,9,9", *SMALL),
            "the CPU kernels do not know 5 hidden dense layers; they know at most 4",
            "take --engine reference",
        ),
        (("train", "--model", "mlp", "--pooling", "avg", *SMALL), "mlp has no pooling", "it takes hidden"),
        (("train", "--data-dir", "nowhere", *SMALL), "nowhere", None),
        (("evaluate", "nowhere"), "no run directory nowhere", "lenet runs"),
        (("predict", "nowhere", "a.png"), "no run directory nowhere", "lenet runs"),
        (("train", "--resume", "nowhere"), "no run directory nowhere", "lenet runs"),
        (("train", "--resume", "x", "--seed", "3"), "--seed cannot change them", "leave it out"),
        (("train", "--resume", "x", "--out", "y"), "--out cannot change them", "leave it out"),
        (("show", "vgg"), "unknown model 'vgg'", "choose from"),
        (("show", "mlp", "--input", "big"), "the input 'big' is no picture size", "1x28x28"),
        (("train", "--seed", str(2**64), *SMALL), "seed is 18446744073709551616; expected a whole number", None),
        (("train", "--shift", "100000", *SMALL), "shift is 100000, but the pictures of digits are 28×28", "smaller"),
        (("train", "--out", "x" * 300, *SMALL), "cannot make the run directory", "--out DIR"),
        (("train", "--out", "/proc/lenet", *SMALL), "cannot make the run directory", "--out DIR"),
        (("runs", "nowhere"), "no folder nowhere", "lenet train"),
        (("compare", "a", "b"), "no run directory a", "lenet runs"),
        (("data", "show", "cifar"), "unknown data set 'cifar'", "auto"),
    ],
)
def test_a_mistake_is_an_error_a_hint_and_exit_code_2(lenet_command, tmp_path, monkeypatch, arguments, error, hint):
    monkeypatch.chdir(tmp_path)
    code, out, err = lenet_command(*arguments)
    assert code == 2
    assert out == ""
    assert err.startswith("error: ")
    assert error in err.splitlines()[0]
    if hint:
        assert hint in err.split("hint: ")[1]
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_auto_takes_the_reference_engine_where_it_must_and_says_why_in_one_line(lenet_command, tmp_path):
    network = ("--model", "mlp", "--hidden", "9,9,9,9,9")
    code, out, err = lenet_command("train", *SMALL, *network, "--engine", "auto", "--out", tmp_path / "run")
    assert (code, err) == (0, "")
    (line,) = (line for line in out.splitlines() if "CPU kernels" in line)
    why = "auto: the CPU kernels do not know 5 hidden dense layers; they know at most 4"
    assert line.startswith(f"engine  reference ({why}) on cpu ")
    resolved = lenet.load(tmp_path / "run").resolved
    assert (resolved["engine"], resolved["engine_reason"]) == ("reference", why)


def test_without_kernels_the_cpu_engine_is_refused_and_auto_says_the_way_out(lenet_command, no_kernels, tmp_path):
    problem = "the CPU kernels are not built"
    way_out = "install a C++ compiler, or `pip install ziglang`, then run `python -m lenet.engines.kernels`"
    small = (*SMALL, "--model", "softmax")
    code, out, err = lenet_command("train", *small, "--engine", "cpu", "--out", tmp_path / "no")
    assert (code, out, err) == (2, "", f"error: {problem}\nhint: {way_out}\n")
    assert not (tmp_path / "no").exists()
    code, out, err = lenet_command("train", *small, "--engine", "auto", "--out", tmp_path / "run")
    assert (code, err) == (0, "")
    (line,) = (line for line in out.splitlines() if "CPU kernels" in line)
    assert line.startswith(f"engine  reference (auto: {problem}; {way_out}) on cpu ")


def test_a_run_of_the_kernels_is_evaluated_without_them(lenet_command, trained, no_kernels):
    assert trained.resolved["engine"] == "cpu"
    code, out, err = lenet_command("evaluate", trained.path, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["accuracy"] == pytest.approx(trained.test_accuracy, abs=2e-4)


@pytest.mark.parametrize("arguments", [("fly",), ("train", "--wings"), ("train", "--epochs", "many"), ("predict",)])
def test_a_command_line_that_cannot_be_read_is_exit_code_2(lenet_command, arguments):
    code, out, err = lenet_command(*arguments)
    assert (code, out) == (2, "")
    assert "Traceback" not in err


def test_an_output_folder_that_cannot_be_is_refused_and_untouched(lenet_command, tmp_path):
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


def test_debug_shows_the_traceback_wherever_it_stands(lenet_command):
    for arguments in (("--debug", "show", "vgg"), ("show", "vgg", "--debug")):
        code, out, err = lenet_command(*arguments)
        assert (code, out) == (2, "")
        assert "Traceback" in err
        assert err.splitlines()[-2] == "error: unknown model 'vgg'"


def test_a_fault_of_lenet_says_so(lenet_command, monkeypatch):
    monkeypatch.setattr("lenet.networks.summary.layers", lambda *a, **k: 1 / 0)
    code, _, err = lenet_command("show", "lenet")
    assert code == 1
    assert err.startswith("error: ZeroDivisionError")
    assert "--debug" in err


def test_data_commands_list_show_and_verify(lenet_command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lenet_command("data", "fetch", "digits")
    code, out, _ = lenet_command("data", "list")
    assert code == 0
    assert re.search(r"^fashion-mnist +60,000 +10,000 +10 +MIT, Zalando SE +download, 31 MB", out, re.M)
    assert re.search(r"^digits .* cache$", out, re.M)
    code, out, err = lenet_command("data", "show", "digits", "--plot")
    assert (code, err) == (0, "wrote digits.png\n")
    assert "1,797 real handwritten digits" in out
    assert f"fingerprint  {lenet.data.load('digits').fingerprint}" in out
    assert (tmp_path / "digits.png").is_file()
    code, out, err = lenet_command("data", "verify", "digits")
    assert (code, err) == (0, "")
    assert re.fullmatch(r"(ok    .*\n){4}", out)
    code, out, _ = lenet_command("data", "fetch", "digits")
    assert (code, out.startswith("the built-in digits: ")) == (0, True)


def test_damaged_data_is_found_and_good_data_imported(lenet_command, real_data, no_network, tmp_path, monkeypatch):
    monkeypatch.setenv("LENET_CACHE", str(tmp_path / "cache"))
    code, out, err = lenet_command("data", "import", real_data, "--name", "MNIST")
    assert (code, out, err) == (0, f"MNIST: {tmp_path / 'cache/mnist'}\n", "")
    path = tmp_path / "cache/mnist/t10k-labels-idx1-ubyte"
    path.write_bytes(path.read_bytes()[:-4])
    code, _, err = lenet_command("train", "--data", "mnist", "--out", tmp_path / "run")
    assert code == 2
    assert "t10k-labels-idx1-ubyte has 10,004 bytes" in err
    assert "lenet data fetch mnist --force" in err
    assert not (tmp_path / "run").exists()
    code, out, err = lenet_command("data", "verify", "mnist")
    assert code == 2
    assert f"BAD   {path}" in out
    assert "it could not be fetched again (MNIST is not on this machine, and there is no network" in err
    assert "was removed" in err
    assert "lenet data import DIR" in err
    assert not path.exists()


def test_verify_names_a_users_damaged_files_and_leaves_them(lenet_command, real_data, tmp_path):
    folder = tmp_path / "mine/mnist"
    shutil.copytree(real_data / "mnist", folder)
    path = folder / "t10k-labels-idx1-ubyte.gz"
    path.chmod(0o644)
    path.write_bytes(b"damaged")
    code, out, err = lenet_command("data", "verify", "mnist", "--data-dir", tmp_path / "mine")
    assert code == 2
    assert re.fullmatch(rf"(ok    .*\n){{3}}BAD   {path}\n", out)
    assert "get the file again, or leave that folder out" in err
    assert path.read_bytes() == b"damaged"


def test_verify_without_a_name_takes_all_that_are_there(lenet_command, tmp_path, monkeypatch):
    lenet_command("data", "fetch", "digits")
    code, out, err = lenet_command("data", "verify")
    assert (code, err) == (0, "")
    assert {line[:6] for line in out.splitlines()} == {"ok    "}
    digits = Path(os.environ["LENET_CACHE"]) / "digits"
    shutil.copytree(digits, tmp_path / "cache/digits")
    monkeypatch.setenv("LENET_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "cache/digits/t10k-labels-idx1-ubyte"
    path.write_bytes(b"damaged")
    code, out, err = lenet_command("data", "verify")
    assert code == 0
    assert f"new   {path}" in out
    assert "has 7 bytes; an IDX file has at least 8; fetched again" in err
    monkeypatch.setenv("LENET_CACHE", str(tmp_path / "nowhere"))
    code, out, err = lenet_command("data", "verify")
    assert (code, out) == (2, "")
    assert "no data set is on this machine" in err


def test_without_network_auto_says_so_and_fashion_mnist_is_refused(lenet_command, no_network, tmp_path):
    small = ("--epochs", "1", "--validation", "59000", "--quiet")
    code, out, err = lenet_command("train", *small, "--out", tmp_path / "run")
    assert (code, out, err[:7]) == (0, "", "NOTICE ")
    assert "Taking the built-in digits instead" in err
    assert "Taking the built-in digits" in lenet.load(tmp_path / "run").resolved["notice"]
    code, out, err = lenet_command("train", "--data", "fashion-mnist", *small, "--out", tmp_path / "no")
    assert (code, out) == (2, "")
    assert "there is no network" in err
    assert "lenet data import DIR" in err
    assert not (tmp_path / "no").exists()


def test_the_version(lenet_command):
    assert lenet_command("--version") == (0, f"lenet {lenet.__version__}\n", "")


def test_ctrl_c_saves_says_how_to_go_on_and_exits_with_130(tmp_path):
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


def test_lab_lists_its_experiments(lenet_command):
    from lenet.analysis.lab.laboratory import EXPERIMENTS

    code, out, err = lenet_command("lab")
    assert (code, err) == (0, "")
    for name, question in EXPERIMENTS.items():
        assert re.search(rf"^{name} +{re.escape(question)}$", out, re.M)


def test_lab_prints_a_table_and_says_what_it_wrote(lenet_command, tmp_path):
    short = ("--data", "digits", "--seeds", "2", "--epochs", "1", "--out", tmp_path / "lab")
    code, out, err = lenet_command("lab", "noise", *short)
    assert code == 0
    assert out.startswith("What noise does to a trained network\nRecipe `fast` on digits, 1 epoch, seeds 0 to 1")
    assert re.search(r"^128 +0\.\d{4} ± 0\.\d{4} ", out, re.M)
    assert "2/2  fast, seed " in err
    for suffix in ("md", "json", "png"):
        assert f"wrote {tmp_path / 'lab'}/noise.{suffix}" in err
        assert (tmp_path / "lab" / f"noise.{suffix}").is_file()
    code, out, err = lenet_command("lab", "noise", *short, "--json", "--quiet")
    assert "2/2" not in err
    assert json.loads(out) == json.loads((tmp_path / "lab/noise.json").read_text())


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (("lab", "nois"), "unknown experiment 'nois'", "did you mean noise?"),
        (("lab", "noise", "--classes", "1"), "the experiment noise takes no classes", "it takes seeds, epochs"),
        (("lab", "noise", "--recipe", "slow"), "unknown recipe 'slow'", "choose from fast"),
        (("lab", "noise", "--seeds", "0"), "'--seeds'", "greater than or equal to 1"),
        (("reproduce", "--seeds", "x"), "'--seeds'", "should be a valid integer"),
        (("reproduce", "--data-dir", "nowhere"), "--data-dir is nowhere", "name a folder that exists"),
        (("reproduce",), "Fashion-MNIST is not on this machine", "lenet data import DIR"),
    ],
)
def test_mistakes_with_lab_and_reproduce(lenet_command, tmp_path, monkeypatch, no_network, arguments, message, hint):
    monkeypatch.chdir(tmp_path)
    code, out, err = lenet_command(*arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert hint in err
    assert not [*tmp_path.iterdir()]


def test_ctrl_c_in_a_lab_saves_and_the_same_command_goes_on(tmp_path):
    command = [sys.executable, "-m", "lenet", "lab", "noise", "--data", "digits", "--epochs", "1", "--seeds", "4"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not [*tmp_path.glob("runs/lab/runs/*/seed-0/metrics.jsonl")] and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    assert re.search(
        r"stopped: \d of 4 trainings are finished, all is saved in runs/lab/runs\nhint: the same command", err
    )
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "seeds 0 to 3" in done.stdout
    assert len([*tmp_path.glob("runs/lab/runs/*/seed-*/summary.json")]) == 4


@pytest.mark.parametrize("is_loaded", [True, False])
def test_a_lack_of_memory_that_nobody_explained(lenet_command, monkeypatch, is_loaded):
    """Whether PyTorch is in memory or not."""
    error = RuntimeError("CUDA error: out of memory") if is_loaded else MemoryError()

    def app(**options):
        raise error

    if not is_loaded:
        monkeypatch.delitem(sys.modules, "lenet.pytorch.memory", raising=False)
    monkeypatch.setattr(main, "app", app)
    code, out, err = lenet_command("train")
    assert (code, out) == (2, "")
    assert err.startswith("error: this program is out of memory\nhint: ")


@pytest.mark.parametrize("command", ["evaluate", "predict"])
def test_a_network_that_finds_no_room_ends_with_2_and_a_hint(lenet_command, trained, tmp_path, monkeypatch, command):
    def full(self, images):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes.")

    monkeypatch.setattr(CpuEngine, "logits", full)
    Image.fromarray(np.zeros((28, 28), np.uint8)).save(tmp_path / "a.png")
    pictures = [tmp_path / "a.png"] if command == "predict" else []
    code, out, err = lenet_command(command, trained.path, *pictures)
    assert (code, out) == (2, "")
    assert err.startswith("error: this program is out of memory in ")
    assert "\nhint: " in err
    assert "Traceback" not in err
