"""What an installation costs: its size, and the time and memory of whole commands, beside an older version's.

    python bench/light.py --old VENV      (about three minutes; VENV has an older lenet: pip install . in a checkout of it)

Installs the project without extras into a new virtual environment, in another folder, and runs each command five times in
turns with the older version's: predict on a photo, evaluate, a mistyped option, and a training with `--recipe sprint`. The
network that predicts was trained by the same version. Needs Fashion-MNIST (LENET_DATA, cache or download).
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw
from recording import ROOT, Log, measured, spread

import lenet

MEGABYTE = 10**6
COMMANDS: dict[str, tuple[list[str], int]] = {  # arguments and expected exit code
    "predict": (["predict", "run", "seven.jpg"], 0),
    "evaluate": (["evaluate", "run"], 0),
    "mistake": (["train", "--model", "nope"], 2),
    "sprint": (["train", "--data", "fashion-mnist", "--recipe", "sprint", "--quiet"], 0),
}


def install(folder: Path) -> Path:
    """Installs the project, as it is, into a new virtual environment; the environment's folder."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pip = [str(folder / "bin/python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run(
        [*pip, "--constraint", str(ROOT / "constraints.txt"), str(ROOT)], check=True, stdout=subprocess.DEVNULL
    )
    return folder


def installed_megabytes(venv: Path) -> float:
    """The disk space of the installed packages, without pip and setuptools."""
    code = "import site; print(site.getsitepackages()[0])"
    done = subprocess.run([str(venv / "bin/python"), "-c", code], capture_output=True, text=True, check=True)
    packages = [path for path in Path(done.stdout.strip()).iterdir() if not path.name.startswith(("pip", "setuptools"))]
    files = (file for package in packages for file in ([package] if package.is_file() else package.rglob("*")))
    return sum(file.lstat().st_blocks * 512 for file in files) / MEGABYTE


def prepare(venv: Path, folder: Path) -> None:
    """Trains the network that predicts and draws the photo of a seven."""
    folder.mkdir()
    image = Image.new("RGB", (300, 400), (240, 236, 228))
    ImageDraw.Draw(image).line([(120, 90), (200, 90), (150, 320)], fill=(30, 30, 60), width=16, joint="curve")
    image.save(folder / "seven.jpg")
    measured(
        [str(venv / "bin/lenet"), *["train", "--data", "digits", "--recipe", "sprint", "--quiet", "--out", "run"]],
        folder,
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--old", type=Path, metavar="VENV", help="a virtual environment with an older lenet")
    parser.add_argument("--old-name", default="the older version", help="what to call it in the tables, say its commit")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--no-record", action="store_true")
    options = parser.parse_args()
    log = Log("light", record=not options.no_record)
    lenet.data.load("fashion-mnist")  # downloaded now, if it must be
    os.environ.pop("PYTHONPATH", None)  # each version is its own
    if "LENET_DATA" in os.environ:  # the commands run in another folder
        os.environ["LENET_DATA"] = str(Path(os.environ["LENET_DATA"]).resolve())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        venvs = {"new": install(folder / "venv")} | ({"old": options.old.absolute()} if options.old else {})
        result: dict[str, Any] = {which: {"installed_megabytes": installed_megabytes(venvs[which])} for which in venvs}
        for which, venv in venvs.items():
            prepare(venv, folder / which)
        log.say(f"{'command':<10} {'version':<8} {'median s':>9} {'min':>7} {'max':>7} {'peak MB':>9}")
        for command, (arguments, code) in COMMANDS.items():
            runs: dict[str, list[tuple[float, float]]] = {which: [] for which in venvs}
            for _ in range(options.repeats):
                for which, venv in venvs.items():
                    runs[which].append(measured([str(venv / "bin/lenet"), *arguments], folder / which, code))
            for which, values in runs.items():
                seconds, memory = (spread(list(column)) for column in zip(*values, strict=True))
                result[which][command] = {"seconds": seconds, "megabytes": memory}
                log.say(
                    f"{command:<10} {which:<8} {seconds['median']:>9.2f} {seconds['min']:>7.2f} {seconds['max']:>7.2f} "
                    f"{memory['median']:>9.0f}"
                )
    for which in venvs:
        log.say(f"{'installed':<10} {which:<8} {result[which]['installed_megabytes']:>9.0f} MB")
    log.finish({"bench": "light", "repeats": options.repeats, "old_name": options.old_name, **result})


if __name__ == "__main__":
    main()
