"""Test accuracy on Fashion-MNIST, mean and standard deviation over seeds, of the recipes on both CPU engines.

python bench/accuracy.py              (5 seeds of each, about ten minutes)

The engines sum in different orders, so a seed takes a different path on each; over seeds the accuracies must have the same
distribution. `t` is the difference of the means in its own standard errors (Welch, 1947).
"""

import argparse
import math
import tempfile
from typing import Any

from recording import Log, mean_and_deviation

import lenet

MOST = 3.0  # standard errors; 5 seeds of the same distribution exceed it in 2 of 100 cases


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--recipes", nargs="+", default=["book-sgd", "fast", "sprint"])
    parser.add_argument("--engines", nargs="+", default=["cpu", "reference"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--name", default="accuracy", help="of the record")
    parser.add_argument("--no-record", action="store_true")
    options = parser.parse_args()
    log = Log(options.name, record=not options.no_record)
    log.say("recipe    engine     seed  epochs  test accuracy  train accuracy  seconds")
    results: dict[str, dict[str, dict[str, Any]]] = {recipe: {} for recipe in options.recipes}
    for recipe in options.recipes:
        for engine in options.engines:
            accuracies = []
            for seed in range(options.seeds):
                with tempfile.TemporaryDirectory() as folder:
                    run = lenet.train(
                        "fashion-mnist",
                        recipe=recipe,
                        engine=engine,
                        seed=seed,
                        epochs=options.epochs,
                        threads=options.threads,
                        out=f"{folder}/run",
                        progress="quiet",
                    )
                    summary = run.summary
                accuracies.append(summary.test_accuracy)
                log.say(
                    f"{recipe:<8}  {engine:<9}  {seed:>4}  {summary.epochs:>6}  {accuracies[-1]:>13.4f}  "
                    f"{summary.train_accuracy:>14.4f}  {summary.seconds:>7.1f}"
                )
            found = mean_and_deviation(accuracies) | {"seeds": options.seeds, "epochs": summary.epochs}
            results[recipe][engine] = found
            log.say(
                f"{recipe:<8}  {engine:<9}  mean {found['mean']:.4f} ± {found['deviation']:.4f} "
                f"(standard deviation over {options.seeds} seeds)"
            )
        engines = list(results[recipe].values())
        error = math.sqrt(sum(found["deviation"] ** 2 / options.seeds for found in engines))
        if len(engines) == 2 and error:
            difference = engines[0]["mean"] - engines[1]["mean"]
            is_met = abs(difference / error) <= MOST
            log.say(
                f"{recipe:<8}  difference of the engines {difference:+.4f}, t = {difference / error:+.2f}; "
                f"one distribution (at most {MOST:g}): {'met' if is_met else 'NOT met'}"
            )
            results[recipe]["difference"] = {"mean": difference, "t": difference / error, "met": is_met}
    log.finish({"bench": "accuracy", **results})


if __name__ == "__main__":
    main()
