"""How reliable the doctor is: how many trainings that end at chance level it reports within their first epoch, and how many
others; how often its remedies work; what it reports on healthy recipes; what it costs.

python bench/doctor.py                (400 trainings, some 90 with a remedy, healthy ones and costs: about 40 minutes)

The thresholds were chosen on the seeds 1000 to 1039, and the margin of the simulation after a first measurement on 0 to 39;
those from 100 on, measured here, are new. docs/doctor.md explains.
"""

import argparse
import contextlib
import dataclasses
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from recording import Log

import lenet
from lenet.data.duplicates import among
from lenet.doctor.curve_checks import WINDOW
from lenet.doctor.observation import Activations
from lenet.doctor.remedies import SUCCESSES
from lenet.doctor.unit_checks import dead_shares, saturated_shares
from lenet.engines.cpu import CpuEngine
from lenet.networks.layers import Activation
from lenet.training.diagnosis import SAMPLE, Findings
from lenet.training.sweep import Variation, sweep

RUNS = Path("runs/doctor")
DATA_SETS = ("fashion-mnist", "mnist", "digits")  # whose shared images are counted
AT_CHANCE = 0.2  # a test accuracy after the last epoch below this is a training that ended at chance level
BOOK_SGD = {"recipe": "book-sgd", "epochs": 5}
POPULATION: dict[str, dict[str, dict[str, Any]]] = {
    "sigmoid": {
        "book-adam": {"recipe": "book-adam"},
        "book-adam-01": {"recipe": "book-adam-01"},
        "book-sgd": {"recipe": "book-sgd"},
        "book-sgd, default init": {"recipe": "book-sgd", "init": "default"},
        "… rate 0.1, 5 epochs": BOOK_SGD | {"init": "default", "learning_rate": 0.1},
    },
    "relu": {
        "book-adam": {"recipe": "book-adam", "activation": "relu"},
        "… rate 0.03": {"recipe": "book-adam", "activation": "relu", "learning_rate": 0.03},
        "book-sgd, rate 0.1, 5 epochs": BOOK_SGD | {"activation": "relu", "learning_rate": 0.1},
        "… rate 0.3": BOOK_SGD | {"activation": "relu", "learning_rate": 0.3},
        "… rate 0.9": BOOK_SGD | {"activation": "relu"},
    },
}
HEALTHY = ("fast", "sprint", "lenet-bn", "tiny", "book-sgd", "book-adam")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", default="fashion-mnist")
    parser.add_argument("--seeds", type=int, default=40, help="trainings of each configuration")
    parser.add_argument("--first-seed", type=int, default=100)
    parser.add_argument(
        "--remedied", type=int, default=10, help="trainings at chance level to repeat with a remedy, per configuration"
    )
    parser.add_argument("--healthy-seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, help="replaces the epochs of each configuration")
    parser.add_argument("--validation", type=int, default=0, help="images to hold out: a shorter measurement")
    parser.add_argument("--no-record", action="store_true")
    options = parser.parse_args()
    log = Log("doctor", record=not options.no_record)
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    common = {"data": options.data, "epochs": options.epochs, "validation": options.validation}
    chance, successes = measure_chance(log, seeds, common, options.remedied)
    healthy = measure_healthy(log, range(options.first_seed, options.first_seed + options.healthy_seeds), common)
    cost = measure_cost(log, common)
    log.finish(
        {"bench": "doctor", "seeds": options.seeds, "chance": chance, "cures": successes, "healthy": healthy}
        | {"cost": cost, "shared": measure_shared(log)}
    )


def measure_chance(
    log: Log, seeds: range, common: dict[str, Any], num_remedied: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """How many trainings that end at chance level, and how many others, were reported in their first epoch.

    Also returns, for each remedy, how many trainings learned with it, and of how many.
    """
    titles = "at chance       reported  others       reported  later  not finite  seeds in error"
    log.say(f"{'activation':<10}  {'configuration':<30}  {titles}")
    results: dict[str, Any] = {}
    successes: dict[str, list[int]] = {remedy: [0, 0] for remedy in SUCCESSES}
    for activation, configurations in POPULATION.items():
        results[activation] = {}
        for name, settings in configurations.items():
            config = configured(settings, common)
            runs = trained(config, seeds)
            at_chance = [run for run in runs if run.test_accuracy < AT_CHANCE]
            others = [run for run in runs if run.test_accuracy >= AT_CHANCE]
            counts: dict[str, Any] = {
                "at_chance": len(at_chance),
                "named": sum(map(is_reported, at_chance)),
                "others": len(others),
                "others_named": sum(map(is_reported, others)),
                "others_named_later": sum(
                    is_reported(run, run.config.epochs) and not is_reported(run) for run in others
                ),
                "not_finite": len(seeds) - len(runs),
            }
            results[activation][name] = counts
            wrong = [run.config.seed for run in runs if (run in at_chance) != is_reported(run)]
            log.say(
                f"{activation:<10}  {name:<30}  {counts['at_chance']:>9}  {counts['named']:>13}  {counts['others']:>6}  "
                f"{counts['others_named']:>13}  {counts['others_named_later']:>5}  {counts['not_finite']:>10}  "
                f"{', '.join(map(str, wrong))}"
            )
            again = [run.config.seed for run in at_chance[:num_remedied]]
            for remedy, changed in remedies_of(activation, config).items() if again else ():
                learned = sum(run.test_accuracy >= AT_CHANCE for run in trained(changed, again))
                counts[remedy] = [learned, len(again)]
                successes[remedy] = [successes[remedy][0] + learned, successes[remedy][1] + len(again)]
                log.say(f"{'':<10}  with {remedy}: {learned} of {len(again)} learned")
    rows = [counts for configurations in results.values() for counts in configurations.values()]
    keys = ("at_chance", "named", "others", "others_named", "others_named_later", "not_finite")
    total = {key: sum(counts[key] for counts in rows) for key in keys}
    met = total["named"] >= 0.99 * total["at_chance"] and total["others_named"] <= 0.01 * total["others"]
    log.say(
        f"all: {total['named']} of {total['at_chance']} at chance reported (at least 99 %), {total['others_named']} of "
        f"{total['others']} others (at most 1 %): {'met' if met else 'NOT met'}"
    )
    return results | {"total": total | {"met": met}}, successes


def configured(settings: dict[str, Any], common: dict[str, Any], **more: Any) -> lenet.TrainConfig:
    """The configuration, where the options common to all, if given, replace its own settings."""
    given = {name: value for name, value in common.items() if value is not None}
    return lenet.configure(**(settings | given | more))


def remedies_of(activation: str, config: lenet.TrainConfig) -> dict[str, lenet.TrainConfig]:
    """The same training with one setting changed, by the name of the remedy in the findings."""
    if activation == "sigmoid":
        return {
            "xavier-uniform": dataclasses.replace(config, init="xavier-uniform"),
            "relu": dataclasses.replace(config, activation="relu"),
        }
    return {"rate": dataclasses.replace(config, learning_rate=config.learning_rate / 10)}


def trained(config: lenet.TrainConfig, seeds: Sequence[int]) -> tuple[lenet.Run, ...]:
    """The runs of these seeds, without those that diverged; they stay on the disk, so an interrupted measurement resumes."""
    return sweep([Variation("", config)], seeds=seeds, folder=RUNS, progress="quiet")[0].runs


def is_reported(run: lenet.Run, within: float = 1) -> bool:
    """Whether the doctor reported the run to be at chance level within so many epochs."""
    return any(finding.name == "chance-level" and finding.epoch <= within for finding in run.findings)


def measure_healthy(log: Log, seeds: range, common: dict[str, Any]) -> dict[str, Any]:
    """Findings on healthy trainings of ten epochs, and how near these come to the thresholds."""
    log.say("\nrecipe     runs  findings  largest gap  largest rise  dead  saturated")
    results = {}
    for recipe in HEALTHY:
        runs = trained(configured({"recipe": recipe, "epochs": 10}, common), seeds)
        names = Counter(finding.name for run in runs for finding in run.findings)
        dead, saturated = (max(shares) for shares in zip(*map(unit_shares, runs), strict=True))
        measured = {
            "runs": len(runs),
            "findings": dict(names),
            "gap": max(point.train_accuracy - point.test_accuracy for run in runs for point in run.epochs),
            "rise": max(map(largest_rise, runs)),
            "dead": dead,
            "saturated": saturated,
        }
        results[recipe] = measured
        log.say(
            f"{recipe:<9}  {measured['runs']:>4}  {names.total():>8}  {measured['gap']:>11.3f}  {measured['rise']:>12.3f}  "
            f"{dead:>4.2f}  {saturated:>9.2f}  {dict(names) or ''}"
        )
    return results


def largest_rise(run: lenet.Run) -> float:
    """How far the mean loss of a few chunks rose above its lowest value so far."""
    losses = [point.train_loss for point in run.chunks]
    means = [sum(part) / WINDOW for part in zip(*(losses[i:] for i in range(WINDOW)), strict=False)]
    rises = [mean - min(means[: number + 1]) for number, mean in enumerate(means)]
    return float(max(rises))


def unit_shares(run: lenet.Run) -> tuple[float, float]:
    """The largest share of dead units and of saturated units in any layer, after the training."""
    train, _ = lenet.data.load(run.resolved.data)
    index = np.linspace(0, len(train) - 1, SAMPLE).astype(np.int64)
    trained = run.network
    activations = {
        layer.name: Activations(layer.function, values)
        for layer, values in zip(trained.architecture.layers, trained.outputs(train.images[index]), strict=True)
        if isinstance(layer, Activation)
    }
    return max(dead_shares(activations).values(), default=0), max(saturated_shares(activations).values(), default=0)


def measure_cost(log: Log, common: dict[str, Any]) -> dict[str, Any]:
    """Seconds that a default training spends with the doctor, and that a simulation takes."""
    results: dict[str, Any] = {}
    for name, settings in (
        ("fast", {}),
        ("book-sgd, default init, rate 0.1", POPULATION["sigmoid"]["… rate 0.1, 5 epochs"]),
    ):
        with clocked() as spent, tempfile.TemporaryDirectory() as folder:
            run = lenet.train(
                config=configured(settings, common, threads=2), out=Path(folder) / "run", progress="quiet"
            )
            seconds = run.summary.seconds
        results[name] = {"doctor_seconds": spent, "seconds": seconds, "share": sum(spent.values()) / seconds}
        log.say(
            f"{name}: {seconds:.2f} s, the doctor "
            + ", ".join(f"{part} {1000 * value:.0f} ms" for part, value in spent.items())
            + f": {sum(spent.values()) / seconds:.1%}"
        )
    return results


def measure_shared(log: Log) -> dict[str, int]:
    """Test images of each data set that equal a training image in every byte."""
    counts = {}
    for name in DATA_SETS:
        train, test = lenet.data.load(name)
        counts[name] = int(among(test.images, train.images).sum())
        log.say(f"{name}: {counts[name]} of {len(test):,} test images are training images")
    return counts


@contextlib.contextmanager
def clocked() -> Iterator[dict[str, float]]:
    """Measures the seconds spent in each of the doctor's calls, and in copying the state before each chunk."""
    spent: dict[str, float] = {}
    calls = [(Findings, name) for name in ("before", "after_chunk", "after_epoch")] + [(CpuEngine, "state_dict")]
    originals = [getattr(owner, name) for owner, name in calls]

    def timed(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any) -> Any:
            began = time.perf_counter()
            try:
                return call(*arguments)
            finally:
                spent[name] = spent.get(name, 0.0) + time.perf_counter() - began

        return wrapped

    try:
        for (owner, name), call in zip(calls, originals, strict=True):
            setattr(owner, name, timed(name, call))
        yield spent
    finally:
        for (owner, name), call in zip(calls, originals, strict=True):
            setattr(owner, name, call)


if __name__ == "__main__":
    main()
