"""Own images: `lenet train --data FOLDER` beside scikit-learn's simple classifiers, on three sets of 20 images a class.

    python bench/own_images.py        (some minutes; --repeats 1 --no-record for a look; needs pip install "lenet[sklearn]")

Each repeat draws a set anew (tests/support/own_sets.py: icons in colour, letters, digits), writes it as class folders of PNG
files, and trains on it in a process of its own, from its start to its exit: reading, packing, splitting 80/20, training,
evaluating. The simple classifiers learn from the pixels of the same training images and are evaluated on the same test
images. The recipe `own` was chosen on sets of other seeds.
"""

import argparse
import json
import statistics
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from recording import Log, measured, pin, spread

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "support"))
from own_sets import SETS, write_folders

import lenet
from lenet.data.dataset import Splits

IMAGES = 20  # of each class
FIRST_SEED = 100  # of the sets


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--no-record", action="store_true")
    options = parser.parse_args()
    cores = pin(options.threads)
    log = Log("own_images", record=not options.no_record)
    log.say(f"# {options.threads} threads on cores {cores}, {IMAGES} images of each class, {options.repeats} repeats")
    result: dict[str, Any] = {}
    for name in SETS:
        with tempfile.TemporaryDirectory() as folder:
            repeats = [one_repeat(name, seed, Path(folder), options.threads) for seed in range(options.repeats)]
        accuracies = {who: [repeat[who] for repeat in repeats] for who in repeats[0]}
        seconds = accuracies.pop("seconds")
        means = {who: statistics.fmean(values) for who, values in accuracies.items()}
        best = max((who for who in means if who != "lenet"), key=lambda who: means[who])
        result[name] = {"accuracy": means, "best_simple": best, "seconds": spread(seconds)}
        log.say(
            f"{name}: {statistics.median(seconds):.1f} s; lenet {means['lenet']:.2%}, best simple: {best} {means[best]:.2%}"
        )
        log.say("  " + ", ".join(f"{who} {mean:.2%}" for who, mean in means.items()))
    log.finish({"bench": "own_images", "threads": options.threads, "repeats": options.repeats, "sets": result})


def one_repeat(name: str, seed: int, folder: Path, threads: int) -> dict[str, float]:
    """The accuracy of each classifier on the test images, and the seconds that lenet took."""
    data, run = folder / f"{name}-{seed}", folder / f"run-{name}-{seed}"
    write_folders(SETS[name](IMAGES, FIRST_SEED + seed), data)
    command = [
        sys.executable,
        "-m",
        "lenet",
        "train",
        "--data",
        str(data),
        "--split-seed",
        str(seed),
        "--out",
        str(run),
    ]
    seconds, _ = measured([*command, "--threads", str(threads)], folder)
    accuracy = json.loads((run / "summary.json").read_text())["test_accuracy"]
    return {"lenet": accuracy, **simple(lenet.data.load(str(data), split_seed=seed)), "seconds": seconds}


def simple(splits: Splits) -> dict[str, float]:
    """The accuracy of scikit-learn's classifiers on the test images, from the pixels of the training images."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.svm import SVC

    classifiers = {
        "1-NN": KNeighborsClassifier(1),
        "5-NN": KNeighborsClassifier(5),
        "logistic regression": LogisticRegression(max_iter=300),
        "SVM": SVC(C=10),
        "linear SVM": SVC(kernel="linear"),
        "random forest": RandomForestClassifier(300, random_state=0),
    }
    known, test = (part.images.reshape(len(part), -1) / np.float32(255) for part in splits)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # logistic regression that has not converged to the last digit
        return {
            name: float((classifier.fit(known, splits.train.labels).predict(test) == splits.test.labels).mean())
            for name, classifier in classifiers.items()
        }


if __name__ == "__main__":
    main()
