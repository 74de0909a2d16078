"""`lenet.tune`: the same trials for the same seed, shared folders, interruption, pruning, the test set once at the end."""

import csv
import json
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from matplotlib.figure import Figure

import lenet
from lenet.data.dataset import Dataset, Splits
from lenet.errors import ConfigError, LenetError, MissingExtra, RunError
from lenet.sweeps.tune import folder as folders
from lenet.sweeps.tune import manifest
from lenet.sweeps.tune import tune as tuning
from lenet.sweeps.tune.held_out import Base
from lenet.sweeps.tune.plan import Plan

TrialState = pytest.importorskip("optuna.trial").TrialState  # the environment without PyTorch lacks Optuna

SEARCH = {"learning_rate": "1e-4..1e-1:log", "channels": "2..6", "activation": "relu,tanh"}
USUAL = {"recipe": "fast", "epochs": 1, "batch_size": 50, "hidden": 16, "progress": "quiet", "final_seeds": 0}


@pytest.fixture(autouse=True)
def small_chart(request, monkeypatch):
    """Drawing a chart takes longer than a small search; under the marker `chart` it is drawn."""
    if request.node.get_closest_marker("chart") is None:
        monkeypatch.setattr(tuning, "draw", lambda title, numbers: Figure(figsize=(1, 1)))


@pytest.fixture(scope="module")
def few(tiny):
    """300 training and 60 test images."""
    return Splits(tiny.train.subset(np.arange(300)), tiny.test.subset(np.arange(60)), "made up")


def search(data, out, **options):
    return lenet.tune(data, search=SEARCH, out=out, **(USUAL | {"workers": 1} | options))


def decided(result):
    """What of each trial must be the same again."""
    return [{name: value for name, value in trial.items() if name != "seconds"} for trial in result.numbers["trials"]]


@pytest.mark.chart
def test_a_search_finds_settings_and_tests_them_at_the_end(few, tmp_path):
    result = search(few, tmp_path, trials=12, workers=2, final_seeds=2)
    assert [trial["trial"] for trial in result.numbers["trials"]] == [*range(1, 13)]
    best = max(trial["accuracy"][-1] for trial in result.numbers["trials"])
    assert result.numbers["trials"][result.numbers["best"] - 1]["accuracy"][-1] == best
    assert (result.config.channels, result.config.validation) == (result.best["channels"], 0)
    assert set(result.numbers["importances"]) == {"learning_rate", "channels", "activation"}
    assert sum(result.numbers["importances"].values()) == pytest.approx(1)
    assert set(result.numbers["final"]) == {"best trial", "recipe fast"}
    runs = [lenet.load(path.parent) for path in tmp_path.glob("runs/*/*/summary.json")]
    assert sorted(run.config.seed for run in runs) == [0, 0, 1, 1]
    assert {run.resolved.num_train for run in runs} == {300}  # the held-out images are given back
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "runs", "search.json", "trials.journal", "tune.csv", "tune.json", "tune.md", "tune.png", "workers"
    ]  # fmt: skip
    assert json.loads((tmp_path / "tune.json").read_text()) == json.loads(json.dumps(result.numbers))
    with (tmp_path / "tune.csv").open(newline="") as file:
        rows = [*csv.DictReader(file)]
    assert [float(row["accuracy"]) for row in rows] == [t["accuracy"][-1] for t in result.numbers["trials"]]
    assert "What mattered" in (tmp_path / "tune.md").read_text()
    assert "on the test set, mean of 2 seeds" in (tmp_path / "tune.md").read_text()
    assert search(few, tmp_path, trials=12, final_seeds=2).numbers == result.numbers  # nothing is done again


def test_the_same_seed_gives_the_same_trials_also_after_an_interruption(few, tmp_path, monkeypatch):
    whole = search(few, tmp_path / "whole", trials=14, epochs=2)
    told = []

    def tell(self, trial, *rest, original=folders.SearchFolder.tell):
        original(self, trial, *rest)
        told.append(trial.number)
        if len(told) == 5:
            os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(folders.SearchFolder, "tell", tell)
        with pytest.raises(lenet.Interrupted, match=r"stopped: \d of 14 trials are done, all is saved in") as caught:
            search(few, tmp_path / "parts", trials=14, epochs=2)
    assert caught.value.exit_code == 130
    assert decided(search(few, tmp_path / "parts", trials=14, epochs=2)) == decided(whole)
    assert decided(search(few, tmp_path / "other", trials=3, epochs=2, seed=1)) != decided(whole)[:3]
    assert decided(search(few, tmp_path / "sqlite", trials=12, epochs=2, storage="sqlite")) == decided(whole)[:12]


def test_a_trial_whose_worker_is_gone_is_done_again_under_its_number(few, tmp_path):
    whole = search(few, tmp_path / "whole", trials=3)
    plan = Plan(trials=3, workers=1)
    base = Base("fast", {"device": "cpu", "data": few.name, "epochs": 1, "batch_size": 50, "hidden": 16}, few)
    space = manifest.Space.of(SEARCH, base.config({}))
    manifest.claim(tmp_path / "dead", manifest.manifest(base, space, plan))
    dead = folders.SearchFolder(tmp_path / "dead", plan, space, 0)
    with dead.opened():
        assert dead.claim().number == 0
        assert dead.num_under_way() == 1
    result = search(few, tmp_path / "dead", trials=3)
    assert decided(result) == decided(whole)


