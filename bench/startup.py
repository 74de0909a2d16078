"""Seconds and memory that `import lenet` and short commands take, each a process of its own; medians over 11.

python bench/startup.py
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from recording import Log, measured, spread

import lenet

IMPORT = "import time; began = time.perf_counter(); import lenet; print(time.perf_counter() - began)"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=11)
    parser.add_argument("--no-record", action="store_true")
    options = parser.parse_args()
    log = Log("startup", record=not options.no_record)
    with tempfile.TemporaryDirectory() as folder:
        results = measure(Path(folder), options.repeats)
    log.say("what               median s   min s    max s     peak MB")
    for name, figures in results.items():
        peak = f"{figures['peak_megabytes']:.0f}" if "peak_megabytes" in figures else ""
        log.say(f"{name:<18} {figures['median']:>8.4f}  {figures['min']:>7.4f}  {figures['max']:>7.4f}  {peak:>8}")
    log.finish({"bench": "startup", **results})


def measure(folder: Path, repeats: int) -> dict[str, dict[str, float]]:
    """Spreads of the seconds by name, and of each command the largest peak of memory."""
    run = lenet.train("digits", epochs=1, out=folder / "run", progress="quiet").path
    Image.fromarray(lenet.data.load("digits").test.images[0]).save(folder / "image.png")
    commands = {
        "lenet_help": (["--help"], 0),
        "unknown_command": (["trian"], 2),
        "unknown_option": (["train", "--modle", "lenet"], 2),
        "unknown_model": (["train", "--model", "nope"], 2),
        "missing_argument": (["predict", "nothing.png"], 2),
        "predict": (["predict", str(run), str(folder / "image.png")], 0),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ("import_lenet", *commands)}
    peaks = dict.fromkeys(commands, 0.0)
    for _ in range(repeats):
        done = subprocess.run([sys.executable, "-c", IMPORT], stdout=subprocess.PIPE, text=True, check=True)
        seconds["import_lenet"].append(float(done.stdout))
        for name, (arguments, code) in commands.items():
            took, peak = measured([sys.executable, "-m", "lenet", *arguments], folder, code)
            seconds[name].append(took)
            peaks[name] = max(peaks[name], peak)
    return {
        name: spread(values) | ({"peak_megabytes": peaks[name]} if name in peaks else {})
        for name, values in seconds.items()
    }


if __name__ == "__main__":
    main()
