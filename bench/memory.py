"""Peak resident memory of a Fashion-MNIST training, as the operating system counts it for the whole process.

python bench/memory.py                (5 trainings of 2 epochs, about two minutes)
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from recording import Log, measured, spread


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--no-record", action="store_true")
    options = parser.parse_args()
    log = Log("memory", record=not options.no_record)
    if "LENET_DATA" in os.environ:  # the trainings run in another folder
        os.environ["LENET_DATA"] = str(Path(os.environ["LENET_DATA"]).resolve())
    log.say("recipe    repeat  peak MB")
    results = {}
    for recipe in ("fast", "book-sgd"):
        peaks = []
        for repeat in range(options.repeats):
            with tempfile.TemporaryDirectory() as folder:
                command = [sys.executable, "-m", "lenet", "train", "--data", "fashion-mnist", "--recipe", recipe]
                command += ["--epochs", str(options.epochs), "--quiet", "--threads", "2", "--out", "run"]
                peaks.append(measured(command, Path(folder))[1])
            log.say(f"{recipe:<8}  {repeat + 1:>6}  {peaks[-1]:>7.0f}")
        results[recipe] = spread(peaks)
    log.finish({"bench": "memory", "peak_megabytes": results})


if __name__ == "__main__":
    main()
