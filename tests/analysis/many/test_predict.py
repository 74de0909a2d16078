"""All images in a folder: the answers of one at a time, each once, however often and wherever it is interrupted."""

import contextlib
import csv
import io
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lenet
from lenet.analysis.many import parts
from lenet.analysis.many.classify import Classifier
from lenet.analysis.many.predict import Silent, predict_folder
from lenet.analysis.many.process import Process
from lenet.analysis.many.workers import Done, Part, Workers
from lenet.errors import ConfigError, DataError, EngineError, ImageError, LenetError, RunError
from lenet.files import durable


def here(job, wanted, _num_files):
    """Classify in this process, as a cluster would, the parts in any order."""
    classify = Classifier(job)
    for part in reversed(list(wanted)):
        yield Done(part, len(part.names), classify(part.names))


def answers(summary):
    """All rows, in the order of the parts."""
    return [row for path in summary.paths for row in list(csv.reader(io.StringIO(path.read_text())))[1:]]


@pytest.fixture(scope="session")
def expected(tiny_run, photos):
    """What `lenet.predict` answers for each file alone."""
    rows = []
    for path in sorted(photos.rglob("*.*"), key=lambda path: path.relative_to(photos).as_posix()):
        name = path.relative_to(photos).as_posix()
        try:
            answer = lenet.predict(tiny_run, path)
        except ImageError as error:
            rows.append([name, "", "", "", error.message.replace(str(path), name)])
        else:
            rows.append([name, answer.label, f"{answer.probability:.6f}", "", ""])
    return rows


def test_the_answers_are_those_of_one_at_a_time(tiny_run, photos, expected, tmp_path):
    summary = predict_folder(tiny_run, photos, tmp_path / "answers", part_size=9)
    assert answers(summary) == expected
    assert (summary.num_files, summary.num_done, summary.num_errors) == (40, 0, 3)
    assert [path.name for path in summary.paths] == [f"part-{number:06}.csv" for number in range(5)]
    again = predict_folder(tiny_run, photos, tmp_path / "answers", part_size=9)
    assert (again.num_done, again.num_errors) == (40, 3)
    assert answers(predict_folder(tiny_run, photos, tmp_path / "more", part_size=7, classifies=here)) == expected


