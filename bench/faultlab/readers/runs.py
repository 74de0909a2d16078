"""The JSON files of a run directory, read as `lenet evaluate`, `lenet runs` and whatever else takes a run reads them."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from random import Random

from faultlab.mutation import changed
from lenet.cli.results import runs_table
from lenet.config import TrainConfig
from lenet.doctor.finding import Finding
from lenet.images.preprocess import Preprocessing
from lenet.runs.points import ChunkPoint, EpochPoint, Point
from lenet.runs.recorder import Recorder
from lenet.runs.records import Environment, Resolved, Summary
from lenet.runs.run import Run

MAX_LENGTH = 8192
WORDS = (*rb'NaN Infinity 1e999 null true [ { "kind" "step" "epoch" "finding" \ud800'.split(), b"\xff", b"\n\x1e\n")
FILES = ("config.json", "environment.json", "summary.json", "metrics.jsonl")
BETWEEN = b"\n\x1e\n"

SUMMARY = {
    "train_loss": 0.5,
    "train_accuracy": 0.95,
    "test_loss": 0.6,
    "test_accuracy": 0.9,
    "images_per_second": 40000.0,
    "images_per_second_end_to_end": 9000.0,
    "seconds": 1.5,
    "steps_seconds": 1.0,
    "epochs": 1,
    "parameters": 60000,
    "model": "lenet",
    "recipe": "fast",
    "seed": 0,
    "engine": "cpu",
    "device": "cpu",
    "data": "digits",
    "run": "runs/run",
}

_written: dict[Path, bytes] = {}


def seeds() -> list[bytes]:
    """A finished run as lenet writes it, and one that has only begun."""
    resolved = {
        "data": "digits",
        "data_folder": None,
        "classes": ["zero", "one"],
        "model": {"name": "lenet", "arguments": {"input_size": [28, 28], "num_classes": 2}, "parameters": 60000},
        "engine": "cpu",
        "device": "cpu",
        "preprocessing": Preprocessing((28, 28), 0.5, 0.25).to_dict(),
        "notice": None,
    }
    rates = {"train_loss": 0.5, "train_accuracy": 0.95, "images_per_second": 40000.0}
    points: list[Point] = [
        ChunkPoint(step=1, epoch=0.1, learning_rate=0.1, **rates),
        Finding("no-progress", "Nothing is learnt.", {"loss": 2.3}, "Wait.", step=1),
        EpochPoint(step=9, epoch=1, test_loss=0.6, test_accuracy=0.9, **rates),
    ]
    with tempfile.TemporaryDirectory() as folder:
        environment = Environment(threads=2, data_fingerprint="0" * 64)
        run = Recorder.create(Path(folder) / "run", TrainConfig(), Resolved.from_dict(resolved), environment)
        begun = _content(run.path)
        for point in points:
            run.log(point)
        run.finish(Summary.from_dict(SUMMARY))
        return [begun, _content(run.path)]


def read(content: bytes, folder: Path) -> None:
    """Read every property of a Run, and make the table of `lenet runs`."""
    run = folder / "run"
    run.mkdir(exist_ok=True)
    parts = content.split(BETWEEN)
    for number, name in enumerate(FILES):
        _put(run / name, parts[number] if number < len(parts) else None)
    found = Run.load(run, finished=False)
    runs_table([found])
    _ = (
        found.config,
        found.environment,
        found.network,
        found.missing,
        found.epochs,
        [str(one) for one in found.findings],
    )
    if found.is_finished:
        _ = found.summary, found.test_accuracy


def mutated(content: bytes, mutate: Callable[[bytes], bytes], random: Random) -> bytes:
    """Mutate one file, or one line of metrics.jsonl; rarely the borders between them."""
    if random.random() < 0.05:
        return mutate(content)
    parts = content.split(BETWEEN)
    number = random.randrange(len(parts))
    if number == FILES.index("metrics.jsonl"):
        lines = parts[number].split(b"\n")
        line = random.randrange(len(lines))
        lines[line] = changed(lines[line], mutate, random)
        parts[number] = b"\n".join(lines)
    else:
        parts[number] = changed(parts[number], mutate, random)
    return BETWEEN.join(parts)


def _content(run: Path) -> bytes:
    return BETWEEN.join((run / name).read_bytes() for name in FILES if (run / name).is_file())


def _put(path: Path, content: bytes | None) -> None:
    if _written.get(path) == content:
        return
    if content is None:
        path.unlink()
        del _written[path]
    else:
        path.write_bytes(content)
        _written[path] = content
