"""Sweeps: trained once, extended, refused, and what they leave behind."""

import csv
import json
from pathlib import Path

import pytest
from trainings import content

import lenet
from lenet.errors import ConfigError, LenetError, RunError
from lenet.files import locks
from lenet.sweeps import numbers as counts
from lenet.sweeps.chart import draw, line_of
from lenet.sweeps.compare import Comparison

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def base(tiny):
    return {"data": tiny, "epochs": 1, "batch_size": 50}


@pytest.fixture(scope="module")
def result(base, tmp_path_factory):
    out = tmp_path_factory.mktemp("sweeps") / "activations"
    held_out = base | {"validation": 200}
    return lenet.sweep(held_out, vary={"activation": ["relu", "tanh"]}, seeds=3, out=out, progress="quiet")


def test_a_sweep_of_a_grid(result, tiny):
    assert [*result.runs] == ["activation=relu", "activation=tanh"]
    assert [run.config.seed for run in result.runs["activation=tanh"]] == [0, 1, 2]
    assert {run.environment.threads for runs in result.runs.values() for run in runs} == {1}
    run = result.runs["activation=tanh"][1]
    alone = lenet.train(tiny, config=run.config, out=result.folder.parent / "alone", progress="quiet")
    assert content(run) == content(alone)
    [comparison] = result.comparisons
    assert (comparison.variation, comparison.reference, comparison.pairs) == ("activation=tanh", "activation=relu", 3)
    differences = [
        other.summary.validation_accuracy - one.summary.validation_accuracy
        for one, other in zip(*result.runs.values(), strict=True)
    ]
    assert comparison.difference == pytest.approx(sum(differences) / 3)


def test_the_table_says_which_column_is_which(result):
    table = result.table
    assert table.columns[:5] == ["variation", "held-out accuracy", "test accuracy", "lowest … highest", "runs"]
    assert table.columns[-3:] == ["diverged", "against activation=relu", "corrected p"]
    assert [row[0] for row in table.rows] == [*result.runs]
    assert [row[4:6] for row in table.rows] == [["3", "0"]] * 2
    assert table.rows[0][-2:] == ["", ""]
    assert "Held-out accuracy is on training images that no step sees" in table.conclusions[0]
    assert table.conclusions[1].startswith(f"Best on held-out images: {result.best}, ")


def test_the_best_is_chosen_on_held_out_images(result):
    numbers = json.loads(json.dumps(result.numbers))
    first, second = numbers["variations"].values()
    first["validation_accuracy"], second["validation_accuracy"] = [0.5, 0.6, 0.7], [0.6, 0.7, 0.85]
    first["test_accuracy"], second["test_accuracy"] = [0.9, 0.9, 0.9], [0.1, 0.1, 0.1]
    assert counts.best_of(numbers) == "activation=tanh"
    assert counts.comparisons(numbers, "best")[0].variation == "activation=relu"
    numbers["measure"] = counts.TEST
    assert counts.best_of(numbers) is None
    with pytest.raises(ConfigError, match="no images are held out"):
        counts.comparisons(numbers, "best")
    with pytest.raises(ConfigError, match="unknown variation 'tanh'"):
        counts.comparisons(numbers, "tanh")


def test_the_files(result):
    assert sorted(path.name for path in result.folder.iterdir()) == sorted(
        ["manifest.json", "runs", "sweep.csv", "sweep.json", "sweep.md", "sweep.png"]
    )
    saved = json.loads((result.folder / "sweep.json").read_text())
    assert {name: saved[name] for name in result.numbers} == json.loads(json.dumps(result.numbers))
    assert [Comparison(**each) for each in saved["comparisons"]] == [*result.comparisons]
    rows = [*csv.DictReader((result.folder / "sweep.csv").read_text().splitlines())]
    assert [(row["activation"], row["seed"]) for row in rows] == [
        (a, str(s)) for a in ("relu", "tanh") for s in range(3)
    ]
    assert float(rows[0]["test_accuracy"]) == result.runs["activation=relu"][0].test_accuracy
    assert (result.folder / rows[-1]["run"]).samefile(result.runs["activation=tanh"][2].path)
    assert result.table.markdown() in (result.folder / "sweep.md").read_text(encoding="utf-8")


def test_more_values_and_seeds_train_only_what_is_missing(base, result, capsys):
    before = {path: path.stat().st_mtime_ns for path in (result.folder / "runs").rglob("*") if path.is_file()}
    larger = lenet.sweep(
        base | {"validation": 200}, vary={"activation": ["sigmoid", "relu"]}, seeds=[0, 5], out=result.folder
    )
    assert "3/3" in (printed := capsys.readouterr().err)
    assert "activation=relu, seed 0" not in printed
    assert larger.runs["activation=relu"][0].path == result.runs["activation=relu"][0].path
    assert before == {path: path.stat().st_mtime_ns for path in before}
    other = lenet.sweep(
        base | {"validation": 200}, vary={"learning_rate": [0.004]}, seeds=1, out=result.folder, progress="quiet"
    )
    assert other.runs["learning-rate=0.004"][0].path == result.runs["activation=relu"][0].path


