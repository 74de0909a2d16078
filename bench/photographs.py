"""How often photographs and drawings are classified correctly, by lenet and by two ways that others take.

    python bench/photographs.py                    (about three minutes)
    python bench/photographs.py --mnist RUN --fashion RUN --images 100 --seeds 1 --no-record

Measures networks of the recipe `fast` on the drawings of tests/support/drawings, on each condition with seeds that were held
out while the preprocessing was developed; then on the test images of MNIST and Fashion-MNIST as files, enlarged on any
ground, in a photo and moved; and the time of `lenet predict` for a photo of 12 megapixels. Needs both data sets.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from photograph_files import VARIANTS, files
from photograph_ways import WAYS
from recording import ROOT, Log, measured, spread

import lenet
from lenet.analysis.answer import Answer, Reading
from lenet.analysis.given_images import given_images
from lenet.analysis.prediction import predict_each
from lenet.runs.run import Run

sys.path.append(str(ROOT / "tests" / "support"))
import drawings

DATA = {"digit": "mnist", "garment": "fashion-mnist"}
FRAMINGS = {"digit": "mass", "garment": "box"}
Drawing = tuple[str, int, int]  # condition, label, seed


def correct(run: Run, kind: str, wanted: Sequence[Drawing], ways: Sequence[str] = ()) -> list[dict[str, bool]]:
    """For each drawing, which ways classify it correctly: "lenet", and those of `ways`."""
    with tempfile.TemporaryDirectory() as name:
        paths = [drawings.save(Path(name), condition, kind, label, seed) for condition, label, seed in wanted]
        answers = predict_each(run, given_images(paths))
        return [
            {"lenet": is_label(answer, run.classes[label])}
            | {way: other_answer(run, kind, path, way) == run.classes[label] for way in ways}
            for answer, path, (_, label, _) in zip(answers, paths, wanted, strict=True)
        ]


def is_label(answer: Answer, label: str) -> bool:
    """Whether an image was classified, and correctly."""
    return isinstance(answer, Reading) and answer.label == label


def other_answer(run: Run, kind: str, path: Path, way: str) -> str | None:
    """The class after another way of preprocessing; None if that finds nothing."""
    try:
        seen = WAYS[way](path, FRAMINGS[kind])
    except ValueError:
        return None
    return str(run.network.predictions(seen[None])[0])


def measure_drawings(log: Log, run: Run, kind: str, seeds: Sequence[int]) -> dict[str, Any]:
    """Count by condition; prints a line for each."""
    names = ("lenet", *WAYS)
    counts: dict[str, dict[str, int]] = {}
    log.say(f"\n{kind + 's':<20}{''.join(f'{name:>10}' for name in names)}{'of':>6}")
    for condition in drawings.conditions(kind):
        wanted = [(condition.name, label, seed) for label in range(10) for seed in seeds]
        results = correct(run, kind, wanted, tuple(WAYS))
        counts[condition.name] = {name: sum(result[name] for result in results) for name in names}
        log.say(
            f"{condition.name:<20}{''.join(f'{counts[condition.name][name]:>10}' for name in names)}{len(wanted):>6}"
        )
    each = 10 * len(seeds)
    shares = {name: sum(count[name] for count in counts.values()) / (each * len(counts)) for name in names}
    log.say(f"{'all':<20}{''.join(f'{shares[name]:>10.1%}' for name in names)}{each * len(counts):>6}")
    return {"conditions": counts, "of": each, "accuracy": shares}


def measure_test_images(log: Log, run: Run, data: str, number: int) -> dict[str, Any]:
    """The accuracy on test images made into files in several ways, beside that of evaluation on the same images."""
    test = lenet.data.load(data).test
    step = len(test.images) // number
    images = test.images[::step][:number]
    labels = [run.classes[label] for label in test.labels[::step][:number].tolist()]
    result = {"evaluation": float(np.mean(np.array(run.network.predictions(images)) == labels))}
    for variant in VARIANTS:
        with tempfile.TemporaryDirectory() as name:
            paths = files(Path(name), variant, images)
            answers = predict_each(run, given_images(paths))
            right = [is_label(*pair) for pair in zip(answers, labels, strict=True)]
        result[variant] = float(np.mean(right))
    for variant, share in result.items():
        log.say(f"{data:<15}{variant:<25}{share:>8.2%}")
    return {"images": len(labels), **result}


def measure_numbers(log: Log, run: Run, seeds: Sequence[int]) -> dict[str, float]:
    """How many numbers of two to four digits are read entirely, and how many single digits are taken for several."""
    rng = np.random.default_rng(seeds[0])
    numbers = [tuple(rng.integers(0, 10, length).tolist()) for length in (2, 3, 4) for _ in range(20)]
    single = [condition.name for condition in drawings.conditions("digit") if condition.name != "cut_neighbours"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = [folder / f"{position}.image" for position in range(len(numbers))]
        for path, number in zip(paths, numbers, strict=True):
            path.write_bytes(drawings.write_row("digit", number, seeds[0]))
        readings = list(predict_each(run, given_images(paths), split=True))
        alone = [
            drawings.save(folder, condition, "digit", place % 10, seeds[0]) for place, condition in enumerate(single)
        ]
        doubts = [
            isinstance(one, Reading) and one.parts[0].num_parts > 1 for one in predict_each(run, given_images(alone))
        ]
    read = [is_label(reading, "".join(map(str, number))) for reading, number in zip(readings, numbers, strict=True)]
    result = {"numbers": len(numbers), "read": float(np.mean(read)), "doubted": float(np.mean(doubts))}
    log.say(
        f"\n{len(numbers)} numbers: {result['read']:.1%} read; {result['doubted']:.1%} of single digits taken for several"
    )
    return result


def predict_seconds(run: Path, folder: Path, repeats: int) -> dict[str, float]:
    """The time of `lenet predict` for a photo of 12 megapixels, as a whole process."""
    photo = drawings.save(folder, "twelve_megapixels", "digit", 5, 1)
    command = [sys.executable, "-m", "lenet", "predict", str(run), str(photo)]
    return spread([measured(command, folder)[0] for _ in range(repeats + 1)][1:])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--mnist", type=Path, metavar="RUN", help="a run on MNIST; by default one is trained")
    parser.add_argument("--fashion", type=Path, metavar="RUN", help="a run on Fashion-MNIST; by default one is trained")
    parser.add_argument(
        "--seeds", type=int, default=[1], nargs="+", help="seeds of the drawings; odd ones are held out"
    )
    parser.add_argument("--images", type=int, default=500, help="test images of each data set")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--no-record", action="store_true")
    options = parser.parse_args()
    log = Log("photographs", record=not options.no_record)
    result: dict[str, Any] = {"bench": "photographs", "seeds": options.seeds, "drawings": {}, "test_images": {}}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        runs = {
            kind: lenet.load(given) if given else lenet.train(DATA[kind], out=folder / kind, progress="quiet")
            for kind, given in (("digit", options.mnist), ("garment", options.fashion))
        }
        for kind, run in runs.items():
            log.say(f"{DATA[kind]}: recipe {run.config.recipe}, test accuracy {run.test_accuracy:.2%}")
        for kind, run in runs.items():
            result["drawings"][kind] = measure_drawings(log, run, kind, options.seeds)
        log.say()
        for kind, run in runs.items():
            result["test_images"][DATA[kind]] = measure_test_images(log, run, DATA[kind], options.images)
        result["numbers"] = measure_numbers(log, runs["digit"], options.seeds)
        seconds = predict_seconds(runs["digit"].path.absolute(), folder, options.repeats)
    log.say(
        f"\npredict, 12 megapixels, whole process: {seconds['median']:.2f} s ({seconds['min']:.2f} to {seconds['max']:.2f})"
    )
    log.finish({**result, "predict_seconds": seconds})


if __name__ == "__main__":
    main()
