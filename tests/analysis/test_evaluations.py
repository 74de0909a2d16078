"""Many networks evaluated: the numbers of each alone, data loaded once, errors in their places."""

import numpy as np
import pytest
from trainings import train_toy

import lenet
from lenet.analysis import evaluations
from lenet.analysis.evaluations import evaluate_each, evaluate_many
from lenet.errors import ConfigError, DataError, RunError


@pytest.fixture(scope="module")
def runs(tiny, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return [train_toy(tiny, folder / str(seed), seed=seed, validation=30) for seed in range(2)]


def same(one, other):
    return one.to_dict() == other.to_dict() and np.array_equal(one.mistake_images, other.mistake_images)


@pytest.mark.parametrize("split", ["test", "train", "validation"])
def test_each_has_the_numbers_that_it_has_alone(runs, tiny, split):
    together = evaluate_many(runs, tiny, split=split)
    alone = [lenet.evaluate(run, tiny, split=split) for run in runs]
    assert [*map(same, together, alone)] == [True, True]
    assert not same(*alone)


def test_data_are_loaded_once_for_runs_that_differ_in_their_seeds(runs, tiny, monkeypatch):
    loaded = []
    monkeypatch.setattr(evaluations, "images_for", lambda *arguments: loaded.append(arguments) or tiny)
    assert len(evaluate_many(runs)) == 2
    assert len(loaded) == 1


def test_one_that_cannot_be_evaluated_hides_no_other(runs, tiny, tmp_path):
    first, second, third = evaluate_each([runs[0], tmp_path / "none", runs[1]], tiny)
    assert isinstance(second, RunError)
    assert (first.accuracy, third.accuracy) == (runs[0].test_accuracy, runs[1].test_accuracy)
    with pytest.raises(RunError, match="no run directory"):
        evaluate_many([runs[0], tmp_path / "none"], tiny)
    with pytest.raises(ConfigError, match="unknown split 'tset'"):
        evaluate_many(runs, tiny, split="tset")


def test_what_is_wrong_for_all_is_raised_before_anything_is_loaded(runs, tmp_path, monkeypatch):
    monkeypatch.setattr(evaluations, "images_for", None)
    for data, message in [
        ("nothere", "unknown data set 'nothere'"),
        ("no/such", "there is no file or folder no/such"),
        (tmp_path / "none", "there is no file or folder"),
    ]:
        with pytest.raises(DataError, match=message):
            evaluate_each(runs, data)
    for data in (None, "auto", "FashionMNIST", tmp_path, runs[0].resolved.data):
        evaluations.check(runs, data, "test", None)
    evaluations.check(runs, "moved/photos", "test", str(tmp_path))


def test_a_cluster_takes_no_device(runs, tiny):
    with pytest.raises(ConfigError, match="--device and --ray cannot be used together"):
        evaluate_each(runs, tiny, device="cuda", executor=object())


def test_one_network_is_a_list_of_one(runs, tiny):
    alone = lenet.evaluate(runs[0], tiny)
    for run in (runs[0], runs[0].path, str(runs[0].path), runs[0].path / "model.safetensors"):
        [result] = evaluate_many(run, tiny)
        assert same(result, alone)