def test_parquet_has_the_same_answers(tiny_run, photos, expected, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    summary = predict_folder(tiny_run, photos, tmp_path, form="parquet")
    [path] = summary.paths
    rows = parquet.read_table(path).to_pylist()
    assert [row["file"] for row in rows] == [row[0] for row in expected]
    assert [row["label"] or "" for row in rows] == [row[1] for row in expected]
    assert [row["error"] or "" for row in rows] == [row[4] for row in expected]
    assert predict_folder(tiny_run, photos, tmp_path, form="parquet").num_errors == 3


@given(st.lists(st.integers(1, 60), max_size=4))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_file_has_one_answer_wherever_it_is_interrupted(
    tiny_run, photos, expected, tmp_path_factory, monkeypatch, stops
):
    """After each of so many steps: of the file system, of what is shown, of what is classified."""
    out, written = tmp_path_factory.mktemp("answers"), {}
    left = [0]

    def step(function):
        def stepped(*arguments, **options):
            left[0] -= 1
            if left[0] == 0:
                raise KeyboardInterrupt
            return function(*arguments, **options)

        return stepped

    def steps(job, wanted, num_files):
        for done in here(job, wanted, num_files):
            step(lambda: None)()
            yield done

    class Shows(Silent):
        advances = cannot_read = step(lambda *_: None)

    with monkeypatch.context() as patch:
        for name in ("open", "write", "fsync", "replace"):
            patch.setattr(durable.os, name, step(getattr(os, name)))
        for stop in stops:
            left[0] = stop
            with contextlib.suppress(KeyboardInterrupt):
                predict_folder(tiny_run, photos, out, part_size=6, shows=Shows(), classifies=steps)
            for path in out.glob("part-*"):
                assert written.setdefault(path, path.stat().st_mtime_ns) == path.stat().st_mtime_ns  # never done again
        left[0] = 0
    assert answers(predict_folder(tiny_run, photos, out, part_size=6, classifies=here)) == expected
    assert all(path.stat().st_mtime_ns == time for path, time in written.items())
    assert sorted(path.name for path in out.iterdir()) == ["manifest.json", *(f"part-{n:06}.csv" for n in range(7))]


def test_other_answers_are_refused_in_a_line(tiny_run, photos, tmp_path):
    out = tmp_path / "answers"
    first = predict_folder(tiny_run, photos, out, part_size=20, classifies=here)
    for options, message in [
        ({"part_size": 10}, "answers holds parts of another size: part_size 20, here 10"),
        ({"folder": photos / "a"}, "answers holds answers for another folder"),
        ({"run": "digits"}, "answers holds answers of another network"),
    ]:
        arguments = {"run": tiny_run, "folder": photos, "part_size": 20} | options
        with pytest.raises(RunError, match=message) as caught:
            predict_folder(out=out, classifies=here, **arguments)
        assert "--out" in caught.value.hint
    new = photos / "new.png"
    new.write_bytes(b"")
    try:
        with pytest.raises(RunError, match="answers holds answers for other files"):
            predict_folder(tiny_run, photos, out, part_size=20, classifies=here)
    finally:
        new.unlink()
    for name, content in [(first.paths[0].name, b'a,"'), (parts.MANIFEST, b"{}")]:
        (out / name).write_bytes(content)
    with pytest.raises(RunError, match=r"manifest\.json cannot be used: it has no network"):
        predict_folder(tiny_run, photos, out, part_size=20, classifies=here)
    with pytest.raises(RunError, match="is not empty, and holds no answers"):
        predict_folder(tiny_run, photos, photos)
    for folder, form in [(photos / "gone", "csv"), (photos / "a" / "6.png", "csv"), (photos, "xlsx")]:
        with pytest.raises(ConfigError):
            predict_folder(tiny_run, folder, tmp_path / "new", form=form)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no images"):
        predict_folder(tiny_run, tmp_path / "empty", tmp_path / "new")
    with pytest.raises(EngineError):
        predict_folder(tiny_run, photos, tmp_path / "new", device="cuda:99")
    assert not (tmp_path / "new").exists()
    with parts.claimed(out), pytest.raises(RunError, match="another process is predicting in"):
        predict_folder(tiny_run, photos, out)


def test_a_full_disk_is_a_line_and_the_same_call_goes_on(tiny_run, photos, expected, tmp_path, monkeypatch):
    def full(path, content):
        if path.name == "part-000001.csv":
            raise OSError(28, "No space left on device")
        write(path, content)

    write = durable.write
    with monkeypatch.context() as patch:
        patch.setattr(durable, "write", full)
        with pytest.raises(RunError, match=r"part-000001\.csv: the disk is full") as caught:
            predict_folder(tiny_run, photos, tmp_path, part_size=9)
    assert "goes on" in caught.value.hint
    assert answers(predict_folder(tiny_run, photos, tmp_path, part_size=9)) == expected


@pytest.fixture(scope="module")
def complete(tiny_run, photos, tmp_path_factory):
    return predict_folder(tiny_run, photos, tmp_path_factory.mktemp("answers") / "all", classifies=here)


@given(st.data())
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_part_that_was_cut_is_not_taken_for_done(tiny_run, photos, complete, data):
    [path] = complete.paths
    content = path.read_bytes()
    length = data.draw(st.integers(0, content.rindex(b"\n", 0, -1)))
    try:
        path.write_bytes(content[:length])
        with pytest.raises(RunError, match=r"part-000000\.csv is damaged: ") as caught:
            predict_folder(tiny_run, photos, path.parent, classifies=here)
    finally:
        path.write_bytes(content)
    assert caught.value.hint == "delete it, and try again"


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize("content", [b"", b"\x00\xff" * 500, b"file,label,probability,unknown,error\n"])
def test_other_content_of_a_part_is_named(tiny_run, photos, tmp_path, form, content):
    if form == "parquet":
        pytest.importorskip("pyarrow")
    [path] = predict_folder(tiny_run, photos, tmp_path, form=form, classifies=here).paths
    path.write_bytes(content)
    with pytest.raises(RunError, match=rf"part-000000\.{form} is damaged: "):
        predict_folder(tiny_run, photos, tmp_path, form=form, classifies=here)
    path.unlink()
    assert predict_folder(tiny_run, photos, tmp_path, form=form, classifies=here).num_errors == 3


@pytest.fixture
def job(tiny_run, photos):
    from lenet.analysis.many.classify import Job

    return Job.of(tiny_run, photos)


@pytest.mark.process
def test_processes_work_beside_this_one_and_may_die(job, photos, expected):
    names = [row[0] for row in expected]
    wanted = [Part(number, names[start : start + 8]) for number, start in enumerate(range(0, 40, 8))]
    rows = {}
    with Workers(job, wanted, 3) as workers:
        workers.processes[0].process.kill()
        for done in workers:
            if done.rows is not None:
                rows[done.part.number] = done.rows
    assert [row.cells() for number in range(5) for row in rows[number]] == expected


@pytest.mark.process
def test_a_process_gives_rows_or_an_error_and_none_once_it_has_died(job, expected, monkeypatch):
    process = Process(job)
    try:
        names = [row[0] for row in expected[:12]]
        assert [row.cells() for row in process.ask(names)] == expected[:12]
        process.process.kill()
        process.process.wait()
        assert process.ask(names) is None
    finally:
        process.end()
    broken = job.network.network.weights.copy()
    job.network.network.weights[:] = float("nan")
    try:
        process = Process(job)
        with pytest.raises(LenetError, match="NaN or infinite"):
            process.ask(names)
    finally:
        process.end()
        job.network.network.weights[:] = broken
