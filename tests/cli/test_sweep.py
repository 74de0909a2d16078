"""`lenet sweep`."""

import json
import re

import pytest

from lenet.sweeps import sweep as sweeps
from lenet.training.interrupts import Interrupted

SHORT = ("--data", "digits", "--epochs", "1", "--validation", "58000")


def test_sweep(lenet_command, tmp_path):
    arguments = ("sweep", *SHORT, "--vary", "activation=relu,tanh", "--seeds", "2", "--out", tmp_path / "out")
    code, out, err = lenet_command(*arguments)
    assert code == 0, err
    title, setting = out.splitlines()[:2]
    assert title == "Sweep over activation"
    assert setting.startswith("Recipe `fast` on digits, 1 epoch, seeds 0, 1, except for what is varied.")
    assert re.search(r"^activation=tanh +0\.\d{4} ± 0\.\d{4} ", out, re.M)
    assert "4/4  activation=" in err
    for suffix in ("md", "json", "csv", "png"):
        assert f"wrote {tmp_path / 'out' / 'sweep'}.{suffix}" in err
    code, out, err = lenet_command(*arguments, "--json", "--quiet", "--against", "best")
    assert (code, "4/4" in err) == (0, False)
    assert json.loads(out) == json.loads((tmp_path / "out/sweep.json").read_text())
    assert json.loads(out)["measure"] == "validation_accuracy"


def test_dry_run(lenet_command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spec.toml").write_text('seeds = [0, 3]\n[base]\nepochs = 1\n[vary]\nactivation = ["relu", "tanh"]\n')
    code, out, err = lenet_command("sweep", "spec.toml", "--vary", "learning-rate=0.001,0.004", "--dry-run")
    assert (code, err) == (0, "")
    assert "activation=tanh, learning-rate=0.004    0,3\n" in out
    assert out.endswith("8 trainings: 4 variations with 2 seeds\n")
    code, out, err = lenet_command("sweep", "spec.toml", "--seeds", "3", "--dry-run", "--json")
    assert json.loads(out) == {
        "variations": ["activation=relu", "activation=tanh"],
        "seeds": [0, 1, 2],
        "trainings": 6,
    }
    assert [path.name for path in tmp_path.iterdir()] == ["spec.toml"]
    code, _, err = lenet_command("sweep", "spec.toml", "--dry-run", "--out", tmp_path)
    assert (code, "is not empty and is not the folder of a sweep" in err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        ((), "there is nothing to vary", "--vary activation=relu,tanh"),
        (("--vary", "activation=rellu"), "--vary activation=rellu: unknown activation 'rellu'", "did you mean relu?"),
        (("--vary", "epochs=1,0"), "--vary epochs=1,0: epochs is 0; expected a whole number at least 1", "lenet sweep"),
        (("--vary", "epochs=1", "--seeds", "0"), "seeds is 0; expected a whole number at least 1", "lenet sweep"),
        (("none.toml",), "none.toml cannot be read", "lenet sweep"),
        (("--seeds", "2", "--data", "fashion"), "unknown data set 'fashion'", "fashion-mnist"),
        (("--seeds", "2", "--against", "best"), "no images are held out", "--validation 5000"),
        (("--seeds", "2", "--against", "x"), "--against is x; expected first, best or fast", "lenet sweep"),
        (("--seeds", "2", "--epochs", "0"), "epochs is 0", "lenet sweep"),
        (("--seeds", "2", "--seed", "2"), "unknown option --seed", "--seeds"),
    ],
)
def test_mistakes(lenet_command, tmp_path, monkeypatch, arguments, message, hint):
    monkeypatch.chdir(tmp_path)
    code, out, err = lenet_command("sweep", *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert hint in err
    assert not [*tmp_path.iterdir()]


def test_interrupted(lenet_command, monkeypatch):
    def perform(spec, folder, **options):
        raise Interrupted(f"stopped: 1 of 4 trainings are finished, all is saved in {folder}", 130)

    monkeypatch.setattr(sweeps, "perform", perform)
    code, out, err = lenet_command("sweep", "--seeds", "4")
    assert (code, out) == (130, "")
    assert err.endswith("all is saved in runs/sweep\nhint: the same command resumes it\n")
