"""Sweeps on a real cluster of three nodes: the same bits as here, also when nodes die, and after Ctrl-C."""

import dataclasses
import os
import signal
import threading
import time

import pytest
from trainings import content

import lenet
from lenet.cli.main import command
from lenet.configuration import configure
from lenet.distributed import orders
from lenet.distributed.cluster import connect
from lenet.errors import ConfigError, EngineError
from lenet.files import whole_folder
from lenet.training.sweep import Variation, sweep

pytestmark = [pytest.mark.ray, pytest.mark.filterwarnings("ignore")]  # Ray leaves files and processes to the collector

SHORT = configure("fast", data="digits", epochs=1)
LONG = configure("fast", data="digits", epochs=8)


@pytest.fixture(scope="module")
def executor(nodes):
    lenet.data.load("digits")  # made in the cache, so that all runs say that they found them there
    with connect(nodes.address) as executor:
        yield executor


@pytest.fixture(scope="module")
def few():
    """Some of the built-in digits: an epoch takes a fortieth of a second."""
    train, test = lenet.data.load("digits")
    return lenet.Splits(train.sample(2000), test.sample(500), "some")


def trained(variation, folder, seeds, executor=None):
    """The runs of a variation."""
    return sweep([variation], seeds=seeds, folder=folder, progress="quiet", executor=executor)[0].runs


def decided(result):
    """What of each trial must be the same again."""
    return [{name: value for name, value in trial.items() if name != "seconds"} for trial in result.numbers["trials"]]


def test_a_sweep_has_the_bits_and_the_files_of_a_local_one(executor, few, tmp_path, capsys):
    variations = [Variation("fast", SHORT, few), Variation("average", dataclasses.replace(SHORT, pooling="avg"), few)]
    here = sweep(variations, seeds=4, folder=tmp_path / "here", progress="quiet")
    there = sweep(variations, seeds=4, folder=tmp_path / "there", executor=executor)
    assert "8/8  " in capsys.readouterr().err
    for one, other in zip(here, there, strict=True):
        assert [content(run) for run in one.runs] == [content(run) for run in other.runs]
        assert [run.path.parent.name for run in one.runs] == [run.path.parent.name for run in other.runs]
        for run, same in zip(one.runs, other.runs, strict=True):
            assert set(whole_folder.read(run.path)) == set(whole_folder.read(same.path))
            assert run.config == same.config
            assert run.resolved == same.resolved
            assert run.environment == same.environment
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    sweep(variations, seeds=4, folder=tmp_path / "there", executor=executor)  # nothing is trained again
    assert before == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}


def test_the_command_takes_the_cluster(nodes, executor, tmp_path, capsys):
    executor.close()  # its workers have all CPUs of the cluster
    arguments = ["pooling", "--data", "digits", "--epochs", "1", "--seeds", "2", "--out", str(tmp_path)]
    command("lab")([*arguments, "--ray", nodes.address, "--json"], standalone_mode=False)
    assert "3 nodes with 3 CPUs" in capsys.readouterr().err
    assert len([*tmp_path.glob("runs/*/seed-*/summary.json")]) == 8  # of four variations


def test_a_divergence_is_a_result_and_a_mistake_an_error(executor, few, tmp_path):
    wild = Variation("wild", configure("book-sgd", data="digits", learning_rate=1e38, epochs=1), few)
    assert sweep([wild], seeds=2, folder=tmp_path, progress="quiet", executor=executor)[0].diverged == (0, 1)
    missing = Variation("taught", dataclasses.replace(SHORT, teacher=str(tmp_path / "none")), few)
    with pytest.raises(lenet.LenetError, match="the teacher cannot be used"):
        trained(missing, tmp_path, 1, executor)
    with pytest.raises(ConfigError, match="there are no seeds"):
        trained(wild, tmp_path, 0, executor)


def test_a_node_that_dies_costs_nothing_but_time(nodes, executor, few, tmp_path):
    def kill():
        while not [*tmp_path.glob("there/*/seed-*/summary.json")]:
            time.sleep(0.05)
        nodes.kill()

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        there = trained(Variation("long", LONG, few), tmp_path / "there", 10, executor)
    finally:
        killer.join()
        nodes.add()
    here = trained(Variation("long", LONG, few), tmp_path / "here", 10)
    assert [content(run) for run in there] == [content(run) for run in here]


def test_ctrl_c_saves_and_the_same_sweep_goes_on_anywhere(executor, few, tmp_path):
    variation = Variation("longer", dataclasses.replace(LONG, epochs=100), few)

    def interrupt():
        deadline = time.monotonic() + 30
        while executor._crew is None or not any(member.is_ready for member in executor._crew.members):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(lenet.Interrupted, match="of 4 trainings are finished, all is saved in"):
        trained(variation, tmp_path / "there", 4, executor)
    assert [*tmp_path.glob("there/*/seed-*/checkpoints/*.json")]  # what was under way came back
    there = trained(variation, tmp_path / "there", 4, executor)
    here = trained(variation, tmp_path / "here", 4)
    assert [content(run) for run in there] == [content(run) for run in here]
    assert any(run.environment.resumed for run in there)


def test_another_version_on_a_node_is_refused(executor, tmp_path, monkeypatch):
    other = dataclasses.replace(orders.Installed.here(), numpy="1.0")
    monkeypatch.setattr(orders.Installed, "here", classmethod(lambda cls: other))
    executor.close()
    with pytest.raises(EngineError, match=r"the node \S+ has .*numpy \S+ instead of 1\.0"):
        trained(Variation("fast", SHORT), tmp_path, 2, executor)


SEARCH = {"learning_rate": "1e-3..1e-1:log", "channels": "2..6", "kernel_size": "3,5,40"}


def test_a_search_with_one_worker_has_the_trials_of_a_local_one(executor, few, tmp_path):
    pytest.importorskip("optuna")
    options = {"recipe": "fast", "epochs": 3, "trials": 14, "workers": 1, "final_seeds": 2, "progress": "quiet"}
    here = lenet.tune(few, search=SEARCH, out=tmp_path / "here", **options)
    there = lenet.tune(few, search=SEARCH, out=tmp_path / "there", executor=executor, **options)
    assert decided(there) == decided(here)
    assert {trial["state"] for trial in here.numbers["trials"]} == {"complete", "pruned", "failed"}
    assert there.best == here.best
    assert len([*tmp_path.glob("here/runs/*/*")]) == 4
    for run in tmp_path.glob("here/runs/*/*"):
        assert content(lenet.load(run)) == content(lenet.load(tmp_path / "there" / run.relative_to(tmp_path / "here")))
