"""Seconds of `lenet predict` over 20,000 JPEG files on two cores, beside plain scripts of the same network.

    python bench/predict_many.py            # about five minutes
    python bench/predict_many.py --short    # 4,000 files, two repeats

The headline is of photographs of 160×120 pixels in colour, crops of scikit-learn's two sample images, for a network of 28×28
that was trained on such crops. A second set has them at 28×28 and grey, so small that starting a process counts. The plain
scripts open each file with Pillow, convert and resize it, and compute all images in batches: with PyTorch, as tutorials do,
and with onnxruntime, which starts faster. All take turns; a time is that of a whole process with its start, and the files are
in the cache of the system. The third set is for `lenet predict` alone: Fashion-MNIST's test images (LENET_DATA, cache or
download) as JPEGs, for a network that has every object found first, which the plain scripts do not do.
"""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from recording import Log, measured, pin, spread
from sklearn.datasets import load_sample_images

import lenet

CORES, TRAINED = 2, 400
SIZES = {
    "photographs": ((160, 120), 28, "RGB"),
    "small": ((28, 28), 28, "L"),
}  # of the files, of the network, their mode

# What both plain scripts do; `compute` gives the logits of a batch, float32 (N, channels, height, width) from 0 to 1.
PLAIN = """
import csv, sys
from pathlib import Path
import numpy as np
from PIL import Image
{start}
folder, size, mode, out = sys.argv[2], int(sys.argv[3]), sys.argv[4], sys.argv[5]
paths = sorted(Path(folder).iterdir())
images = np.stack([np.asarray(Image.open(path).convert(mode).resize((size, size))) for path in paths])
images = images[:, None] if mode == "L" else images.transpose(0, 3, 1, 2)
with open(out, "w", newline="") as file:
    rows = csv.writer(file)
    for start in range(0, len(images), 256):
        logits = compute(images[start : start + 256].astype(np.float32) / 255)
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        for path, row in zip(paths[start:], shares):
            rows.writerow([path.name, classes[row.argmax()], f"{{row.max():.6f}}"])
"""
PYTORCH = """
import lenet, torch
torch.set_num_threads(2)
run = lenet.load(sys.argv[1])
net, classes = run.bare_model, run.classes
mean, std = run.preprocessing.mean, run.preprocessing.std
def compute(batch):
    with torch.inference_mode():
        return net((torch.from_numpy(np.ascontiguousarray(batch)) - mean) / std).numpy()
"""
ONNXRUNTIME = """
import json, onnxruntime
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 2
session = onnxruntime.InferenceSession(sys.argv[1] + "/network.onnx", options)
classes = json.loads(session.get_modelmeta().custom_metadata_map["classes"])
def compute(batch):
    return session.run(["logits"], {"pixels": batch})[0]
"""
WAYS = {"pytorch": PLAIN.format(start=PYTORCH), "onnxruntime": PLAIN.format(start=ONNXRUNTIME)}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--short", action="store_true", help="4,000 files, two repeats, no record")
    parser.add_argument("--no-record", action="store_true")
    options = parser.parse_args()
    count, repeats = (4000, 2) if options.short else (options.images, options.repeats)
    log = Log("predict_many", record=not (options.no_record or options.short))
    pin(CORES)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.pop(name, None)
    result: dict[str, Any] = {"bench": "predict_many", "images": count, "repeats": repeats, "cores": CORES}
    with tempfile.TemporaryDirectory() as folder:
        result["objects"] = objects(Path(folder), count // 10, log)
    log.say(f"{count:,} files      seconds, median of {repeats} (min to max)         MB    images/s")
    for name, (edges, size, mode) in SIZES.items():
        with tempfile.TemporaryDirectory() as folder:
            result[name] = compared(Path(folder), (count, repeats), (edges, size, mode), log)
        ours = result[name]["lenet"]["seconds"]["median"]
        peers = {way: result[name][way]["seconds"]["median"] / ours for way in WAYS}
        result[name]["ratio"] = min(peers.values())
        ratios = ", ".join(f"{ratio:.2f} × {way}" for way, ratio in peers.items())
        log.say(f"{name}: {ratios}")
    log.finish(result)


def compared(
    folder: Path, numbers: tuple[int, int], kind: tuple[tuple[int, int], int, str], log: Log
) -> dict[str, dict[str, Any]]:
    """Seconds and peak memory of `lenet predict` and of each plain script, in turns."""
    (count, repeats), (edges, size, mode) = numbers, kind
    classes = folder / "classes"
    crops(count, edges, mode, lambda number, _: folder / "images" / f"{number:06}.jpg")
    crops(TRAINED, edges, mode, lambda number, label: classes / label / f"{number}.jpg")
    run = lenet.train(classes, size=size, epochs=5, out=folder / "run", progress="quiet")
    lenet.export(run, out=folder / "run" / "network.onnx", batch="dynamic")
    commands = {"lenet": ["-m", "lenet", "predict", "run", "images", "--out", "answers"]}
    commands |= {way: ["-c", code, "run", "images", str(size), mode, f"{way}.csv"] for way, code in WAYS.items()}
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for turn in range(repeats + 1):
        for name, arguments in commands.items():
            shutil.rmtree(folder / "answers", ignore_errors=True)
            figures = measured([sys.executable, *arguments], folder)
            found[name] += [figures] if turn else []  # in the first turn all files come into the cache
    results: dict[str, dict[str, Any]] = {}
    for name, measurements in found.items():
        seconds, megabytes = (spread([each[number] for each in measurements]) for number in (0, 1))
        results[name] = {"seconds": seconds, "megabytes": megabytes["median"]}
        log.say(
            f"  {name:<14} {seconds['median']:>8.2f} ({seconds['min']:.2f} to {seconds['max']:.2f})        "
            f"{megabytes['median']:>10.0f}  {count / seconds['median']:>10,.0f}"
        )
    return results


def objects(folder: Path, count: int, log: Log) -> dict[str, float]:
    """Seconds of `lenet predict` where it has to find the object in each image."""
    images = lenet.data.load("fashion-mnist").test.images
    (folder / "images").mkdir()
    for number in range(count):
        Image.fromarray(images[number % len(images)]).save(folder / "images" / f"{number}.jpg", quality=90)
    command = [sys.executable, "-m", "lenet", "predict", "fashion-mnist", "images", "--out", "answers"]
    seconds, _ = measured(command, folder)
    log.say(f"objects: {count:,} garments, each found first, in {seconds:.2f} s, {count / seconds:,.0f} images/s")
    return {"images": count, "seconds": seconds}


def crops(count: int, edges: tuple[int, int], mode: str, path: Callable[[int, str], Path]) -> None:
    """Write JPEGs: parts of two photographs, at several scales."""
    random = np.random.default_rng(count)
    photographs = [Image.fromarray(image) for image in load_sample_images().images]
    for number in range(count):
        label, photograph = ("china", "flower")[number % 2], photographs[number % 2]
        width = int(random.integers(120, 500))
        height = width * edges[1] // edges[0] if edges[0] != edges[1] else min(width, 400)
        left = int(random.integers(0, photograph.width - width + 1))
        top = int(random.integers(0, photograph.height - height + 1))
        part = photograph.resize(edges, Image.Resampling.BICUBIC, (left, top, left + width, top + height))
        target = path(number, label)
        target.parent.mkdir(parents=True, exist_ok=True)
        part.convert(mode).save(target, quality=90)


if __name__ == "__main__":
    main()
