"""Makes the networks that come with lenet, src/lenet/ready/, each with its card: `make networks`.

    python bench/make_networks.py                          (five minutes on two cores; needs MNIST and Fashion-MNIST)
    python bench/make_networks.py digits --check           makes them elsewhere, and compares

Each is trained by a recipe with a fixed seed, so that it is made again bit for bit on a processor of the same kernel variant:
a test compares. The recipes were chosen by bench/ready_made.py. Images held out of the training calibrate the network.
"""

import argparse
import hashlib
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from network_card import card

import lenet
from lenet.files import durable

SETTINGS: dict[str, dict[str, Any]] = {
    "fashion-mnist": {"recipe": "small", "seed": 0, "validation": 5000},
    "mnist": {"recipe": "small", "seed": 0, "validation": 5000},
    "digits": {"recipe": "fast", "seed": 0, "validation": 5000},
}
WEIGHTS = "model.safetensors"


def train(name: str, folder: Path) -> lenet.Run:
    """Train a network in a new folder."""
    return lenet.train(name, out=folder, progress="quiet", **SETTINGS[name])


def publish(name: str, run: lenet.Run, folder: Path) -> None:
    """Write a run's files, without what says where on this machine it was made, and its card."""
    folder.mkdir(parents=True, exist_ok=True)
    config = json.loads((run.path / "config.json").read_text(encoding="utf-8"))
    config["config"]["threads"] = None  # which change no bit
    config["resolved"] |= {"data_source": f"make networks: {name}", "data_folder": None}
    environment = json.loads((run.path / "environment.json").read_text(encoding="utf-8"))
    environment |= {"command": ["make", "networks"], "platform": sys.platform, "commit": None}
    summary = json.loads((run.path / "summary.json").read_text(encoding="utf-8"))
    summary.pop("calibrated_sha256", None)
    summary |= {"run": name, "weights_sha256": sha256(run.path)}
    for file, values in (("config", config), ("environment", environment), ("summary", summary)):
        durable.write(folder / f"{file}.json", (json.dumps(values, indent=2) + "\n").encode())
    for file in ("metrics.jsonl", WEIGHTS):
        shutil.copyfile(run.path / file, folder / file)
    durable.write(folder / "README.md", card(name, lenet.load(folder)).encode())


def sha256(folder: Path) -> str:
    """The SHA-256 of the weights file in a run directory."""
    return hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(lenet.ready.NAMES)}; by default all")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 where the weights are others")
    options = parser.parse_args()
    changed = []
    for name in options.names or SETTINGS:
        kept = lenet.ready.FOLDER / name
        known = sha256(kept) if (kept / WEIGHTS).is_file() else None
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary) / "made" if options.check else kept
            publish(name, train(name, Path(temporary) / name), folder)
            run, now = lenet.load(folder), sha256(folder)
        changed += [name] if now != known else []
        same = "as before" if now == known else f"before: {known}"
        print(f"{name}: test accuracy {run.test_accuracy:.2%}, SHA-256 {now} ({same})", flush=True)
    sys.exit(1 if options.check and changed else 0)


if __name__ == "__main__":
    main()
