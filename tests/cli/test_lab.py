"""`lenet lab` and `lenet reproduce`."""

import json
import re

import pytest

from lenet.analysis.lab import laboratory
from lenet.training.interrupts import Interrupted


def test_list(lenet_command):
    code, out, err = lenet_command("lab")
    assert (code, err) == (0, "")
    for name, experiment in laboratory.EXPERIMENTS.items():
        assert re.search(rf"^{name} +{re.escape(experiment.question)}$", out, re.M)


def test_report(lenet_command, tmp_path):
    short = ("--data", "digits", "--seeds", "2", "--epochs", "1", "--out", tmp_path / "lab")
    code, out, err = lenet_command("lab", "noise", *short)
    assert code == 0
    title, setting = out.splitlines()[:2]
    assert title == "Accuracy and confidence of a trained network under noise"
    assert setting.startswith("Recipe `fast` on digits, 1 epoch, seeds 0 to 1")
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
        (("lab", "noise", "--seeds", "0"), "--seeds is 0; expected a whole number at least 1", "lenet lab"),
        (("reproduce", "--seeds", "x"), "--seeds is x; expected a whole number", "lenet reproduce"),
        (("reproduce", "--data-dir", "nowhere"), "--data-dir is nowhere", "name a folder that exists"),
        (("reproduce",), "Fashion-MNIST is not on this machine", "lenet data import DIR"),
    ],
)
def test_mistakes(lenet_command, tmp_path, monkeypatch, no_network, arguments, message, hint):
    monkeypatch.chdir(tmp_path)
    code, out, err = lenet_command(*arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert hint in err
    assert not [*tmp_path.iterdir()]


def test_interrupted(lenet_command, monkeypatch):
    def perform(name, **options):
        raise Interrupted("stopped: 1 of 4 trainings are finished, all is saved in runs/lab/runs", 130)

    monkeypatch.setattr(laboratory, "perform", perform)
    code, out, err = lenet_command("lab", "noise")
    assert (code, out) == (130, "")
    assert err == (
        "stopped: 1 of 4 trainings are finished, all is saved in runs/lab/runs\nhint: the same command resumes it\n"
    )