def test_another_sweep_is_refused(base, result, tmp_path):
    other = base | {"validation": 200, "batch_size": 25}
    with pytest.raises(RunError, match="holds another sweep, with batch-size 50; here it is 25") as caught:
        lenet.sweep(other, vary={"activation": ["relu"]}, seeds=1, out=result.folder)
    assert "--out" in caught.value.hint
    data = lenet.Splits(base["data"].test, base["data"].test, "another")
    with pytest.raises(RunError, match="other data of the same name"):
        lenet.sweep(base | {"validation": 200, "data": data}, seeds=1, out=result.folder)
    (tmp_path / "notes.txt").touch()
    with pytest.raises(RunError, match="is not empty and is not the folder of a sweep"):
        lenet.sweep(base, seeds=1, out=tmp_path)
    with pytest.raises(RunError, match="cannot write in"):
        lenet.sweep(base, seeds=1, out=tmp_path / "notes.txt" / "below", progress="quiet")
    with locks.lock(result.folder), pytest.raises(RunError, match="another process is training in"):
        lenet.sweep(base | {"validation": 200}, seeds=1, out=result.folder, progress="quiet")
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    (damaged / "manifest.json").write_text("{}")
    with pytest.raises(RunError, match=r"manifest\.json cannot be used"):
        lenet.sweep(base, seeds=1, out=damaged)


@pytest.mark.parametrize(
    ("settings", "vary", "message"),
    [
        ({"model": "softmax"}, {"kernel_size": [3, 5]}, "kernel-size=3: softmax has no setting kernel-size"),
        ({}, {"kernel_size": [3, 60]}, "kernel-size=60: convolution 1 has a 60×60 kernel"),
        ({}, {"shift": [0, 99]}, "shift=99: shift is 99, but the images"),
        ({}, {"teacher": ["default", "runs/nothere"]}, "teacher=runs/nothere: the teacher cannot be used"),
        ({}, {"device": ["cpu", "cuda:99"]}, "device=cuda:99: "),
        ({}, {"validation": [0, 10**6]}, "validation=1000000: validation is 1,000,000"),
    ],
)
def test_every_variation_is_checked_before_anything_is_trained(base, tmp_path, settings, vary, message):
    with pytest.raises(LenetError, match=f"the variation {message}"):
        lenet.sweep(base | settings, vary=vary, seeds=1, out=tmp_path / "out", progress="quiet")
    assert not (tmp_path / "out").exists()


def test_what_diverges_is_counted(base, tmp_path):
    vary = {"wild": {"learning_rate": 1e38, "optimizer": "sgd"}, "calm": {}}
    result = lenet.sweep(base, vary=vary, seeds=2, out=tmp_path / "wild", progress="quiet")
    assert result.table.rows[0] == ["wild", "", "", "0", "2", "", ""]
    assert "wild: 2 of 2 trainings diverged." in result.table.conclusions
    assert "the test set, which is not used to choose: no best is named" in result.table.conclusions[0]
    assert result.best is None
    assert [row["diverged"] for row in csv.DictReader((tmp_path / "wild/sweep.csv").read_text().splitlines())] == [
        "1",
        "1",
        "0",
        "0",
    ]


def made_up(**settings):
    """Numbers of a grid of settings."""
    names = [*settings]
    variations = {}
    for number, values in enumerate(zip(*settings.values(), strict=True)):
        variations[str(values)] = {
            "settings": dict(zip(names, values, strict=True)),
            "test_accuracy": [0.5 + 0.01 * number, 0.6],
        }
    return {"measure": "test_accuracy", "variations": variations}


def test_a_setting_that_is_a_number_gets_a_line():
    rates = made_up(learning_rate=[0.001, 0.01, 0.1])
    assert line_of(rates) == "learning_rate"
    axes = draw("rates", rates).axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_xscale()) == ("learning-rate", "test accuracy", "log")
    both = made_up(activation=["relu", "relu", "tanh", "tanh"], epochs=[1, 2, 1, 2])
    assert line_of(both) == "epochs"
    axes = draw("both", both).axes[0]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["activation=relu", "activation=tanh"]
    assert axes.get_xscale() == "linear"
    assert line_of(made_up(flip=[True, False])) is None
    assert line_of(made_up(epochs=[1, 2], shift=[0, 1])) is None
    axes = draw("dots", made_up(activation=["relu", "tanh"])).axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["('relu',)", "('tanh',)"]
    axes = draw("many", made_up(data=[f"data {number}" for number in range(120)])).axes[0]
    assert (axes.get_title(), len(axes.get_yticks())) == ("many (the first 100 of 120 variations)", 100)


def test_the_table_of_the_document_is_made_of_its_numbers():
    numbers = json.loads((DOCS / "sweeps/sweep.json").read_text(encoding="utf-8"))
    compared = counts.comparisons(numbers)
    assert [Comparison(**each) for each in numbers["comparisons"]] == [*compared]
    table, page = counts.table(numbers, compared), (DOCS / "sweeps.md").read_text(encoding="utf-8")
    assert numbers["command"] in page
    assert table.markdown() in page
    for sentence in table.conclusions:
        assert f"- {sentence}\n" in page
