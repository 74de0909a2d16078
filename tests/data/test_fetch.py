"""Filling, checking and repairing the cache, with real folders and a real server."""

import gzip
import os
import signal
import time

import pytest
from faultlab.processes import Nursery
from faultlab.toy import describe

from lenet.data import fetch
from lenet.data.cache import cache_folder
from lenet.data.importing import import_folder
from lenet.data.loading import load
from lenet.data.locate import locate
from lenet.errors import DataError, DataUnavailable


def states(folder):
    """Everything about the files of a folder except when they were last read."""
    return {
        path: (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ctime_ns, path.stat().st_ino)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_download_fills_the_cache_once(toy, server, offer):
    offer("good")
    splits = load("toy")
    assert splits.source == f"downloaded from 127.0.0.1:{server.server_port}"
    assert len(server.asked) == 4
    assert load("toy").source == "cache"
    assert len(server.asked) == 4
    assert load("toy").fingerprint == splits.fingerprint
    names = sorted(path.name for path in cache_folder("toy").iterdir())
    assert names == sorted(file.name for file in toy.files)


def test_a_damaged_cache_is_refused_and_fetched_again(toy, server, offer):
    offer("good")
    fetch.fetch("toy")
    path = cache_folder("toy") / toy.files[2].name
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(DataError, match="its header announces"):
        load("toy")
    server.asked.clear()
    fetch.fetch("toy")
    assert [name for _, name, _ in server.asked] == [f"{path.name}.gz"]
    assert load("toy").source == "cache"
    server.asked.clear()
    fetch.fetch("toy", force=True)
    assert len(server.asked) == 4


def test_a_source_that_works_is_asked_first_for_the_other_files(toy, server, offer):
    offer("gone", "good")
    fetch.fetch("toy")
    assert [way for way, *_ in server.asked] == ["gone", "good", "good", "good", "good"]


def test_a_cache_that_cannot_be_written_is_an_error_with_a_hint(toy, offer, monkeypatch, tmp_path):
    offer("good")
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LENET_CACHE", str(tmp_path / "file"))
    with pytest.raises(DataError, match=r"the cache .* cannot be written") as caught:
        fetch.fetch("toy")
    assert "LENET_CACHE" in caught.value.hint


def test_fetch_removes_leftovers(toy, offer):
    offer("good")
    fetch.fetch("toy")
    for name in (
        "toy/.t10k-labels-idx1-ubyte.00000000.tmp",
        "toy/.t10k-labels-idx1-ubyte.gz.1.2.part",
        ".checked.json.00000003.tmp",
    ):
        cache_folder(name).write_bytes(b"half")
        os.utime(cache_folder(name), (0, 0))
    fetch.fetch("toy")
    assert not list(cache_folder().rglob(".*"))
    assert len(list(cache_folder("toy").iterdir())) == 4


def test_verify_fetches_damaged_and_missing_files(toy, server, offer):
    offer("good")
    fetch.fetch("toy")
    damaged, missing = (cache_folder("toy") / toy.files[number].name for number in (0, 3))
    damaged.write_bytes(b"damaged")
    missing.unlink()
    server.asked.clear()
    checks = fetch.verify("toy")
    assert [(check.path, check.is_fixed) for check in checks if check.fault] == [(damaged, True), (missing, True)]
    assert len(server.asked) == 2
    assert [check.fault for check in fetch.verify("toy")] == [None] * 4
    assert load("toy").source == "cache"


def test_verify_removes_what_cannot_be_fetched(toy, server, offer):
    offer("good")
    fetch.fetch("toy")
    damaged = cache_folder("toy") / toy.files[0].name
    damaged.write_bytes(b"damaged")
    offer("gone")
    checks = fetch.verify("toy")
    assert [check.path for check in checks if check.fault] == [damaged]
    [fault] = [check for check in checks if check.fault]
    assert not fault.is_fixed
    assert "404" in fault.outcome
    assert fault.outcome.endswith("and was removed")
    assert "lenet data import DIR" in fault.hint
    assert not damaged.exists()
    assert len(list(cache_folder("toy").iterdir())) == 3
    offer("good")
    assert [check.is_fixed for check in fetch.verify("toy") if check.fault] == [True]


def test_verify_never_touches_a_users_own_files(toy, put, server, offer, tmp_path):
    offer("good")
    folder = put(tmp_path / "mine", ".gz", gzip.compress)
    (folder / f"{toy.files[1].name}.gz").write_bytes(b"damaged")
    before = states(folder)
    checks = fetch.verify("toy", folder)
    assert states(folder) == before
    assert server.asked == []
    [fault] = [check for check in checks if check.fault]
    assert (fault.path, fault.is_fixed, fault.outcome) == (folder / f"{toy.files[1].name}.gz", False, None)
    assert "get the file again" in fault.hint


def test_verify_all_checks_what_is_there(toy, put, offer, tmp_path, monkeypatch):
    with pytest.raises(DataUnavailable, match="no data set is on this machine"):
        fetch.verify_all()
    folder = put(tmp_path / "mine")
    checks, faults = fetch.verify_all(folder)
    assert ([check.path.parent for check in checks[0]], faults) == ([folder] * 4, [])
    (folder / toy.files[0].name).unlink()
    checks, faults = fetch.verify_all(folder)
    assert checks == []
    assert "has no train-images-idx3-ubyte" in faults[0].message


def test_verify_needs_something_to_verify(toy):
    with pytest.raises(DataUnavailable, match="Toy is not on this machine"):
        fetch.verify("toy")


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_import_recognises_by_content_and_leaves_the_source_alone(toy, put, tmp_path, suffix):
    folder = put(tmp_path / "mine/Toy/raw", suffix, *([gzip.compress] if suffix else []))
    for path in [*folder.iterdir(), folder]:
        path.chmod(0o555)
    before = states(tmp_path / "mine")
    imported, faults = import_folder(tmp_path / "mine")
    assert faults == []
    assert [located.entry.name for located in imported] == ["toy"]
    assert load("toy").source == "cache"
    assert import_folder(tmp_path / "mine", "toy")[0][0].folder == tmp_path / "cache/toy"
    assert states(tmp_path / "mine") == before
    assert len(list((tmp_path / "cache/toy").iterdir())) == 4
    folder.chmod(0o755)


def test_import_of_the_cache_itself_changes_nothing(toy, put, tmp_path):
    folder = put(tmp_path / "cache/toy", ".gz", gzip.compress)
    before = states(folder)
    assert [located.folder for located in import_folder(tmp_path / "cache")[0]] == [folder]
    assert states(folder) == before


def test_import_of_nothing_or_of_damaged_files_is_refused(toy, put, tmp_path):
    (tmp_path / "bare").mkdir()
    with pytest.raises(DataError, match=r"bare does not hold a data set with a name \(fashion-mnist, mnist, "):
        import_folder(tmp_path / "bare")
    with pytest.raises(DataError, match="nowhere is no folder"):
        import_folder(tmp_path / "nowhere")
    folder = put(tmp_path / "mine")
    (folder / toy.files[0].name).write_bytes(b"damaged")
    with pytest.raises(DataError, match=toy.files[0].name):
        import_folder(folder, "toy")
    assert not (tmp_path / "cache").exists()


def test_import_reports_damaged_sets_beside_whole_ones(real_data, toy, put, tmp_path):
    """An MNIST folder with one truncated file is damaged MNIST, not "MNIST instead of Fashion-MNIST"."""
    folder = tmp_path / "mine/mnist"
    folder.mkdir(parents=True)
    for path in (real_data / "mnist").glob("*ubyte*"):
        content = path.read_bytes()
        (folder / path.name).write_bytes(content[:-9] if path.name.startswith("t10k-images") else content)
    for name in (None, "mnist"):
        with pytest.raises(DataError, match=r"t10k-images-idx3-ubyte.*is truncated or damaged"):
            import_folder(tmp_path / "mine", name)
    put(tmp_path / "mine/toy")
    imported, faults = import_folder(tmp_path / "mine")
    assert [located.entry.name for located in imported] == ["toy"]
    assert [fault.message for fault in faults if "truncated or damaged" in fault.message]


def test_import_repairs_the_cache(toy, put, tmp_path):
    """Neither a damaged plain file nor a damaged compressed one stays in the way of a good one."""
    cache = put(tmp_path / "cache/toy")
    (cache / toy.files[0].name).write_bytes(b"damaged")
    (cache / toy.files[1].name).rename(cache / f"{toy.files[1].name}.gz")
    put(tmp_path / "mine", ".gz", gzip.compress)
    import_folder(tmp_path / "mine", "toy")
    assert [check.fault for check in fetch.verify("toy")] == [None] * 4
    assert sorted(path.name for path in cache.iterdir()) == sorted(file.name for file in toy.files)


def test_the_digits_are_fetched_by_making_them(monkeypatch, tmp_path):
    monkeypatch.setenv("LENET_CACHE", str(tmp_path))
    assert locate("digits") is None
    located = fetch.fetch("digits")
    assert (located.folder, located.source) == (tmp_path / "digits", "made on this machine")
    (located.folder / "t10k-labels-idx1-ubyte").write_bytes(b"damaged")
    assert [check.is_fixed for check in fetch.verify("digits")] == [False, False, False, True]
    assert [check.fault for check in fetch.verify("digits")] == [None] * 4
    assert fetch.fetch("digits").source == "cache"


def test_content_is_checked_before_it_is_written(monkeypatch, tmp_path):
    """Digits that differ from the catalogue's are never put into the cache."""
    monkeypatch.setenv("LENET_CACHE", str(tmp_path))
    monkeypatch.setattr("lenet.data.digits.idx_files", lambda: iter([b"\0" * 10] * 4))
    with pytest.raises(DataError, match="train-images-idx3-ubyte"):
        fetch.fetch("digits")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_eight_processes_with_one_empty_cache_load_the_same(toy, contents, server, offer, tmp_path):
    offer("good")
    wanted = load("toy").fingerprint
    entry = describe(contents, server.source("good"))
    with Nursery() as nursery:
        processes = [nursery.start(entry, tmp_path / "shared") for _ in range(8)]
        for process in processes:
            process.go()
        assert [process.answer() for process in processes] == [wanted] * 8
    assert sorted(path.name for path in (tmp_path / "shared/toy").iterdir()) == sorted(file.name for file in toy.files)


def test_the_part_of_a_killed_process_is_continued(toy, contents, server, offer, tmp_path, monkeypatch):
    """It is taken over once nobody has written to it for long enough."""
    [source] = offer("stall")
    folder = cache_folder("toy")
    with Nursery() as nursery:
        process = nursery.start(describe(contents, source), folder.parent)
        process.go()
        quarter = len(server.files["train-images-idx3-ubyte.gz"]) // 4
        while not [path for path in folder.glob(".*.part") if path.stat().st_size == quarter]:
            time.sleep(0.01)
        process.kill(signal.SIGKILL)
    [left] = folder.iterdir()
    server.ways["stall"] = "good"  # the same address is well again
    asked = len(server.asked)
    fetch.fetch("toy")
    assert {start for *_, start in server.asked[asked:]} == {0}  # the part may be a live one's
    os.utime(left, (time.time() - 3600,) * 2)
    fetch.fetch("toy", force=True)
    assert ("stall", "train-images-idx3-ubyte.gz", quarter) in server.asked
    assert len(list(folder.iterdir())) == 4
