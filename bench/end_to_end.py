"""Pictures per second of everything: load, 10 epochs, 10 evaluations, save. lenet beside the tutorial's way, one run.

    python bench/end_to_end.py            (about half an hour; --epochs 1 --repeats 1 for a look)

The two train the same network with the same recipe (book-sgd), in turn, each in a process of its own with the same
number of threads; the clock leaves out starting Python and importing PyTorch for both. Needs Fashion-MNIST (LENET_DATA, cache
or download). The tutorial's DataLoader runs with 0 and with 2 worker processes; the faster of the two is compared.
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
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
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
    workers = min((0, 2), key=lambda n: last_line([*tutorial, "--epochs", "1", "--workers", str(n)])["seconds"])
    log.say(f"{options.epochs} epochs, {options.threads} threads; the tutorial is fastest with {workers} workers")
    log.say("repeat  lenet images/s  tutorial images/s  ratio  lenet acc  tutorial acc")
    ours, theirs = [], []
    for repeat in range(options.repeats):
        with tempfile.TemporaryDirectory() as folder:
            lenet = last_line(
                [
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
                    *common,
                ]
            )
        other = last_line([*tutorial, "--workers", str(workers)])
        ours.append(images / lenet["seconds"])
        theirs.append(images / other["seconds"])
        log.say(
            f"{repeat + 1:>6}  {ours[-1]:>14,.0f}  {theirs[-1]:>17,.0f}  {ours[-1] / theirs[-1]:>5.2f}  "
            f"{lenet['test_accuracy']:>9.4f}  {other['test_accuracy']:>12.4f}"
        )
    ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
    log.say(f"median  {statistics.median(ours):>14,.0f}  {statistics.median(theirs):>17,.0f}  {ratio:>5.2f}")
    log.finish(
        {
            "bench": "end_to_end",
            "epochs": options.epochs,
            "threads": options.threads,
            "workers": workers,
            "lenet_images_per_second": spread(ours),
            "tutorial_images_per_second": spread(theirs),
            "ratio": ratio,
        }
    )


if __name__ == "__main__":
    main()
