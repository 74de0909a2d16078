"""What calibrated networks know: their confidence on the test images, and how many images of other kinds they reject.

    python bench/unknown.py                               (a quarter of an hour on two cores, most of it trainings)
    python bench/unknown.py --seeds 1 --no-record         (two minutes)

Networks of the recipe `fast` with seeds from 0, and the ready-made ones. 5,000 training images are held out of each training
and calibrate it; the test images choose nothing. Trainings are kept in runs/unknown/, and a further call takes those that are
there. Needs MNIST and Fashion-MNIST.
"""

import argparse
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import unknown_images
from numpy.typing import NDArray
from recording import Log, mean_and_deviation

import lenet
from lenet.analysis.judge import Judge
from lenet.data.dataset import Images, Splits

FOLDER = Path("runs/unknown")
HELD_OUT = 5000
OTHER = {"fashion-mnist": "mnist", "mnist": "fashion-mnist", "digits": "fashion-mnist"}
DRAWN = {"fashion-mnist": "digit", "mnist": "garment", "digits": "garment"}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--data", nargs="*", default=list(OTHER), choices=list(OTHER))
    parser.add_argument("--no-record", action="store_true")
    options = parser.parse_args()
    log = Log("unknown", record=not options.no_record)
    data = {name: lenet.data.load(name) for name in OTHER}
    networks: dict[str, Any] = {}
    for name in options.data:
        runs = [trained(name, seed) for seed in range(options.seeds)]
        networks[f"{name}, fast"] = measured(log, f"{name}, recipe fast", [measure(run, name, data) for run in runs])
        with tempfile.TemporaryDirectory() as folder:
            ready = ready_made(name, Path(folder) / name)
            title = f"{name}, ready-made ({ready.config.recipe})"
            networks[f"{name}, ready-made"] = measured(log, title, [measure(ready, name, data)])
    log.finish({"bench": "unknown", "seeds": options.seeds, "held_out": HELD_OUT, "networks": networks})


def trained(name: str, seed: int) -> lenet.Run:
    """The run with that seed: one that is there, or a new one."""
    path = FOLDER / f"{name}-{seed}"
    if not (path / "summary.json").is_file():
        return lenet.train(name, recipe="fast", seed=seed, validation=HELD_OUT, out=path, progress="quiet")
    run = lenet.load(path)
    assert (run.config.recipe, run.config.seed, run.config.validation) == ("fast", seed, HELD_OUT), path
    lenet.calibrate(run)
    return lenet.load(path)


def ready_made(name: str, folder: Path) -> lenet.Run:
    """A copy of the ready-made network, calibrated as its training does it."""
    shutil.copytree(lenet.ready.path(name), folder)
    lenet.calibrate(folder)
    return lenet.load(folder)


def measure(run: lenet.Run, name: str, data: dict[str, Splits]) -> dict[str, Any]:
    """The numbers of one network."""
    judge, own = Judge(run, "cpu"), data[name]
    random = np.random.default_rng(1000 + run.config.seed)
    found = lenet.evaluate(run, own)
    reliability = found.reliability
    other, seed = OTHER[name], run.config.seed
    others: dict[str, Images] = {f"{other}, test images": data[other].test.images}
    others |= unknown_images.letters(run.preprocessing, seed)
    others[f"photographs of drawn {DRAWN[name]}s"] = unknown_images.drawn(run.preprocessing, DRAWN[name], 2 * seed + 1)
    others |= unknown_images.made(random) | unknown_images.changed(own.test.images, random)
    scores = {kind: scores_of(judge, images) for kind, images in others.items()}
    limit = np.quantile(scores_of(judge, own.test.images), 0.99)
    return {
        "accuracy": found.accuracy,
        "coverage": reliability.coverage,
        "accepted_accuracy": reliability.accepted_accuracy,
        "error_before": reliability.uncalibrated_error,
        "error_after": reliability.error,
        "temperature": reliability.temperature,
        "rejected_at_99": float((scores[f"{other}, test images"] > limit).mean()),
        "rejected": {kind: float((values > 1).mean()) for kind, values in scores.items()},
        "counts": {kind: len(images) for kind, images in others.items()},
    }


def scores_of(judge: Judge, images: Images) -> NDArray[np.float64]:
    """The outlier scores (N,) of images."""
    scores = judge(images).outlier_scores
    assert scores is not None
    return scores


def measured(log: Log, title: str, found: list[dict[str, Any]]) -> dict[str, Any]:
    """Mean and std of each number over the networks, printed."""
    names = (
        "accuracy",
        "coverage",
        "accepted_accuracy",
        "error_before",
        "error_after",
        "rejected_at_99",
        "temperature",
    )
    entry: dict[str, Any] = {name: mean_and_deviation([each[name] for each in found]) for name in names}
    entry["rejected"] = {
        kind: mean_and_deviation([each["rejected"][kind] for each in found]) for kind in found[0]["rejected"]
    }
    entry |= {"counts": found[0]["counts"], "networks": len(found)}
    log.say(f"\n{title}, {len(found)} seeds")
    for name in names[:-1]:
        log.say(f"  {name:18} {entry[name]['mean']:8.2%} ± {100 * entry[name]['deviation']:.2f}")
    for kind, value in entry["rejected"].items():
        log.say(
            f"  {kind:34} {value['mean']:7.1%} ± {100 * value['deviation']:4.1f} rejected of {entry['counts'][kind]:,}"
        )
    return entry


if __name__ == "__main__":
    main()
