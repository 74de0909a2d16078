"""The file of trials on a failing disk: an error that names it, and then the same command goes on."""

import numpy as np
import pytest

import lenet
from lenet.data.dataset import Splits
from lenet.errors import RunError
from lenet.sweeps.tune.storage import cut, open_storage

pytest.importorskip("optuna")  # the environment without PyTorch lacks it
resource = pytest.importorskip("resource")

FILES = {"journal": "trials.journal", "sqlite": "trials.db"}


@pytest.fixture(scope="module")
def few(tiny):
    """100 training and 60 test images."""
    return Splits(tiny.train.subset(np.arange(100)), tiny.test.subset(np.arange(60)), "made up")


@pytest.fixture(autouse=True)
def no_chart(monkeypatch):
    monkeypatch.setattr("lenet.sweeps.tune.tune.Tuned.save", lambda self: [])


def search(data, out, **options):
    usual = {"recipe": "fast", "epochs": 1, "batch_size": 50, "hidden": 16, "progress": "quiet", "final_seeds": 0}
    result = lenet.tune(
        data, search={"learning_rate": "1e-4..1e-1:log"}, out=out, **(usual | {"workers": 1, "trials": 2} | options)
    )
    return [{name: value for name, value in each.items() if name != "seconds"} for each in result.numbers["trials"]]


@pytest.mark.parametrize("text", [b"", b"a\n", b"a\nb", b"b", b"a\nb\nc" + bytes(9)])
def test_cut_leaves_whole_lines(tmp_path, text):
    (tmp_path / "file").write_bytes(text)
    cut(tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"".join(line for line in text.splitlines(True) if line.endswith(b"\n"))


def test_a_journal_that_ends_anywhere_is_continued(few, tmp_path):
    whole = search(few, tmp_path)
    content = (tmp_path / FILES["journal"]).read_bytes()
    for end in np.random.default_rng(0).integers(1, len(content), 3):
        (tmp_path / FILES["journal"]).write_bytes(content[:end])
        assert search(few, tmp_path) == whole, end


@pytest.mark.parametrize(("storage", "more"), [("journal", 10), ("journal", 700), ("sqlite", 10)])
def test_a_full_disk_is_an_error_that_names_the_file(few, tmp_path, storage, more):
    whole = search(few, tmp_path / "whole", storage=storage)
    path = tmp_path / "full" / FILES[storage]
    search(few, tmp_path / "full", storage=storage, trials=1)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = path.stat().st_size if storage == "journal" else 0  # SQLite writes into the pages that it has
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + more, before[1]))
    try:
        with pytest.raises(RunError, match=f"cannot use {path}: ") as caught:
            search(few, tmp_path / "full", storage=storage)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "the same command resumes" in caught.value.hint
    assert search(few, tmp_path / "full", storage=storage) == whole


@pytest.mark.parametrize("storage", FILES)
@pytest.mark.parametrize("garbage", [b"\x00\xff{\n" * 999, b"{}\n", b"1\n", b'{"op_code": 4}\n'])
def test_garbage_is_an_error_that_names_the_file(tmp_path, storage, garbage):
    path = tmp_path / FILES[storage]
    path.write_bytes(garbage)
    with pytest.raises(RunError, match=str(path)) as caught:
        open_storage(storage, path)
    assert "choose another folder with --out" in caught.value.hint


def test_a_file_where_the_workers_should_be(few, tmp_path):
    search(few, tmp_path)
    (tmp_path / "workers").rmdir()
    (tmp_path / "workers").touch()
    with pytest.raises(RunError, match=r"workers: what should be its folder is a file") as caught:
        search(few, tmp_path)
    assert "move that file away" in caught.value.hint
