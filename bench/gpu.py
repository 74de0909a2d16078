"""Figures on a GPU, one a process; bench/gpu.sh runs all of them, one after the other.

    python bench/gpu.py device                       (exit code 77 and the reason where there is no GPU)
    python bench/gpu.py steps --out FOLDER           (also: epochs, accuracy, many)
    python bench/gpu.py program NAME --out FOLDER    (one of examples/)

Each writes FOLDER/FIGURE.log, whose last line is a JSON object, again after each part, so that a part that fails or finds no
time takes none of the others with it; bench/gpu_record.py joins the logs. With --device cpu --tiny each
runs anywhere in seconds, on made-up images: that tests that it runs, and measures nothing. Otherwise it needs Fashion-MNIST
(LENET_DATA, cache or download).
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from recording import Log

FIGURES = ("steps", "epochs", "accuracy", "many")
SKIPPED = 77  # the exit code of what cannot be done here


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures one figure on a GPU.")
    parser.add_argument("figure", choices=("device", "program", *FIGURES))
    parser.add_argument("name", nargs="?", help="of a program in examples/")
    parser.add_argument("--out", type=Path, help="the folder of the logs")
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--tiny", action="store_true", help="tiny sizes and made-up images, for a test")
    options = parser.parse_args()
    if options.device != "cpu":
        check(options.device)
    if options.figure == "device":
        print("\n".join(described(options.device)))
        return
    log = Log("gpu", record=False)
    for line in described(options.device):
        log.say(f"# {line}")
    name = "-".join(filter(None, (options.figure, options.name)))

    def save(result: dict[str, Any]) -> None:
        if options.out is not None:
            line = json.dumps({"figure": name, **result})
            (options.out / f"{name}.log").write_text(f"{log.text.getvalue()}{line}\n", encoding="utf-8")

    result = figure(options.figure, options.name, log, options, save)
    save(result)
    print(json.dumps({"figure": name, **result}))


def check(device: str) -> None:
    """Exit with SKIPPED and the reason if there is no such GPU."""
    from lenet.engines.choice import choose_device
    from lenet.errors import LenetError

    try:
        choose_device(device)
    except LenetError as error:
        print(f"no GPU: {error.message}")
        sys.exit(SKIPPED)


def described(device: str) -> list[str]:
    """Return what computes: the GPU, its driver, and the versions of PyTorch and what it uses."""
    import torch

    lines = [f"Python {sys.version.split()[0]}, PyTorch {torch.__version__}, CUDA {torch.version.cuda}"]
    if device == "cpu":
        return lines
    from lenet.runs.environment import describe

    here, about = describe("", 1), torch.cuda.get_device_properties(device)
    free, total = torch.cuda.mem_get_info(device)
    lines.append(f"{here.gpu}, {here.cuda}, {about.multi_processor_count} multiprocessors")
    lines.append(f"{free / 1e9:.1f} of {total / 1e9:.1f} GB free, compute capability {about.major}.{about.minor}")
    return lines


def figure(
    kind: str, name: str | None, log: Log, options: argparse.Namespace, save: Callable[[dict[str, Any]], None]
) -> dict[str, Any]:
    """Measure a figure."""
    import gpu_figures
    import torch
    from gpu_contenders import TINY, Bench, Sizes, made_up

    import lenet

    splits = made_up() if options.tiny else lenet.data.load("fashion-mnist")
    bench = Bench(torch.device(options.device), splits, TINY if options.tiny else Sizes(), log, save)
    if kind == "program":
        return gpu_figures.program(bench, name or "")
    measured: dict[str, Any] = getattr(gpu_figures, kind)(bench)
    return measured


if __name__ == "__main__":
    main()
