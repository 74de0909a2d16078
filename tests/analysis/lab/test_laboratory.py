"""Experiments from call to report, on real data; trainings are shorter than docs/lab.md's, and fewer."""

import json
from types import SimpleNamespace

import pytest
from matplotlib.figure import Figure

from lenet.analysis.lab import experiments, laboratory
from lenet.analysis.lab.exercises import COMPARISONS
from lenet.analysis.lab.experiments import Experiment
from lenet.analysis.lab.laboratory import EXPERIMENTS, perform, report
from lenet.analysis.report import Table
from lenet.data.dataset import Splits
from lenet.errors import ConfigError, EngineError


@pytest.fixture(scope="module")
def done(real_data, tmp_path_factory):
    """Performs an experiment; all keep their runs in the same folder."""
    folder = tmp_path_factory.mktemp("lab")

    def perform_short(name, **options):
        short = {"seeds": 1, "epochs": 1, "data_dir": str(real_data), "folder": folder, "progress": "quiet"}
        result, figure = perform(name, **(short | options))
        assert report(json.loads(json.dumps(result.numbers))) == result  # the table is made of what is saved
        assert all(len(row) == len(result.table.columns) for row in result.table.rows)
        assert figure.axes
        return result, figure

    return SimpleNamespace(perform=perform_short, folder=folder)


@pytest.fixture
def few_test_images(monkeypatch):
    """1,000 test images, where an experiment looks at them; trainings still have all."""
    load = experiments.load

    def load_less(*arguments):
        splits = load(*arguments)
        return Splits(splits.train, splits.test.subset(range(1000)), splits.source)

    monkeypatch.setattr(experiments, "load", load_less)


def means(result, column):
    return [float(row[column].split(" ± ")[0]) for row in result.table.rows]


def test_comparison(done):
    result, figure = done.perform("init")
    rows = result.table.rows
    assert [row[0] for row in rows] == [*COMPARISONS["init"].variations]
    sigmoid, relu = rows[1], rows[2]
    assert sigmoid[5] == "1 of 1 at chance"
    assert 0.5 < float(relu[1]) < 0.9
    assert sigmoid[3] == "61,706"
    assert float(sigmoid[4]) > 0
    assert result.command == "lenet lab init --seeds 1 --epochs 1"
    assert result.setting.startswith("Recipe `book-sgd` on fashion-mnist, 1 epoch, seed 0, except for what")
    assert len(figure.axes[0].get_yticks()) == 4


def test_permuted_pixels_hurt_lenet_and_not_the_mlp(done):
    """The chapter's claim, with a fiftieth of the epochs that docs/lab.md reports."""
    result, _ = done.perform("neighbours")
    lenet, lenet_permuted, mlp, mlp_permuted = means(result, 1)
    assert lenet > mlp + 0.003
    assert lenet_permuted < mlp_permuted - 0.01
    assert abs(mlp - mlp_permuted) < 0.01


@pytest.mark.usefixtures("few_test_images")
def test_probes_share_their_trainings(done):
    noise, _ = done.perform("noise", seeds=2)
    before = {path: path.stat().st_mtime_ns for path in done.folder.rglob("*")}
    accuracy = means(noise, 1)
    assert accuracy[0] > 0.8
    assert accuracy[0] > accuracy[-1] + 0.2
    assert noise.setting.startswith("Recipe `fast` on fashion-mnist, 1 epoch, seeds 0 to 1, except")

    unlike, figure = done.perform("strangers", seeds=2)
    assert [row[0] for row in unlike.table.rows][:2] == ["fashion-mnist, its own", "digits"]
    confidence = means(unlike, 1)
    assert confidence[0] == max(confidence)
    assert len(figure.axes) == 6 * 8

    seen, figure = done.perform("activations", seeds=2, classes=["9", "Ankle boot", "bag"])
    assert [row[:2] for row in seen.table.rows] == [
        ["Ankle boot", "layer 1"],
        ["Ankle boot", "layer 2"],
        ["Bag", "layer 1"],
        ["Bag", "layer 2"],
    ]
    assert all(0 < share < 1 for share in means(seen, 3))
    assert figure.axes[0].get_title() == "Ankle boot"
    assert seen.command == "lenet lab activations --seeds 2 --epochs 1 --classes '9,Ankle boot,bag'"
    assert before == {path: path.stat().st_mtime_ns for path in done.folder.rglob("*")}


def test_size_needs_no_training(tmp_path):
    result, _ = perform("size", folder=tmp_path / "none")
    assert result.table.rows[0][0] == "28×28"
    assert result.setting == "Nothing is trained."
    assert not (tmp_path / "none").exists()


def test_options_are_those_not_varied():
    assert all(experiment.question for experiment in EXPERIMENTS.values())
    assert EXPERIMENTS["epochs"].options == ("seeds", "data")
    assert EXPERIMENTS["mnist"].options == ("seeds", "epochs")
    assert EXPERIMENTS["activations"].options == ("seeds", "epochs", "recipe", "data", "classes")


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
def test_mistakes_are_found_before_training(name, options, message, tmp_path):
    with pytest.raises(ConfigError, match=message):
        perform(name, folder=tmp_path / "lab", progress="quiet", **options)
    assert not (tmp_path / "lab").exists()


def test_out_of_memory_is_explained(monkeypatch):
    def full(setup):
        raise MemoryError

    monkeypatch.setitem(EXPERIMENTS, "full", Experiment("?", full, lambda numbers: Table([], []), options=()))
    with pytest.raises(EngineError, match="this program is out of memory in the experiment full"):
        perform("full")


def test_new_experiment_is_one_entry(monkeypatch):
    def count(setup):
        return {"count": setup.seeds}, Figure()

    experiment = Experiment("How many?", count, lambda numbers: Table(["count"], [[str(numbers["count"])]]))
    monkeypatch.setitem(laboratory.EXPERIMENTS, "count", experiment)
    result, _ = perform("count", seeds=3, data="digits")
    assert result.table.rows == [["3"]]
    assert result.numbers["recipe"] == "fast"
