"""On a real cluster of three nodes: the tables, bits and numbers of this machine, also when nodes die, and after Ctrl-C."""

import dataclasses
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from clusters import ctrl_c
from trainings import content

import lenet
from lenet.analysis.evaluations import evaluate_each
from lenet.cli.main import command
from lenet.configuration import configure
from lenet.distributed import orders
from lenet.distributed.cluster import connect
from lenet.errors import EngineError, RunError
from lenet.files import whole_folder
from lenet.training.sweep import Variation, sweep

pytestmark = [pytest.mark.ray, pytest.mark.filterwarnings("ignore")]  # Ray leaves files and processes to the collector

SEEDS, EPOCHS = 4, 8  # of 2,000 images: a training takes a fifth of a second
SEARCH = {"learning_rate": "1e-3..1e-1:log", "channels": "2..6", "kernel_size": "3,5,40"}


@pytest.fixture(scope="module")
def executor(nodes):
    with connect(nodes.address) as executor:
        yield executor


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """The path of a data set: some of the built-in digits."""
    train, test = lenet.data.load("digits")
    parts = {"train": train.sample(2000), "test": test.sample(500)}
    path = tmp_path_factory.mktemp("data") / "few.npz"
    np.savez(path, **{f"{axis}_{name}": values for name, part in parts.items() for axis, values in
                      (("x", part.images), ("y", part.labels))})  # fmt: skip
    return path


def swept(few, out, executor=None, epochs=EPOCHS, seeds=SEEDS):
    base = {"recipe": "fast", "data": str(few), "epochs": epochs}
    return lenet.sweep(base, vary={"pooling": ["max", "avg"]}, seeds=seeds, out=out, executor=executor)


@pytest.fixture(scope="module")
def here(few, tmp_path_factory):
    """The sweep, trained in this process."""
    return swept(few, tmp_path_factory.mktemp("here") / "sweep")


def runs(result):
    return [run for each in result.runs.values() for run in each]


def files(run):
    """The names of a run's files; when a checkpoint is written depends on the time."""
    return {name for name in whole_folder.read(run.path) if not name.startswith("checkpoints/")}


def assert_same(here, there):
    """Two sweeps have the same table, and runs with the same bits, files and records."""
    assert there.table == here.table
    for run, same in zip(runs(here), runs(there), strict=True):
        assert content(run) == content(same)
        assert run.path.relative_to(here.folder) == same.path.relative_to(there.folder)
        assert files(run) == files(same)
        assert (run.config, run.resolved) == (same.config, same.resolved)


def test_ctrl_c_saves_and_the_command_goes_on_anywhere(nodes, few, tmp_path, capsys):
    def finished():
        return [*tmp_path.glob("there/runs/*/*/summary.json")]

    arguments = ["--data", str(few), "--recipe", "fast", "--epochs", "20", "--vary", "pooling=max,avg", "--seeds", "3"]
    with ctrl_c(finished, "a finished training"):
        code = command("sweep")(
            [*arguments, "--ray", nodes.address, "--out", str(tmp_path / "there")], standalone_mode=False
        )
    err = capsys.readouterr().err
    assert code == 130
    assert "3 nodes with 3 CPUs" in err
    assert "of 6 trainings are finished, all is saved in" in err
    assert [*tmp_path.glob("there/runs/*/*/checkpoints/*.json")]  # what was under way came back
    there = swept(few, tmp_path / "there", epochs=20, seeds=3)
    assert_same(swept(few, tmp_path / "here", epochs=20, seeds=3), there)
    assert any(run.environment.resumed for run in runs(there))


def test_the_same_table_on_three_nodes(executor, few, here, tmp_path, capsys):
    there = swept(few, tmp_path / "there", executor)
    assert "8/8  " in capsys.readouterr().err
    assert_same(here, there)
    for run, same in zip(runs(here), runs(there), strict=True):
        assert run.environment == same.environment
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("runs/**/*")}
    swept(few, tmp_path / "there", executor)  # nothing is trained again
    assert before == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("runs/**/*")}


