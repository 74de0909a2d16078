"""Test accuracy on Fashion-MNIST over seeds, mean and deviation: the recipes book-sgd and fast.

python bench/accuracy.py              (5 seeds of each, about ten minutes)
"""

import argparse
import tempfile

from recording import Log, mean_and_deviation

import lenet


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--recipes", nargs="+", default=["book-sgd", "fast"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--no-record", action="store_true")
    options = parser.parse_args()
    log = Log("accuracy", record=not options.no_record)
    log.say("recipe    seed  epochs  test accuracy  train accuracy  seconds")
    results = {}
    for recipe in options.recipes:
        accuracies = []
        for seed in range(options.seeds):
            with tempfile.TemporaryDirectory() as folder:
                run = lenet.train(
                    "fashion-mnist",
                    recipe=recipe,
                    seed=seed,
                    epochs=options.epochs,
                    threads=options.threads,
                    out=f"{folder}/run",
                    progress="quiet",
                )
                summary = run.summary
            accuracies.append(run_accuracy := summary["test_accuracy"])
            log.say(
                f"{recipe:<8}  {seed:>4}  {summary['epochs']:>6}  {run_accuracy:>13.4f}  "
                f"{summary['train_accuracy']:>14.4f}  {summary['seconds']:>7.1f}"
            )
        results[recipe] = mean_and_deviation(accuracies) | {"seeds": options.seeds, "epochs": summary["epochs"]}
        log.say(
            f"{recipe:<8}  mean {results[recipe]['mean']:.4f} ± {results[recipe]['deviation']:.4f} "
            f"(standard deviation over {options.seeds} seeds)"
        )
    log.finish({"bench": "accuracy", **results})


if __name__ == "__main__":
    main()
