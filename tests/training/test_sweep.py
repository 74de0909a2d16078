"""Variations over seeds: trained once, found again, gone on with; a divergence is a result."""

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from trainings import content

import lenet
from lenet.configuration import configure
from lenet.engines.threads import num_threads
from lenet.errors import ConfigError, RunError
from lenet.files import locks
from lenet.training.sweep import Variation, identity, sweep

FAST = configure("fast", epochs=1, batch_size=50)
AVERAGE = configure("fast", epochs=1, batch_size=50, pooling="avg")


def test_each_variation_with_each_seed(tiny, tmp_path):
    variations = [Variation("max", FAST, tiny), Variation("average", AVERAGE, tiny), Variation("again", FAST, tiny)]
    results = sweep(variations, seeds=2, folder=tmp_path, progress="quiet")
    assert [result.variation.name for result in results] == ["max", "average", "again"]
    assert [[run.config.seed for run in result.runs] for result in results] == [[0, 1]] * 3
    assert results[0].runs[0].path == results[2].runs[0].path  # trained once
    assert len([*tmp_path.glob("*/seed-*")]) == 4
    alone = lenet.train(tiny, config=results[1].runs[1].config, out=tmp_path / "alone", progress="quiet")
    assert content(results[1].runs[1]) == content(alone)
    assert alone.environment.threads == 1


def test_what_is_there_is_not_trained_again_and_more_seeds_are_added(tiny, tmp_path, capsys):
    sweep([Variation("max", FAST, tiny)], seeds=2, folder=tmp_path)
    assert "2/2  max, seed " in capsys.readouterr().err
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert len(sweep([Variation("max", FAST, tiny)], seeds=2, folder=tmp_path)[0].runs) == 2
    assert before == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert capsys.readouterr().err == ""
    assert len(sweep([Variation("max", FAST, tiny)], seeds=3, folder=tmp_path)[0].runs) == 3
    assert capsys.readouterr().err.startswith("1/1  max, seed 2  test acc ")


def test_ctrl_c_saves_and_the_same_sweep_goes_on(tiny, tmp_path):
    variation = Variation("long", configure("fast", epochs=25, batch_size=50), tiny)
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(lenet.Interrupted, match="of 4 trainings are finished, all is saved in"):
        sweep([variation], seeds=4, folder=tmp_path, progress="quiet")
    runs = sweep([variation], seeds=4, folder=tmp_path, progress="quiet")[0].runs
    whole = sweep([variation], seeds=4, folder=tmp_path / "whole", progress="quiet")[0].runs
    assert [content(run) for run in runs] == [content(run) for run in whole]


def test_one_by_one_takes_all_threads(tiny, tmp_path):

    results = sweep([Variation("max", FAST, tiny)], seeds=2, folder=tmp_path, one_by_one=True, progress="quiet")
    assert {run.environment.threads for run in results[0].runs} == {num_threads(None)}


def test_a_training_that_diverges_is_a_result(tiny, tmp_path):
    wild = Variation("wild", configure("book-sgd", learning_rate=1e38, epochs=1, batch_size=50), tiny)
    results = sweep([wild, Variation("max", FAST, tiny)], seeds=2, folder=tmp_path, progress="quiet")
    assert (results[0].runs, results[0].diverged) == ((), (0, 1))
    assert (len(results[1].runs), results[1].diverged) == (2, ())
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    again = sweep([wild], seeds=2, folder=tmp_path, progress="quiet")
    assert again[0].diverged == (0, 1)
    assert before == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}  # not trained again
    for note in tmp_path.rglob("diverged.json"):
        note.write_text("{")
    assert sweep([wild], seeds=2, folder=tmp_path, progress="quiet")[0].diverged == (0, 1)


def test_other_errors_are_raised(tiny, tmp_path):
    with pytest.raises(ConfigError, match="there are no seeds"):
        sweep([Variation("max", FAST, tiny)], seeds=0, folder=tmp_path)


def test_of_two_sweeps_in_one_folder_the_second_is_refused(tiny, tmp_path):
    with locks.lock(tmp_path), pytest.raises(RunError, match="another process is training in") as caught:
        sweep([Variation("max", FAST, tiny)], seeds=1, folder=tmp_path)
    assert "--out" in caught.value.hint
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match=r"cannot write in .*file"):
        sweep([Variation("max", FAST, tiny)], seeds=1, folder=tmp_path / "file")
    with pytest.raises(ConfigError, match="shift is 28"):
        sweep([Variation("far", configure("fast", shift=28), tiny)], seeds=1, folder=tmp_path, progress="quiet")
    run = sweep([Variation("max", FAST, tiny)], seeds=1, folder=tmp_path, progress="quiet")[0].runs[0]
    (run.path / "config.json").write_text("{")
    with pytest.raises(RunError, match=r"config\.json cannot be read"):
        sweep([Variation("max", FAST, tiny)], seeds=1, folder=tmp_path, progress="quiet")


def test_what_was_stopped_before_it_began_is_begun_again(tiny, tmp_path):
    run = sweep([Variation("max", FAST, tiny)], seeds=1, folder=tmp_path, progress="quiet")[0].runs[0]
    whole = content(run)
    for path in [*run.path.rglob("*")]:
        if path.is_file() and path.name != "environment.json":
            path.unlink()
    (run.path / "checkpoints").rmdir()
    assert (
        content(sweep([Variation("max", FAST, tiny)], seeds=1, folder=tmp_path, progress="quiet")[0].runs[0]) == whole
    )


def test_a_second_sweep_in_the_same_folder_is_refused(tiny, tmp_path):
    long = Variation("long", configure("fast", epochs=60, batch_size=50), tiny)
    with ThreadPoolExecutor(1) as another:
        first = another.submit(sweep, [long], seeds=1, folder=tmp_path, progress="quiet")
        while not [*tmp_path.glob("*/seed-0/metrics.jsonl")]:
            time.sleep(0.01)
        with pytest.raises(RunError, match="another process is training in"):
            sweep([Variation("max", FAST, tiny)], seeds=1, folder=tmp_path, progress="quiet")
        assert first.result()[0].runs[0].is_finished
    assert sweep([Variation("max", FAST, tiny)], seeds=1, folder=tmp_path, progress="quiet")[0].runs


def test_a_folder_that_cannot_be_made_is_named(tiny, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match=r"cannot write in .*file"):
        sweep([Variation("max", FAST, tiny)], seeds=1, folder=tmp_path / "file", progress="quiet")


def test_a_folders_name_says_what_decides_a_training(tiny):
    assert identity(FAST, tiny) == identity(configure("fast", epochs=1, batch_size=50, seed=7, data_dir="x"), tiny)
    assert identity(FAST, tiny) != identity(AVERAGE, tiny)
    other = lenet.Splits(tiny.test, tiny.test, "another")
    assert identity(FAST, tiny) != identity(FAST, other)
    assert identity(FAST, tiny).startswith("toy-lenet-")
