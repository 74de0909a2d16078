"""The exercises carried out, short, on real data: tables, words, pictures, and what is refused."""

import json
import math

import pytest

from lenet.analysis.lab.experiments import COMPARISONS
from lenet.analysis.lab.laboratory import EXPERIMENTS, compared, comparison_table, perform, report
from lenet.errors import ConfigError


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where all experiments of this module keep their runs."""
    return tmp_path_factory.mktemp("lab")


def done(name, real_data, folder, **options):
    short = {"seeds": 2, "epochs": 1, "data_dir": str(real_data), "folder": folder, "progress": "quiet"}
    found, figure = perform(name, **(short | options))
    assert report(json.loads(json.dumps(found.numbers))) == found  # the table is made of what is saved
    assert all(len(row) == len(found.titles) for row in found.rows)
    assert figure.axes
    return found, figure


def test_a_comparison(real_data, folder):
    found, figure = done("init", real_data, folder)
    assert [row[0] for row in found.rows] == [*COMPARISONS["init"].variations]
    sigmoid, relu = found.rows[1], found.rows[2]
    assert sigmoid[5] == "2 of 2 at chance"
    assert 0.5 < float(relu[1].split(" ± ")[0]) < 0.9
    assert sigmoid[3] == "61,706"
    assert float(sigmoid[4]) > 0
    assert found.command == "lenet lab init --seeds 2 --epochs 1"
    assert found.setting.startswith("Recipe `book-sgd` on fashion-mnist, 1 epoch, seeds 0 to 1")
    assert len(figure.axes[0].get_yticks()) == 4


def test_permuted_pixels_take_the_lead_from_the_lenet_and_nothing_from_the_mlp(real_data, folder):
    """The chapter's claim, with a tenth of the trainings that docs/lab.md reports."""
    found, _ = done("neighbours", real_data, folder, epochs=2)
    accuracy = {row[0]: float(row[1].split(" ± ")[0]) for row in found.rows}
    assert accuracy["LeNet"] > accuracy["MLP"] + 0.005
    assert accuracy["LeNet, pixels permuted"] < accuracy["MLP, pixels permuted"]
    assert abs(accuracy["MLP"] - accuracy["MLP, pixels permuted"]) < 0.01


def test_noise_strangers_and_activations_share_their_trainings(real_data, folder):
    noise, _ = done("noise", real_data, folder)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    accuracies = [float(row[1].split(" ± ")[0]) for row in noise.rows]
    assert accuracies[0] > 0.8
    assert accuracies[0] > accuracies[-1] + 0.2

    strange, figure = done("strangers", real_data, folder)
    assert [row[0] for row in strange.rows][:2] == ["fashion-mnist, its own", "digits"]
    confidence = [float(row[1].split(" ± ")[0]) for row in strange.rows]
    assert confidence[0] == max(confidence)
    assert len(figure.axes) == 6 * 8

    seen, figure = done("activations", real_data, folder, classes=["9", "Ankle boot", "bag"])
    assert [row[:2] for row in seen.rows] == [
        ["Ankle boot", "layer 1"],
        ["Ankle boot", "layer 2"],
        ["Bag", "layer 1"],
        ["Bag", "layer 2"],
    ]
    assert all(0 < float(row[3].split(" ± ")[0]) < 1 for row in seen.rows)
    assert figure.axes[0].get_title() == "Ankle boot"
    assert seen.command == "lenet lab activations --seeds 2 --epochs 1 --classes '9,Ankle boot,bag'"
    assert before == {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_the_size_of_layers_needs_no_training(tmp_path):
    found, _ = perform("size", folder=tmp_path / "none")
    assert found.rows[0][0] == "28×28"
    assert not (tmp_path / "none").exists()


def test_every_experiment_has_its_question():
    assert all(EXPERIMENTS.values())
    assert set(COMPARISONS) < set(EXPERIMENTS)


def found(*accuracies, diverged=()):
    return {
        "test_accuracy": [[0.1, accuracy] for accuracy in accuracies],
        "seconds": [1.0] * len(accuracies),
        "parameters": 10,
        "classes": 10,
        "diverged": list(diverged),
    }


def test_two_variations_in_words():
    assert compared("a", found(0.80, 0.81), "b", found(0.90, 0.91)) == "b is better than a by 0.1000 (p = 0.005)"
    assert compared("b", found(0.90, 0.91), "a", found(0.80, 0.81)) == "a is worse than b by 0.1000 (p = 0.005)"
    unclear = compared("a", found(0.80, 0.82), "b", found(0.81, 0.83))
    assert unclear == "b against a: +0.0100, which these seeds cannot tell from chance (p = 0.553)"
    assert compared("a", found(0.8), "b", found(0.8, 0.9)) == "b against a: +0.0500, too few seeds to tell"


def test_who_fails_is_said_before_who_is_better():
    assert compared("a", found(), "b", found(0.8, 0.9)) is None
    assert compared("a", found(diverged=(0, 1)), "b", found(0.8, 0.9)) == "a: 2 of 2 diverged"
    words = compared("a", found(0.80, 0.81), "b", found(0.90, 0.91, 0.1, diverged=(1, 3)))
    assert (
        words == "b: 2 of 5 diverged, 1 of 5 at chance; of those that learnt, b is better than a by 0.1000 (p = 0.005)"
    )
    assert compared("a", found(0.1, 0.1), "b", found(0.8, 0.9)) == "a: 2 of 2 at chance"


def test_runs_that_begin_alike_are_compared_seed_by_seed():
    first, second = found(0.70, 0.75, 0.80), found(0.711, 0.760, 0.812)
    assert "cannot tell from chance" in compared("10", first, "20", second)
    assert compared("10", first, "20", second, nested=True) == "20 is better than 10 by 0.0110 (p = 0.003)"


def test_trainings_that_diverge_or_stay_at_chance_are_remarked():
    variations = {"wild": found(diverged=(0, 1)), "tame": found(0.9, 0.1, diverged=(2,))}
    _, rows, _ = comparison_table({"experiment": "kernel-size", "variations": variations})
    assert rows[0] == ["wild", "", "", "", "", "2 of 2 diverged"]
    assert rows[1][5] == "1 of 3 diverged, 1 of 3 at chance"
    assert rows[1][2] == "0.1000 … 0.9000"


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("nois", {}, "unknown experiment 'nois'"),
        ("noise", {"classes": ["1"]}, "the experiment noise takes no classes"),
        ("pooling", {"recipe": "fast"}, "the experiment pooling takes no recipe"),
        ("epochs", {"epochs": 1}, "the experiment epochs takes no epochs"),
        ("mnist", {"data": "digits"}, "the experiment mnist takes no data"),
        ("size", {"seeds": 2}, "the experiment size takes no seeds"),
        ("activations", {"classes": ["Hat"], "data": "digits"}, "unknown class 'Hat'"),
        ("activations", {"recipe": "mlp", "data": "digits"}, "unknown recipe 'mlp'"),
        ("pooling", {"seeds": 0, "data": "digits"}, "there are no seeds"),
    ],
)
def test_mistakes_are_found_before_anything_is_trained(name, options, message, tmp_path):
    with pytest.raises(ConfigError, match=message):
        perform(name, folder=tmp_path / "lab", progress="quiet", **options)
    assert not (tmp_path / "lab").exists()


def test_a_number_is_finite(real_data, folder):
    numbers = done("init", real_data, folder)[0].numbers
    for each in numbers["variations"].values():
        assert all(math.isfinite(value) for curve in each["test_accuracy"] for value in curve)
