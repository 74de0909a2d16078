"""Every number of a sweep is in MLflow's store, read with MLflow's own client, once however often it is exported."""

import os
import shutil
import socket

import pytest

import lenet
from lenet.errors import MissingExtra, RunError

pytest.importorskip("mlflow")

from mlflow.tracking import MlflowClient


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """The tests write into folders, which MLflow makes at once; the proof into a database, which takes it ten seconds."""
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME"):
        monkeypatch.delenv(name, raising=False)


def runs_of(uri, experiment="lenet"):
    client = MlflowClient(tracking_uri=uri)
    number = client.get_experiment_by_name(experiment).experiment_id
    return client, {run.info.run_name: run for run in client.search_runs([number])}, number


def compare(uri, written):
    """Compare every number, setting and hash of the store with the runs' files."""
    client, runs, _ = runs_of(uri)
    assert set(runs) == set(written)
    for name, (numbers, summary, config, environment, lines) in written.items():
        run = runs[name]
        histories = {
            (key, metric.step): metric.value
            for key in run.data.metrics
            for metric in client.get_metric_history(run.info.run_id, key)
        }
        expected = {key: value for key, (_, value) in numbers.items()}
        expected |= {("epochs", line["step"]): line["epoch"] for line in lines}
        points = {key: value for key, value in histories.items() if key[0] == "epochs" or "/" in key[0]}
        assert points == expected
        final = {key[0]: value for key, value in histories.items() if key not in points}
        assert final.pop("epochs_done") == summary["epochs"]
        assert final == {key: summary[key] for key in final}
        assert {"test_accuracy", "validation_loss", "seconds", "parameters"} <= set(final)
        given = {key: value for key, value in config.items() if value is not None and key != "data"}
        assert set(run.data.params) == {*given, "data"}
        for key, value in given.items():
            text = run.data.params[key]
            if isinstance(value, bool | str):
                assert text == str(value).lower() if isinstance(value, bool) else value
            elif isinstance(value, list):
                assert [float(part) for part in text.split(",")] == value
            else:
                assert float(text) == value
        assert run.data.tags["weights_sha256"] == summary["weights_sha256"]
        assert run.data.tags["data_fingerprint"] == environment["data_fingerprint"]
        assert run.data.tags.get("commit") == environment["commit"]
        assert run.data.tags["variation"] == name.split("/")[0]
        assert run.info.status == "FINISHED"
        took = (run.info.end_time - run.info.start_time) / 1000
        assert took == pytest.approx(summary["steps_seconds"], rel=0.02, abs=0.002)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_every_number_once(swept, written, tmp_path):
    uri = str(tmp_path / "store")
    exported = lenet.export(swept, "mlflow", tracking_uri=uri)
    assert exported.path is None
    assert exported.notes == (f"wrote 4 runs: experiment lenet of {uri}",)
    with pytest.raises(TypeError, match="has no path"):
        os.fspath(exported)
    compare(uri, written)
    before = {name: run.info.run_id for name, run in runs_of(uri)[1].items()}
    copy = shutil.copytree(swept, tmp_path / "copy")  # which has other times
    assert lenet.export(copy, "mlflow", tracking_uri=uri).notes[0].startswith("wrote 0 runs, 4 were there already")
    assert {name: run.info.run_id for name, run in runs_of(uri)[1].items()} == before
    compare(uri, written)

    import mlflow

    mlflow.set_tracking_uri(uri)
    try:
        pytest.importorskip("pandas")
        table = mlflow.search_runs(experiment_names=["lenet"])
    finally:
        mlflow.set_tracking_uri(None)
    found = dict(zip(table["tags.mlflow.runName"], table["metrics.test_accuracy"], strict=True))
    assert found == {name: files[1]["test_accuracy"] for name, files in written.items()}


def test_a_run_that_grows_is_one_run(swept, tmp_path, monkeypatch):
    uri, run = str(tmp_path / "store"), tmp_path / "run"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "growth")
    shutil.copytree(next(swept.glob("runs/*/seed-2")), run)
    files = {name: (run / name).read_text() for name in ("metrics.jsonl", "summary.json")}
    (run / "summary.json").unlink()
    (run / "metrics.jsonl").write_text("".join(files["metrics.jsonl"].splitlines(keepends=True)[:5]))
    lenet.export(run, "mlflow")
    _, runs, _ = runs_of(uri, "growth")
    assert [(each.info.status, "test_accuracy" in each.data.metrics) for each in runs.values()] == [("RUNNING", False)]
    for name, text in files.items():
        (run / name).write_text(text)
    lenet.export(run, "mlflow")
    client, runs, number = runs_of(uri, "growth")
    assert [(each.info.status, "test_accuracy" in each.data.metrics) for each in runs.values()] == [("FINISHED", True)]
    assert len(client.search_runs([number])) == 1


