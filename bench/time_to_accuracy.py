"""Seconds of `lenet train --recipe sprint` from starting the process to its exit, and the test accuracy of the run.

    python bench/time_to_accuracy.py      (5 seeds, about half a minute)

Every seed is a process of its own, with nothing left over from another: the clock runs from starting it to its exit, and so
holds starting Python, importing PyTorch, loading the data, training, an evaluation after each epoch, and saving weights and
chart. The processes are pinned to as many cores as they have threads, and name the engine, so that kernels that do not fit
are an error and not another engine's time. Needs Fashion-MNIST (LENET_DATA, cache or download); it is fetched, if it must
be, and read once before the clock starts, so that it lies in the system's file cache for all.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from recording import Log, mean_and_deviation, pin, spread

import lenet

WANTED = 0.9  # mean test accuracy over the seeds


def train(recipe: str, seed: int, threads: int, folder: Path) -> tuple[float, lenet.Run]:
    """Trains as a user does; returns the seconds from start to exit, and the saved run."""
    command = [sys.executable, "-m", "lenet", "train", "--recipe", recipe, "--seed", str(seed), "--quiet"]
    command += ["--data", "fashion-mnist", "--engine", "cpu", "--threads", str(threads), "--out", str(folder)]
    began = time.perf_counter()
    with subprocess.Popen(command) as process:
        code = process.wait()
        seconds = time.perf_counter() - began
    if code:
        raise SystemExit(f"{' '.join(command)} failed")
    return seconds, lenet.Run.load(folder)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--recipe", default="sprint")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--no-record", action="store_true")
    options = parser.parse_args()
    log = Log("time_to_accuracy", record=not options.no_record)
    lenet.data.load("fashion-mnist")
    cores = pin(options.threads)
    log.say(f"recipe {options.recipe}, {options.threads} threads on cores {', '.join(map(str, cores))}")
    log.say("in each process: start = Python and PyTorch; rest = loading, evaluating, saving weights and chart")
    log.say("seed  seconds  start  steps   rest  epochs  test accuracy")
    rows = []
    for seed in range(options.seeds):
        with tempfile.TemporaryDirectory() as folder:
            seconds, run = train(options.recipe, seed, options.threads, Path(folder) / "run")
            summary = run.summary
            assert run.environment.threads == options.threads
        steps, inside = summary.steps_seconds, summary.seconds
        row = (seconds, seconds - inside, steps, inside - steps, summary.test_accuracy)
        rows.append(row)
        log.say(
            f"{seed:>4}  {row[0]:>7.2f}  {row[1]:>5.2f}  {row[2]:>5.2f}  {row[3]:>5.2f}  {summary.epochs:>6}  "
            f"{row[4]:>13.4f}"
        )
    names = ("seconds", "start_seconds", "steps_seconds", "rest_seconds", "test_accuracy")
    figures = {
        name: mean_and_deviation(values) | spread(values)
        for name, values in zip(names, map(list, zip(*rows, strict=True)), strict=True)
    }
    time_taken, accuracy = figures["seconds"], figures["test_accuracy"]
    is_met = accuracy["mean"] >= WANTED
    log.say(
        f"mean ± standard deviation over {options.seeds} seeds: {time_taken['mean']:.2f} ± {time_taken['deviation']:.2f} s, "
        f"test accuracy {accuracy['mean']:.4f} ± {accuracy['deviation']:.4f}"
    )
    log.say(f"mean of {WANTED:.0%} or more: {'met' if is_met else 'NOT met'}")
    log.finish(
        {
            "bench": "time_to_accuracy",
            "recipe": options.recipe,
            "epochs": summary.epochs,
            "seeds": options.seeds,
            "threads": options.threads,
            "cores": cores,
            "engine": summary.engine,
            "wanted": WANTED,
            "met": is_met,
            **figures,
        }
    )


if __name__ == "__main__":
    main()
