"""Images per second of a whole training, from loading to saving, of lenet and of the tutorial's loop, in one run.

    python bench/end_to_end.py            (about 15 minutes; --epochs 1 --repeats 1 for a look)

All train the same network with the same recipe (book-sgd), in turn, each in a process of its own on the same cores, with the
same number of threads; the clock leaves out starting Python and importing PyTorch, but lenet's chart is in it. The
tutorial's DataLoader runs as the books have it, with 4 worker processes, and without any, which is its fastest on two cores.
For lenet with its CPU engine, the seconds from starting the process to its end are measured too. Needs Fashion-MNIST
(LENET_DATA, cache or download).
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from recording import Log, pin, spread

from lenet import data
from lenet.data.locate import locate

HERE = Path(__file__).parent


def last_line(command: list[str]) -> dict[str, float]:
    """Runs a command; returns the JSON in the last line of its stdout and `process_seconds`, from start to exit."""
    began = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    seconds = time.perf_counter() - began
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result | {"process_seconds": seconds}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--no-record", action="store_true")
    options = parser.parse_args()
    log = Log("end_to_end", record=not options.no_record)

    data.load("fashion-mnist")
    located = locate("fashion-mnist")
    assert located is not None
    cores = pin(options.threads)
    common = ["--epochs", str(options.epochs), "--threads", str(options.threads)]
    lenet = [
        sys.executable,
        "-m",
        "lenet",
        "train",
        "--recipe",
        "book-sgd",
        "--data",
        "fashion-mnist",
        "--device",
        "cpu",
    ]
    lenet += ["--json", "--quiet", *common]
    tutorial = [sys.executable, str(HERE / "tutorial.py"), "--folder", str(located.folder), *common]
    images = 60_000 * options.epochs
    log.say(f"{options.epochs} epochs with as many evaluations, {options.threads} threads on cores {cores}")
    log.say(
        "images per second, end to end; in brackets how many times as fast lenet's CPU engine is, and the test accuracy"
    )
    names = ("lenet_cpu", "lenet_reference", "tutorial_4_workers", "tutorial_0_workers")
    log.say("repeat  " + "  ".join(f"{name.replace('_', ' '):>26}" for name in names) + "   lenet cpu, whole process")
    rates: dict[str, list[float]] = {name: [] for name in names}
    whole = []
    for repeat in range(options.repeats):
        with tempfile.TemporaryDirectory() as folder:
            commands = [
                [*lenet, "--engine", engine, "--out", f"{folder}/{engine}", "--seed", str(repeat)]
                for engine in ("cpu", "reference")
            ] + [[*tutorial, "--workers", workers] for workers in ("4", "0")]
            results = [last_line(command) for command in commands]
        found = [images / result["seconds"] for result in results]
        for name, rate in zip(names, found, strict=True):
            rates[name].append(rate)
        whole.append(results[0]["process_seconds"])
        log.say(
            f"{repeat + 1:>6}  "
            + "  ".join(
                f"{rate:>8,.0f} ({found[0] / rate:>5.2f} ×, {result['test_accuracy']:.4f})"
                for rate, result in zip(found, results, strict=True)
            )
            + f"   {whole[-1]:.2f} s"
        )
    ratios = {
        name: statistics.median(a / b for a, b in zip(rates["lenet_cpu"], values, strict=True))
        for name, values in rates.items()
    }
    log.say(
        "median  "
        + "  ".join(f"{statistics.median(rates[name]):>8,.0f} ({ratios[name]:>5.2f} ×)        " for name in names)
        + f"   {statistics.median(whole):.2f} s"
    )
    log.finish(
        {
            "bench": "end_to_end",
            "epochs": options.epochs,
            "threads": options.threads,
            "images_per_second": {name: spread(values) for name, values in rates.items()},
            "ratio": ratios,
            "process_seconds": spread(whole),
        }
    )


if __name__ == "__main__":
    main()