def test_two_processes_share_the_work(few, tmp_path):
    together = threading.Barrier(2)

    def one(_):
        together.wait()
        return search(few, tmp_path, trials=10, final_seeds=1)

    with ThreadPoolExecutor(2) as pool:  # each opens the folder by itself, as a process does
        first, second = pool.map(one, range(2))
    assert first.numbers == second.numbers
    assert [trial["trial"] for trial in first.numbers["trials"]] == [*range(1, 11)]
    folder = folders.SearchFolder(tmp_path, Plan(trials=10), None, 0)
    with folder.opened():
        trials = folder.trials()
    assert {trial.state for trial in trials} == {TrialState.COMPLETE}
    assert len({trial.user_attrs["worker"] for trial in trials}) == 2
    assert [*(tmp_path / "workers").iterdir()] == []


@pytest.mark.parametrize("pruner", ["median", "halving"])
def test_bad_trials_are_given_up_after_an_epoch(few, tmp_path, pruner):
    trials = search(few, tmp_path, trials=14, epochs=3, pruner=pruner).numbers["trials"]
    pruned = [trial for trial in trials if trial["state"] == "pruned"]
    assert pruned
    assert all(len(trial["accuracy"]) < 3 for trial in pruned)
    assert all(len(trial["accuracy"]) == 3 for trial in trials if trial["state"] == "complete")


def test_trials_that_cannot_be_trained_are_results(few, tmp_path):
    options = USUAL | {"workers": 1, "search": {"kernel_size": "3,40"}, "sampler": "random", "objective": "loss"}
    trials = lenet.tune(few, out=tmp_path, trials=6, **options).numbers["trials"]
    failed = [trial for trial in trials if trial["state"] == "failed"]
    assert 0 < len(failed) < 6
    assert "40×40 kernel" in failed[0]["reason"]
    with pytest.raises(
        ConfigError, match=r"2 trials done, none with a result; the last failed because convolution 1 has"
    ):
        lenet.tune(few, out=tmp_path / "none", trials=2, **(options | {"search": {"kernel_size": [40, 41]}}))


def test_the_test_set_plays_no_part(few, tmp_path):
    blank = Dataset(few.name, np.zeros_like(few.test.images), few.test.labels, few.test.classes)
    other = Splits(few.train, blank, "made up")
    assert decided(search(few, tmp_path / "one", trials=3)) == decided(search(other, tmp_path / "other", trials=3))
    base = Base("fast", {}, few)
    assert (len(base.trial_splits.train), len(base.trial_splits.test)) == (250, 50)
    assert base.held.validation == 50
    judged = Splits(few.train, few.test, "made up", validation=few.test)
    assert Base("fast", {}, judged).trial_splits.train is few.train


def test_a_budget_of_seconds_ends_a_search(few, tmp_path):
    numbers = search(few, tmp_path, seconds=0.5).numbers
    assert 0 < len(numbers["trials"]) < 100


def test_mistakes(few, tmp_path, monkeypatch):
    search(few, tmp_path / "first", trials=1)
    for changes, message in {
        (("seed", 1),): "holds another search, with seed 0; here it is 1",
        (("pruner", "none"),): "holds another search, with pruner median; here it is none",
        (("epochs", 2),): "holds another search, with epochs 1; here it is 2",
    }.items():
        with pytest.raises(RunError, match=message) as caught:
            search(few, tmp_path / "first", trials=1, **dict(changes))
        assert "--out" in caught.value.hint
    with pytest.raises(RunError, match=r"over learning-rate 0.0001..0.1:log; here it is default"):
        lenet.tune(few, search={"activation": "relu,tanh"}, out=tmp_path / "first", **USUAL)
    with pytest.raises(RunError, match="holds a search on other data"):
        search(Splits(few.train, few.train, "made up"), tmp_path / "first", trials=1)
    monkeypatch.setattr(manifest, "__version__", "99.0")
    with pytest.raises(RunError, match=r"was started with lenet .*; installed here: lenet 99.0"):
        search(few, tmp_path / "first", trials=1)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(RunError, match="is not empty and is not the folder of a search"):
        search(few, tmp_path / "full")
    with pytest.raises(RunError, match="cannot write in"):
        search(few, tmp_path / "full" / "file")
    with pytest.raises(ConfigError, match="no images are held out to judge the trials by: --validation is 0"):
        search(few, tmp_path / "none", validation=0)
    with pytest.raises(ConfigError, match="validation is 300, but"):
        search(few, tmp_path / "none", validation=300)
    for name, value in {"trials": 0, "workers": 0, "final_seeds": -1, "seconds": 0}.items():
        with pytest.raises(ConfigError, match=f"{name} is {value}; expected"):
            search(few, tmp_path / "none", **{name: value})
    for name in ("seconds", "trials"):
        with pytest.raises(ConfigError, match=f"{name} is '5'; expected"):
            search(few, tmp_path / "none", **{name: "5"})
    with pytest.raises(ConfigError, match="unknown pruner 'mean'"):
        search(few, tmp_path / "none", pruner="mean")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("settings", "bounds", "message"),
    [
        ({"model": "softmax"}, {"kernel_size": "3..60"}, "search kernel-size: softmax has no setting kernel-size"),
        ({}, {"model": "softmax,mlp", "kernel_size": "3,5"}, "softmax and mlp has no setting kernel-size"),
        ({}, {"teacher": "runs/nothere,default"}, "search teacher: the teacher cannot be used"),
        ({"teacher": "runs/nothere"}, {"shift": "0..1"}, "the teacher cannot be used"),
        ({"device": "cuda:99"}, {"shift": "0..1"}, "cuda"),
    ],
)
def test_what_fails_in_every_trial_is_refused_before(few, tmp_path, settings, bounds, message):
    options = {name: value for name, value in USUAL.items() if name != "hidden"} | settings
    with pytest.raises(LenetError, match=message):
        lenet.tune(few, search=bounds, out=tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_without_optuna(few, tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match="lenet tune needs Optuna, which is not installed") as caught:
        search(few, tmp_path)
    assert caught.value.hint == 'pip install "lenet[optuna]"'
