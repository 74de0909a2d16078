"""Every number of a sweep is in the two CSV tables, to the last bit."""

import csv

import pytest

import lenet
from lenet.deploy.tracking.numbers import FINAL


@pytest.fixture(scope="module")
def tables(swept, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "tables"
    exported = lenet.export(swept, "csv", out)
    assert exported.path == out
    assert exported.notes[0].startswith("runs.csv: 4 runs, a row each; points.csv: ")
    assert sorted(path.name for path in out.iterdir()) == ["points.csv", "runs.csv"]
    return out


def read(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_point(tables, written):
    points = read(tables / "points.csv")
    assert list(points[0]) == ["run", "step", "epoch", "name", "value"]
    read_back = {
        (row["run"], row["name"], int(row["step"])): (float(row["epoch"]), float(row["value"])) for row in points
    }
    assert len(read_back) == len(points)
    assert read_back == {(run, *key): value for run, files in written.items() for key, value in files[0].items()}


def test_every_run(tables, written):
    runs = {row["run"]: row for row in read(tables / "runs.csv")}
    assert list(runs) == [
        "activation=relu/seed-2",
        "activation=relu/seed-10",
        "activation=tanh/seed-2",
        "activation=tanh/seed-10",
    ]
    for name, (_, summary, config, environment, _) in written.items():
        row = runs[name]
        for number in FINAL:
            assert row[number] == "" if summary.get(number) is None else float(row[number]) == summary[number], number
        assert int(row["epochs_done"]) == summary["epochs"]
        assert row["weights_sha256"] == summary["weights_sha256"]
        assert row["commit"] == (environment["commit"] or "")
        assert row["data_fingerprint"] == environment["data_fingerprint"]
        assert (row["variation"], row["status"]) == (f"activation={config['activation']}", "finished")
        for setting, value in config.items():
            match value:
                case None:
                    assert row[setting] == ""
                case bool():
                    assert row[setting] == str(value).lower()
                case int() | float():
                    assert float(row[setting]) == value
                case list():
                    assert [float(part) for part in row[setting].split(",")] == value
                case _:
                    assert row[setting] == value


def test_pandas_reads_the_same(tables, written):
    pandas = pytest.importorskip("pandas")
    points = pandas.read_csv(tables / "points.csv")
    values = dict(zip(zip(points.run, points.name, points.step, strict=True), points.value, strict=True))
    assert values == {(run, *key): value[1] for run, files in written.items() for key, value in files[0].items()}
    runs = pandas.read_csv(tables / "runs.csv")
    assert list(runs.columns) == list(dict.fromkeys(runs.columns))
    means = runs.groupby("activation").test_accuracy.mean()
    for activation in ("relu", "tanh"):
        own = [files[1]["test_accuracy"] for files in written.values() if files[2]["activation"] == activation]
        assert means[activation] == pytest.approx(sum(own) / 2, abs=1e-15)
