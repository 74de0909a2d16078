"""Pictures per second of everything: load, 10 epochs, 10 evaluations, save. lenet beside the tutorial's way, one run.

    python bench/end_to_end.py            (about 15 minutes; --epochs 1 --repeats 1 for a look)

Both train the same network with the same recipe (book-sgd), in turn, each in a process of its own with the same number of
threads; the clock leaves out starting Python and importing PyTorch for both. The tutorial's DataLoader runs as the books
have it, with 4 worker processes, and without any, which is its fastest on two cores. Needs Fashion-MNIST (LENET_DATA,
cache or download).
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from recording import Log, spread

from lenet import data
from lenet.data import fetch

HERE = Path(__file__).parent


def last_line(command: list[str]) -> dict[str, float]:
    """Runs a command, and reads the JSON in the last line of its stdout."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--no-record", action="store_true")
    options = parser.parse_args()
    log = Log("end_to_end", record=not options.no_record)

    data.load("fashion-mnist")
    located = fetch.locate("fashion-mnist")
    assert located is not None
    common = ["--epochs", str(options.epochs), "--threads", str(options.threads)]
    tutorial = [sys.executable, str(HERE / "tutorial.py"), "--folder", str(located.folder), *common]
    images = 60_000 * options.epochs
    log.say(
        f"{options.epochs} epochs with as many evaluations, {options.threads} threads; images per second, end to end"
    )
    log.say("repeat   lenet  tutorial, 4 workers  ratio  tutorial, 0 workers  ratio   test accuracies")
    rates: dict[str, list[float]] = {"lenet": [], "tutorial_4_workers": [], "tutorial_0_workers": []}
    for repeat in range(options.repeats):
        with tempfile.TemporaryDirectory() as folder:
            lenet = [
                sys.executable,
                "-m",
                "lenet",
                "train",
                "--recipe",
                "book-sgd",
                "--data",
                "fashion-mnist",
                "--engine",
                "reference",
                "--device",
                "cpu",
                "--json",
                "--quiet",
                "--out",
                f"{folder}/run",
                "--seed",
                str(repeat),
            ]
            results = [last_line([*lenet, *common]), *(last_line([*tutorial, "--workers", n]) for n in ("4", "0"))]
        ours, four, none = (images / result["seconds"] for result in results)
        for name, rate in zip(rates, (ours, four, none), strict=True):
            rates[name].append(rate)
        log.say(
            f"{repeat + 1:>6}  {ours:>6,.0f}  {four:>19,.0f}  {ours / four:>5.2f}  {none:>19,.0f}  {ours / none:>5.2f}   "
            + " ".join(f"{result['test_accuracy']:.4f}" for result in results)
        )
    medians = {name: statistics.median(values) for name, values in rates.items()}
    ratios = {
        name: statistics.median(a / b for a, b in zip(rates["lenet"], values, strict=True))
        for name, values in rates.items()
        if name != "lenet"
    }
    ours, four, none = medians.values()
    log.say(
        f"median  {ours:>6,.0f}  {four:>19,.0f}  {ratios['tutorial_4_workers']:>5.2f}  {none:>19,.0f}  "
        f"{ratios['tutorial_0_workers']:>5.2f}"
    )
    log.finish(
        {
            "bench": "end_to_end",
            "epochs": options.epochs,
            "threads": options.threads,
            "images_per_second": {name: spread(values) for name, values in rates.items()},
            "ratio": ratios,
        }
    )


if __name__ == "__main__":
    main()
