"""`lenet tune`."""

import json
import re

import pytest

pytest.importorskip("optuna")  # which the environment without PyTorch lacks

SHORT = (
    "--data",
    "digits",
    "--validation",
    "55000",
    "--epochs",
    "1",
    "--channels",
    "2,3",
    "--hidden",
    "8",
    "--workers",
    "1",
)


def test_a_search_is_printed_and_written(lenet_command, tmp_path):
    command = ("tune", "--search", "learning-rate=1e-3..1e-1:log", "--search", "activation=relu,tanh", "--trials", "3")
    command = (*command, *SHORT, "--final-seeds", "1", "--out", tmp_path / "tune")
    code, out, err = lenet_command(*command)
    assert code == 0, err
    assert out.splitlines()[0] == "Search for settings of the recipe fast on digits"
    assert re.search(r"^trial +held-out accuracy +held-out loss +epochs +s +learning-rate +activation", out, re.M)
    assert "- The best trial is number" in out
    assert "55,000 images judge the trials, held out of the training images" in err
    assert re.search(r"trial 3/3  accuracy 0\.\d{4}  \d+\.\d s  --learning-rate 0\.\d+ --activation (relu|tanh)", err)
    for suffix in ("md", "json", "png", "csv"):
        assert f"wrote {tmp_path / 'tune'}/tune.{suffix}" in err
        assert (tmp_path / "tune" / f"tune.{suffix}").is_file()
    code, out, err = lenet_command(*command, "--json", "--quiet")
    assert (code, json.loads(out)) == (0, json.loads((tmp_path / "tune/tune.json").read_text()))
    assert "trial 3" not in err


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        ((), "nothing is searched; expected at least one setting", "learning-rate=1e-4..1e-1:log"),
        (("--search", "lr"), "--search is 'lr'; expected NAME=BOUNDS", "--search learning-rate="),
        (("--search", "shift=0..1", "--search", "shift=0..2"), "--search gives shift twice", "one range"),
        (("--search", "learning-rte=1..2"), "learning_rte is not a setting", "did you mean learning-rate?"),
        (
            ("--search", "shift=0..1", "--trials", "0"),
            "--trials is 0; expected a whole number at least 1",
            "lenet tune",
        ),
        (("--search", "shift=0..1", "--data", "digit"), "unknown data set 'digit'", "digits"),
    ],
)
def test_mistakes(lenet_command, tmp_path, monkeypatch, arguments, message, hint):
    monkeypatch.chdir(tmp_path)
    code, out, err = lenet_command("tune", "--data", "digits", *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert hint in err
    assert not [*tmp_path.iterdir()]
