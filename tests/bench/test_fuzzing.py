import contextlib
import importlib
import importlib.util
import json
import os
import random
import re
from pathlib import Path

import pytest
from faultlab import fuzzing, mutation

from lenet.errors import LenetError

needs_atheris = pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris is not installed")
RUNS = 20_000


@pytest.fixture
def planted(monkeypatch):
    paths = [str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))

    def fuzz(kind, runs):
        monkeypatch.setenv("PLANTED", kind)
        return fuzzing.fuzz("planted", "a planted fault", runs, hang=1 if kind == "hang" else fuzzing.HANG)

    return fuzz


@needs_atheris
@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("exception", "ZeroDivisionError: planted"),
        ("death", "deadly signal"),
        ("hang", "timeout after"),
        ("memory", "out-of-memory|MB beyond the start"),
    ],
)
def test_a_planted_fault_is_found_and_its_input_kept(planted, kind, said):
    row = planted(kind, 100_000)
    assert not row.is_met
    assert row.trials - row.survived == 1
    assert re.search(said, row.evidence)
    kept = Path(re.search(r"/\S*fault-\w+-\w+", row.evidence)[0])
    assert kept.read_bytes().startswith(b"FZ")
    kept.unlink()


@needs_atheris
def test_a_reader_without_a_fault_survives_all_that_was_asked_for(planted):
    row = planted("none", RUNS)
    assert row.is_met
    assert row.trials == row.survived == RUNS
    assert row.wanted == "20,000 of 20,000"
    results, refused = (int(part.split()[0].replace(",", "")) for part in row.evidence.split(";")[0].split(", "))
    assert results + refused == RUNS
    assert refused


def test_memory_that_grew_between_two_looks_is_seen_at_the_end(tmp_path):
    said = "#2 INITED cov: 4 ft: 4 corp: 1/5b\nstat::number_of_executed_units: 9\nstat::peak_rss_mb: {}\n"
    counts = fuzzing._counts(tmp_path / "counts")
    counts[0], counts[1], counts[2] = 5, 4, 50
    assert fuzzing.judged("", "", said.format(250), 0, tmp_path, runs=9, seconds=1).is_met
    row = fuzzing.judged("", "", said.format(251), 0, tmp_path, runs=9, seconds=1)
    assert (row.trials, row.survived) == (9, 8)
    assert "memory +201 MB" in row.evidence


@needs_atheris
def test_a_process_that_does_not_start_is_an_error():
    row = fuzzing.fuzz("no_such_reader", "nothing", RUNS)
    assert not row.is_met
    assert "No module named 'no_such_reader'" in row.evidence


def test_without_atheris_the_row_says_so(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    for row in fuzzing.examine(short=True):
        assert not row.is_met
        assert "atheris is not installed" in row.evidence


@pytest.mark.parametrize("name", fuzzing.READERS)
@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's
def test_seeds_are_read_and_changes_of_them_are_read_or_refused(name, tmp_path):
    reader = importlib.import_module(f"faultlab.readers.{name}")
    draw = random.Random(0)

    def flipped(part):
        content = bytearray(part or b"\0")
        content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        return bytes(content)

    seeds, refused = reader.seeds(), 0
    for seed in seeds:
        assert len(seed) <= reader.MAX_LENGTH
        try:
            reader.read(seed, tmp_path)
        except LenetError:
            refused += 1
        for _ in range(5):
            with contextlib.suppress(LenetError):
                reader.read(reader.mutated(seed, flipped, draw), tmp_path)
    assert refused <= len(seeds) // 4


def test_changed_json_is_mostly_json_still():
    draw = random.Random(0)
    value = {"a": [1, 2.5, {"b": "text"}], "c": None}
    content, kept = json.dumps(value).encode(), 0
    for _ in range(300):
        try:
            json.loads(mutation.changed(content, lambda part: part + b"\xff", draw))
            kept += 1
        except (ValueError, RecursionError):
            pass
    assert 180 < kept < 300
