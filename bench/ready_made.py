"""The networks that come with lenet: their accuracy, that of the same recipe with other seeds, and the time of an answer.

    python bench/ready_made.py                            (half an hour on two cores, most of it trainings)
    python bench/ready_made.py --seeds 1 --no-record      (without trainings)

A network is measured on the test images, and on the drawings of tests/support/drawings with odd seeds, which took no part in
any choice. Trainings are kept in runs/ready-made/, and a further call takes those that are there. Needs both data sets.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import make_networks
import numpy as np
from recording import ROOT, Log, mean_and_deviation, measured, spread

import lenet
from lenet.data.dataset import Images

sys.path.append(str(ROOT / "tests" / "support"))
import drawings

KINDS = {"fashion-mnist": "garment", "mnist": "digit", "digits": "digit"}
DRAWING = 1  # the seed of the drawings
FOLDER = Path("runs/ready-made")


def drawn(run: lenet.Run, kind: str) -> tuple[Images, list[int]]:
    """What the network sees of the drawings of a kind, and their labels; a blank image for one that is refused."""
    seen, labels = [], []
    with tempfile.TemporaryDirectory() as folder:
        for condition in drawings.conditions(kind):
            for label in range(10):
                path = drawings.save(Path(folder), condition.name, kind, label, DRAWING)
                try:
                    seen.append(run.preprocessing.apply(path))
                except lenet.LenetError:
                    seen.append(np.zeros(run.preprocessing.size, np.uint8))
                path.unlink()
                labels.append(label)
    return np.stack(seen), labels


def trained(name: str, seed: int, folder: Path) -> lenet.Run:
    """The run of a network's recipe with a seed: the one that lenet has, one in `folder`, or a new one there."""
    settings = make_networks.SETTINGS[name] | {"seed": seed}
    if settings == make_networks.SETTINGS[name]:
        return lenet.load(lenet.ready.path(name))
    path = folder / f"{name}-{seed}"
    if (path / "summary.json").is_file():
        run = lenet.load(path)
        assert {key: getattr(run.config, key) for key in settings} == settings, f"{path} is another training"
        return run
    return lenet.train(name, out=path, progress="quiet", **settings)


def measure(name: str, seeds: range, folder: Path, images: Images, labels: list[int]) -> dict[str, Any]:
    """The accuracies of a network, and the mean and std over all seeds."""
    runs = [trained(name, seed, folder) for seed in seeds]
    test = [run.test_accuracy for run in runs]
    of_drawings = [float(np.mean(run.network.logits(images).argmax(axis=1) == labels)) for run in runs]
    return {
        "recipe": runs[0].config.recipe,
        "model": runs[0].resolved.model.name,
        "parameters": runs[0].resolved.model.parameters,
        "bytes": (runs[0].path / make_networks.WEIGHTS).stat().st_size,
        "sha256": make_networks.sha256(runs[0].path),
        "test": test[0],
        "test_seeds": mean_and_deviation(test),
        "drawings": of_drawings[0],
        "drawings_seeds": mean_and_deviation(of_drawings),
        "num_drawings": len(labels),
        "seeds": len(runs),
    }


def predict_seconds(folder: Path, repeats: int) -> dict[str, float]:
    """The time of `lenet predict mnist` for a photo of 12 megapixels, as a whole process."""
    photo = drawings.save(folder, "twelve_megapixels", "digit", 5, DRAWING)
    command = [sys.executable, "-m", "lenet", "predict", "mnist", str(photo)]
    return spread([measured(command, folder)[0] for _ in range(repeats + 1)][1:])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=3, help="of each recipe, with that of the network itself")
    parser.add_argument("--repeats", type=int, default=11)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the trainings are")
    parser.add_argument("--no-record", action="store_true")
    options = parser.parse_args()
    log = Log("ready_made", record=not options.no_record)
    result: dict[str, Any] = {"bench": "ready_made", "networks": {}}
    seen = {kind: drawn(lenet.load(lenet.ready.path(name)), kind) for name, kind in KINDS.items() if name != "digits"}
    for name in lenet.ready.NAMES:
        row = measure(name, range(options.seeds), options.folder, *seen[KINDS[name]])
        result["networks"][name] = row
        log.say(
            f"{name}: recipe {row['recipe']}, {row['bytes']:,} bytes, test {row['test']:.2%} (seeds "
            f"{row['test_seeds']['mean']:.2%} ± {100 * row['test_seeds']['deviation']:.2f}), drawings {row['drawings']:.2%} "
            f"(seeds {row['drawings_seeds']['mean']:.2%} ± {100 * row['drawings_seeds']['deviation']:.2f})"
        )
    with tempfile.TemporaryDirectory() as folder:
        seconds = predict_seconds(Path(folder), options.repeats)
    log.say(
        f"predict mnist, 12 megapixels, whole process: {seconds['median']:.2f} s "
        f"({seconds['min']:.2f} to {seconds['max']:.2f})"
    )
    log.finish({**result, "predict_seconds": seconds})


if __name__ == "__main__":
    main()
