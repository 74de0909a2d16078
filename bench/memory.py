"""Peak resident memory of a Fashion-MNIST training, as the operating system counts it for the whole process.

python bench/memory.py                (5 trainings of 2 epochs, about two minutes)
"""

import argparse
import os
import sys
import tempfile

from recording import Log, spread


def peak_megabytes(command: list[str]) -> float:
    """Runs a command; its peak resident memory in MB (10^6 bytes)."""
    process = os.posix_spawn(command[0], command, os.environ)
    _, status, usage = os.wait4(process, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} failed")
    unit = 1 if sys.platform == "darwin" else 1024
    return usage.ru_maxrss * unit / 1e6


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--no-record", action="store_true")
    options = parser.parse_args()
    log = Log("memory", record=not options.no_record)
    log.say("recipe    repeat  peak MB")
    results = {}
    for recipe in ("fast", "book-sgd"):
        peaks = []
        for repeat in range(options.repeats):
            with tempfile.TemporaryDirectory() as folder:
                peaks.append(
                    peak_megabytes(
                        [
                            sys.executable,
                            "-m",
                            "lenet",
                            "train",
                            "--data",
                            "fashion-mnist",
                            "--recipe",
                            recipe,
                            "--epochs",
                            str(options.epochs),
                            "--quiet",
                            "--threads",
                            "2",
                            "--out",
                            f"{folder}/run",
                        ]
                    )
                )
            log.say(f"{recipe:<8}  {repeat + 1:>6}  {peaks[-1]:>7.0f}")
        results[recipe] = spread(peaks)
    log.finish({"bench": "memory", "peak_megabytes": results})


if __name__ == "__main__":
    main()
