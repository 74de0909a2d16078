"""Whether the search finds better settings than random search does with the same budget.

    python bench/tune.py      (about five minutes on two cores; needs Fashion-MNIST: LENET_DATA, cache or download)

Each repeat, with a seed of its own, searches twice: 100 trials of one epoch, by TPE and at random, over the same settings,
on 4,000 training images of Fashion-MNIST and 10,000 held-out ones. Compared is the held-out accuracy of the best trial.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from recording import Log, mean_and_deviation

import lenet
from lenet.data.dataset import Splits

SEARCH = {
    "learning_rate": "1e-5..1:log",
    "weight_decay": "1e-4..1:log",
    "batch_size": "8..256:log",
    "channels": "2..16",
    "hidden": "16..128:log",
    "kernel_size": "3..7",
    "label_smoothing": "0..0.4",
    "activation": "relu,tanh,sigmoid,leaky-relu",
    "pooling": "max,avg",
    "optimizer": "sgd,adam,adamw",
}
TRAIN, HELD_OUT = 4_000, 10_000


def images() -> Splits:
    """The training and held-out images; no test images of Fashion-MNIST."""
    whole = lenet.data.load("fashion-mnist").train
    order = np.random.default_rng(0).permutation(len(whole))
    train, held = (np.sort(part) for part in (order[:TRAIN], order[TRAIN : TRAIN + HELD_OUT]))
    judge = whole.subset(held)
    return Splits(whole.subset(train), judge, "a part of Fashion-MNIST", validation=judge)


def best(splits: Splits, sampler: str, seed: int, trials: int) -> tuple[float, float]:
    """The held-out accuracy of the best trial, and the seconds of the search."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        result = lenet.tune(
            splits,
            search=SEARCH,
            recipe="fast",
            out=Path(folder) / "tune",
            progress="quiet",
            epochs=1,
            seed=seed,
            sampler=sampler,
            trials=trials,
            workers=1,  # so that every repeat can be done again to the bit
            final_seeds=0,
        )
    trial = result.numbers["trials"][result.numbers["best"] - 1]
    return trial["accuracy"][-1], time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5, metavar="N")
    parser.add_argument("--trials", type=int, default=100, metavar="N")
    parser.add_argument("--no-record", action="store_true", help="leave bench/records/tune.log as it is")
    arguments = parser.parse_args()
    log = Log("tune", record=not arguments.no_record)
    splits = images()
    accuracy: dict[str, list[float]] = {"tpe": [], "random": []}
    for seed in range(arguments.repeats):
        for sampler, values in accuracy.items():
            value, seconds = best(splits, sampler, seed, arguments.trials)
            values.append(value)
            log.say(f"repeat {seed + 1}: {sampler:<6} best of {arguments.trials} trials {value:.4f}, {seconds:.0f} s")
    better = sum(one > other for one, other in zip(*accuracy.values(), strict=True))
    log.say(f"the search is better than random search in {better} of {arguments.repeats} repeats")
    log.finish(
        {
            "bench": "tune",
            "trials": arguments.trials,
            "repeats": arguments.repeats,
            "better": better,
            "accuracy": {name: mean_and_deviation(values) | {"values": values} for name, values in accuracy.items()},
        }
    )


if __name__ == "__main__":
    main()
