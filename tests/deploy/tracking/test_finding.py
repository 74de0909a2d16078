"""Which runs are exported, under which names, and what is refused."""

import json
import shutil

import pytest

import lenet
from lenet.deploy.tracking.finding import find_all
from lenet.deploy.tracking.numbers import numbers_of
from lenet.errors import ConfigError, MissingExtra, RunError, RunWarning


def names(*sources):
    return [run.name for run in find_all(sources)]


def test_a_folder_stands_for_its_runs(swept, tiny_run, tmp_path):
    own = ["activation=relu/seed-2", "activation=relu/seed-10", "activation=tanh/seed-2", "activation=tanh/seed-10"]
    assert names(swept) == own
    assert names(swept, tiny_run) == [*(f"swept/{name}" for name in own), "tiny"]
    assert names(tiny_run.path, tiny_run, tiny_run.path / ".") == ["tiny"]
    assert names("digits") == ["digits"]


def test_folders_of_folders(swept, tiny_run, tmp_path):
    shutil.copytree(swept / "runs", tmp_path / "lab" / "runs")
    in_lab = names(tmp_path / "lab")
    assert [name.split("-")[:2] for name in in_lab] == [["toy", "lenet"]] * 4
    assert [name.split("/")[1] for name in in_lab] == ["seed-2", "seed-10"] * 2
    shutil.copytree(swept, tmp_path / "rates")
    shutil.copytree(tiny_run.path, tmp_path / "first")
    shutil.copytree(tiny_run.path, tmp_path / ".hidden")
    in_rates = [f"rates/{name}" for name in names(swept)]
    assert names(tmp_path) == [*in_rates, "first", *(f"lab/{name}" for name in in_lab)]


def test_a_run_in_two_folders_is_taken_once(swept):
    first = next(swept.glob("runs/*/seed-2"))
    assert len(names(swept, first)) == 4


def test_a_diverged_run_has_the_name_of_its_variation(swept, tmp_path):
    folder = shutil.copytree(swept, tmp_path / "copy")
    numbers = json.loads((folder / "sweep.json").read_text())
    diverged = numbers["variations"]["activation=tanh"]["runs"].pop()
    (folder / "sweep.json").write_text(json.dumps(numbers))
    (folder / diverged / "summary.json").unlink()
    assert names(folder) == names(swept)
    assert find_all([folder])[-1].variation == "activation=tanh"


@pytest.mark.parametrize("gone", ["sweep.json", "runs/*/*/summary.json"])
def test_runs_of_an_unfinished_sweep_have_the_names_of_their_variations(swept, tmp_path, gone):
    folder = shutil.copytree(swept, tmp_path / "copy")
    for path in folder.glob(gone):
        path.unlink()
    assert names(folder) == names(swept)


def test_runs_of_earlier_sweeps_keep_the_names_of_their_variations(swept, sweep_base, tmp_path):
    folder = shutil.copytree(swept, tmp_path / "copy")
    lenet.sweep(sweep_base, vary={"activation": ["sigmoid"]}, seeds=[2], out=folder, progress="quiet")
    assert names(folder) == ["activation=sigmoid/seed-2", *names(swept)]
    # A name is that of its last variation: here of relu's runs, which are there already.
    lenet.sweep(sweep_base, vary={"activation=tanh": {}}, seeds=[2, 10], out=folder, progress="quiet")
    found = find_all([folder])
    assert len({run.name for run in found}) == 5
    activations = [run.settings["activation"] for run in found if run.variation == "activation=tanh"]
    assert activations == [lenet.TrainConfig().activation] * 2


def test_names_that_no_file_system_takes(swept, tmp_path):
    folder = shutil.copytree(swept, tmp_path / "copy")
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["variations"] = {
        home: "a/b: <what>?" if name.endswith("relu") else "long " * 40 for home, name in manifest["variations"].items()
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    found = names(folder)
    assert found[0] == "a-b- -what--/seed-2"
    assert all(len(name) < 150 for name in found)
    (folder / "manifest.json").write_text("[]")
    assert len(names(folder)) == 4


def test_two_runs_of_one_name(tiny_run, tmp_path):
    other = shutil.copytree(tiny_run.path, tmp_path / "tiny")
    with pytest.raises(RunError, match=r"two runs are called tiny: .* and .*\nhint: rename one"):
        lenet.export([tiny_run, other], "csv", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_runs_without_metrics(swept, tmp_path):
    folder = shutil.copytree(swept, tmp_path / "copy")
    for target in ("csv", "tensorboard"):
        if target == "tensorboard":
            pytest.importorskip("tensorboard")
        run = next(folder.glob("runs/*/seed-10"))
        (run / "summary.json").unlink(missing_ok=True)
        (run / "metrics.jsonl").write_text("")
        with pytest.raises(RunError, match="has no metrics yet\nhint: export it when"):
            lenet.export(run, target, tmp_path / "out")
        with pytest.warns(RunWarning, match="left out: .* has no metrics yet"):
            lenet.export(folder, target, tmp_path / f"out-{target}")
    for run in folder.glob("runs/*/*"):
        shutil.rmtree(run)
    with pytest.raises(RunError, match=r"holds no run with metrics\nhint: .*tune\.csv"):
        lenet.export(folder, "csv", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_unfinished_and_diverged_runs(swept, tmp_path):
    folder = shutil.copytree(next(swept.glob("runs/*/seed-10")), tmp_path / "copy")
    before = numbers_of(find_all([folder])[0])
    (folder / "summary.json").unlink()
    lines = (folder / "metrics.jsonl").read_text().splitlines(keepends=True)
    (folder / "metrics.jsonl").write_text("".join(lines[:8]) + lines[8][:20])
    found = numbers_of(find_all([folder])[0])
    assert (found.status, found.final, found.identity) == ("unfinished", {}, before.identity)
    assert [*found.values] == [*before.values][: len(found.values)]
    assert "weights_sha256" not in found.tags
    (folder / "diverged.json").write_text("{}")
    assert numbers_of(find_all([folder])[0]).status == "diverged"


def test_other_trainings_have_other_identities(swept):
    assert len({numbers_of(run).identity for run in find_all([swept])}) == 4


def test_seconds_are_those_of_the_steps(swept):
    for run in find_all([swept]):
        numbers = numbers_of(run)
        assert numbers.values[-1].seconds == pytest.approx(numbers.final["steps_seconds"], rel=0.02)


def test_mistakes(tiny_run, tmp_path):
    for sources, to, message in (
        ([tiny_run.path / "model.safetensors"], "csv", "model.safetensors is a file; expected a run directory"),
        (["nosuch"], "csv", "no run directory nosuch"),
        ([], "csv", "0 runs are given; csv takes at least one"),
        ([tiny_run, tiny_run], "onnx", "2 runs are given; onnx takes one"),
        ([tiny_run, None], "csv", "a run is a NoneType; expected a run, its directory"),
        ([tmp_path], "csv", "holds no run with metrics"),
    ):
        with pytest.raises((RunError, ConfigError), match=message):
            lenet.export(sources, to, tmp_path / "out")
    with pytest.raises(
        ConfigError, match=r"mlflow writes no file for --out\nhint: leave --out out; --tracking-uri names"
    ):
        lenet.export(tiny_run, "mlflow", tmp_path / "out")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("target", "title"), [("tensorboard", "TensorBoard"), ("mlflow", "MLflow")])
def test_a_missing_extra(target, title, tiny_run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=rf'--to {target} needs {title}, .*\nhint: pip install "lenet\[{target}\]"'):
        lenet.export(tiny_run, target)
    assert not list(tmp_path.iterdir())
