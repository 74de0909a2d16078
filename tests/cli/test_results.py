"""`lenet evaluate`, `predict`, `runs` and `compare`: the tables and images of finished runs."""

import json
import re

import numpy as np
import pytest
from PIL import Image

import lenet
from lenet.engines.cpu import CpuEngine


def test_evaluate(lenet_command, trained):
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


def test_evaluate_several(lenet_command, trained, tmp_path):
    code, out, err = lenet_command("evaluate", trained.path, tmp_path / "none", "digits")
    assert code == 2
    assert err.startswith(
        f"note: digits is the ready-made network, not a run of yours\nerror: no run directory {tmp_path}/none"
    )
    rows = out.splitlines()
    assert rows[0].split() == ["run", "data", "split", "images", "accuracy", "loss", "calibration", "error", "known"]
    assert rows[2].split()[:5] == [str(trained.path), "digits", "test", "10,000", f"{trained.test_accuracy:.4f}"]
    assert [row.split()[0] for row in rows[3:]] == ["digits"]
    code, out, _ = lenet_command("evaluate", trained.path, tmp_path / "none", "--json")
    first, second = json.loads(out)
    alone = json.loads(lenet_command("evaluate", trained.path, "--json")[1])
    assert (code, first) == (2, {"run": str(trained.path), **alone})
    assert [*second] == ["run", "error", "hint"]


def test_evaluate_says_once_what_is_wrong_for_all(lenet_command, trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("lenet.distributed.cluster.connect", None)  # no cluster is joined for it
    for arguments, message in [
        (("--data", "nothere"), "unknown data set 'nothere'"),
        (("--data", "no/such"), "there is no file or folder no/such"),
        (("--split", "tset"), "unknown split 'tset'"),
        (("--device", "cuda"), "--device and --ray cannot be used together"),
    ]:
        code, out, err = lenet_command("evaluate", trained.path, trained.path, *arguments, "--ray", "auto")
        assert (code, out) == (2, "")
        assert err.startswith(f"error: {message}\nhint: ")
        assert err.count("\n") == 2
    code, out, err = lenet_command("evaluate", "none", "neither")
    assert (code, out) == (2, "")
    assert [line.partition(":")[0] for line in err.splitlines()] == ["error", "hint", "error"]


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


def test_own_images_are_evaluated_and_bad_ones_named(lenet_command, trained, tmp_path):
    test = lenet.data.load("digits").test
    for index in range(20):
        path = tmp_path / "photos" / str(test.labels[index]) / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(test.images[index]).save(path)
    answers = lenet.predict_many(trained, list(test.images[:20]))
    correct = np.mean([answer.label == str(label) for answer, label in zip(answers, test.labels, strict=False)])
    code, out, err = lenet_command("evaluate", trained.path, "--data", tmp_path / "photos")
    assert (code, err) == (0, "")
    assert f"photos, 20 labelled images: accuracy {correct:.4f}" in out
    (path.parent / "bad.png").write_text("<html>")
    code, out, err = lenet_command("evaluate", trained.path, "--data", tmp_path / "photos", "--json")
    assert code == 2
    assert "bad.png is not an image" in err
    assert len(json.loads(out)["unreadable"]) == 1


@pytest.mark.torch
def test_evaluate_without_kernels(lenet_command, trained, no_kernels):
    assert trained.resolved.engine == "cpu"
    code, out, err = lenet_command("evaluate", trained.path, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["accuracy"] == pytest.approx(trained.test_accuracy, abs=2e-4)


@pytest.mark.parametrize("command", ["evaluate", "predict"])
def test_network_out_of_memory(lenet_command, trained, tmp_path, monkeypatch, command):
    def full(self, images):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes.")

    monkeypatch.setattr(CpuEngine, "logits", full)
    Image.fromarray(lenet.data.load("digits").test.images[0]).save(tmp_path / "a.png")
    pictures = [tmp_path / "a.png"] if command == "predict" else []
    code, out, err = lenet_command(command, trained.path, *pictures)
    assert (code, out) == (2, "")
    assert err.startswith("error: this program is out of memory in ")
    assert "\nhint: " in err
    assert "Traceback" not in err


def test_calibrate(lenet_command, trained):
    code, out, err = lenet_command("calibrate", trained.path)
    assert (code, err) == (0, f"lenet evaluate {trained.path} measures it on the test images\n")
    assert out.startswith("calibrated on 5,000 held-out images, of which 99% are known; temperature ")
    code, out, _ = lenet_command("calibrate", trained.path, "--json")
    assert json.loads(out)["layer"] == "fc.0"
    code, _, err = lenet_command("calibrate", trained.path / "model.safetensors")
    assert code == 2
    assert "hint: give the run" in err
    _, out, _ = lenet_command("evaluate", trained.path)
    assert re.search(
        r"expected calibration error \d\.\d\d% \(\d\.\d\d% before, temperature \d\.\d\d\); known \d\d\.\d%", out
    )