def test_the_same_table_while_nodes_die_and_come(nodes, executor, few, here, tmp_path):
    with ThreadPoolExecutor(1) as pool:  # Ray starts nodes in the main thread alone
        future = pool.submit(swept, few, tmp_path / "there", executor)
        while not (finished := [*tmp_path.glob("there/runs/*/*/summary.json")]):
            assert not future.done()
            time.sleep(0.02)
        nodes.kill()
        nodes.add()
        there = future.result()
    assert len(finished) < len(runs(here)), "all was trained before a node died"
    assert_same(here, there)


def decided(result):
    """What of each trial must be the same again."""
    return [{name: value for name, value in trial.items() if name != "seconds"} for trial in result.numbers["trials"]]


def test_a_search_with_one_worker_has_the_trials_of_a_local_one(executor, few, tmp_path):
    pytest.importorskip("optuna")
    options = {"recipe": "fast", "epochs": 2, "trials": 14, "workers": 1, "final_seeds": 2, "progress": "quiet"}
    here = lenet.tune(few, search=SEARCH, out=tmp_path / "here", **options)
    there = lenet.tune(few, search=SEARCH, out=tmp_path / "there", executor=executor, **options)
    assert decided(there) == decided(here)
    assert {trial["state"] for trial in here.numbers["trials"]} == {"complete", "pruned", "failed"}
    assert there.best == here.best
    assert len([*tmp_path.glob("here/runs/*/*")]) == 4
    for run in tmp_path.glob("here/runs/*/*"):
        assert content(lenet.load(run)) == content(lenet.load(tmp_path / "there" / run.relative_to(tmp_path / "here")))


def test_evaluations_have_the_numbers_of_local_ones(executor, few, here, tmp_path):
    def numbers(data, **options):
        results = evaluate_each([*runs(here)[::4], tmp_path / "none"], data, **options)
        return [str(each) if isinstance(each, RunError) else each.to_dict() for each in results]

    own = few.with_name("own.npz")  # images of the user's own
    own.write_bytes(few.read_bytes())
    for data, split in ((None, "train"), (own, "test")):
        assert numbers(data, split=split, executor=executor) == numbers(data, split=split)


def test_a_divergence_is_a_result_and_a_mistake_an_error(executor, few, tmp_path):
    wild = configure("book-sgd", data=str(few), learning_rate=1e38, epochs=1)
    variation = Variation("wild", wild, lenet.data.load(few))
    options = {"folder": tmp_path, "progress": "quiet", "executor": executor}
    assert sweep([variation], seeds=2, **options)[0].diverged == (0, 1)
    taught = dataclasses.replace(variation, config=configure("fast", epochs=1, teacher=str(tmp_path / "none")))
    with pytest.raises(lenet.LenetError, match="the teacher cannot be used"):
        sweep([taught], seeds=1, **options)


@pytest.mark.proof
def test_another_version_on_a_node_is_refused(executor, few, tmp_path, monkeypatch):
    other = dataclasses.replace(orders.Installed.here(), numpy="1.0")
    monkeypatch.setattr(orders.Installed, "here", classmethod(lambda cls: other))
    executor.close()
    with pytest.raises(EngineError, match=r"the node \S+ has .*numpy \S+ instead of 1\.0"):
        swept(few, tmp_path, executor)


@pytest.mark.proof
def test_a_search_goes_on_while_nodes_die_and_come(nodes, executor, few, tmp_path):
    pytest.importorskip("optuna")
    options = {"recipe": "fast", "epochs": 4, "trials": 30, "final_seeds": 0, "progress": "quiet", "executor": executor}
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(lenet.tune, few, search={"shift": [0, 1]}, out=tmp_path, **options)
        while (
            not (tmp_path / "trials.journal").is_file()
            or b'"values":' not in (tmp_path / "trials.journal").read_bytes()
        ):
            assert not future.done()
            time.sleep(0.02)
        nodes.kill()
        nodes.add()
        trials = future.result().numbers["trials"]
    assert [trial["trial"] for trial in trials] == [*range(1, 31)]
    assert {trial["state"] for trial in trials} <= {"complete", "pruned"}
    whole = {(trial["settings"]["shift"], *trial["loss"]) for trial in trials if trial["state"] == "complete"}
    assert len(whole) <= 2  # the same settings have the same curve, also where their worker died