def test_nothing_is_left_of_a_run_that_fails(swept, written, tmp_path, monkeypatch):
    uri = str(tmp_path / "store")
    log_batch, calls = MlflowClient.log_batch, []

    def fail(self, *arguments, **options):
        calls.append(options)
        if len(calls) == 4:  # the metrics of the second run
            raise OSError(28, "No space left on device")
        return log_batch(self, *arguments, **options)

    monkeypatch.setattr(MlflowClient, "log_batch", fail)
    with pytest.raises(
        RunError,
        match=r"refuses this: .*No space left.*\nhint: free some space; the same command writes what is missing",
    ):
        lenet.export(swept, "mlflow", tracking_uri=uri)
    monkeypatch.undo()
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    complete = len(runs_of(uri)[1])
    assert complete == 1
    assert lenet.export(swept, "mlflow", tracking_uri=uri).notes[0].startswith("wrote 3 runs, 1 were there already")
    compare(uri, written)


def test_a_server_that_does_not_answer(tiny_run, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        uri = f"http://127.0.0.1:{silent.getsockname()[1]}"
        message = f"the MLflow server {uri} does not answer: nothing came within 1 s\nhint: check that it runs"
        with pytest.raises(RunError, match=message):
            lenet.export(tiny_run, "mlflow", tracking_uri=uri)
    with pytest.raises(RunError, match="does not answer: no connection"):
        lenet.export(tiny_run, "mlflow", tracking_uri=uri)


def test_stores_that_cannot_be_written(tiny_run, tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_ALLOW_FILE_STORE")
    (tmp_path / "folder.db").mkdir()
    for uri, message in (
        (str(tmp_path / "folder"), "MLflow no longer writes into a folder such as .*\nhint: use a database"),
        (f"sqlite:///{tmp_path}/no/a.db", "a.db has no folder\nhint: check .*another --tracking-uri"),
        (f"sqlite:///{tmp_path}/folder.db", "folder.db is a folder"),
        ("ftp://user:secret@host/store", "the MLflow store ftp://user:…@host/store refuses this: "),
    ):
        with pytest.raises(RunError, match=message):
            lenet.export(tiny_run, "mlflow", tracking_uri=uri)
    assert [path.name for path in tmp_path.iterdir()] == ["folder.db"]


@pytest.mark.parametrize(
    ("module", "package"),
    [
        ("alembic", '"lenet[mlflow]"'),
        ("sqlalchemy.orm", '"lenet[mlflow]"'),
        ("psycopg2", "psycopg2-binary"),
        ("MySQLdb", "mysqlclient"),
        ("oracledb", "oracledb"),
    ],
)
def test_a_missing_module_is_named_with_its_package(tiny_run, tmp_path, monkeypatch, module, package):
    def missing(*_):
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)

    monkeypatch.setattr(MlflowClient, "get_experiment_by_name", missing)
    with pytest.raises(MissingExtra, match=f"needs {module}") as caught:
        lenet.export(tiny_run, "mlflow", tracking_uri=str(tmp_path))
    assert caught.value.hint == f"pip install {package}"


def test_a_full_disk_below_a_database(tiny_run, tmp_path, monkeypatch):
    from mlflow.exceptions import MlflowException

    def full(*_):
        raise MlflowException("(sqlite3.OperationalError) database or disk is full\n[SQL: …]")

    monkeypatch.setattr(MlflowClient, "get_experiment_by_name", full)
    with pytest.raises(RunError, match=r"refuses this: .*disk is full\nhint: free some space; the same command"):
        lenet.export(tiny_run, "mlflow", tracking_uri=str(tmp_path))


def test_a_deleted_experiment(tiny_run, tmp_path):
    uri = str(tmp_path / "store")
    lenet.export(tiny_run, "mlflow", tracking_uri=uri, experiment="old")
    client, _, number = runs_of(uri, "old")
    client.delete_experiment(number)
    with pytest.raises(
        RunError, match="the experiment old was deleted\nhint: name another with --experiment, or mlflow"
    ):
        lenet.export(tiny_run, "mlflow", tracking_uri=uri, experiment="old")


@pytest.mark.proof
@pytest.mark.filterwarnings("ignore")
def test_every_number_once_in_a_database(swept, written, tmp_path, monkeypatch):
    pytest.importorskip("sqlalchemy")
    monkeypatch.delenv("MLFLOW_ALLOW_FILE_STORE")
    monkeypatch.chdir(tmp_path)
    uri = "sqlite:///mlflow.db"  # which is the default
    for note, arguments in (("wrote 4 runs:", {"tracking_uri": uri}), ("wrote 0 runs, 4 were there already:", {})):
        assert lenet.export(swept, "mlflow", **arguments).notes[0].startswith(note)
    compare(uri, written)
    (tmp_path / "other.db").write_text("no database")
    with pytest.raises(RunError, match=r"refuses this: .*file is not a database"):
        lenet.export(swept, "mlflow", tracking_uri="sqlite:///other.db")
