"""Run the five published programs in full: what each prints, and its seconds from the start of its process to its end.

    python bench/examples.py              (about two minutes; make examples runs it without keeping the record)

Each runs in a process of its own, as a learner starts it, in runs/examples/, where its chart is written. Then comes the first
epoch of program 1 as its author ran it, with an evaluation after every batch. It needs Fashion-MNIST (LENET_DATA, cache or
download). The table in examples/README.md is made from the record.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import torch
from recording import Log
from torch import nn

from lenet import d2l
from lenet.models import LeNet

ROOT = Path(__file__).parent.parent
PROGRAMS = {  # in the order of their numbers, with the import of the published form
    "max_pool_adam_train_cuda_cpu": "from Code.Utils.train import load_data_fashion_mnist, train_cuda_cpu",
    "max_pool_adam_train_ch5": "import d2lzh_pytorch as d2l",
    "avg_pool_sgd_train_ch6": "from d2l import torch as d2l",
    "max_pool_adam_01_train": "from Code.Utils.train import get_data_fashion_mnist, train",
    "avg_pool_sgd_own_loop": "from d2l import torch as d2l",
}


def run(name: str, folder: Path, log: Log) -> dict[str, Any]:
    """Run a program in `folder`; return its seconds and the last accuracies that it printed. Exit if the program fails."""
    log.say(f"\npython examples/{name}.py")
    began = time.perf_counter()
    command = [sys.executable, "-u", str(ROOT / "examples" / f"{name}.py")]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True, encoding="utf-8") as process:
        assert process.stdout is not None
        printed = ""
        for line in process.stdout:
            log.say(line.rstrip("\n"))
            if "test acc" in line:
                printed = line.strip()
    if process.returncode:
        sys.exit(process.returncode)
    return {"published": PROGRAMS[name], "seconds": time.perf_counter() - began, "printed": printed}


def every_batch() -> tuple[float, list[float]]:
    """Train one epoch of program 1, evaluated after every batch; return its seconds and the test accuracies."""
    torch.manual_seed(0)
    net, loss, accuracies = LeNet(), nn.CrossEntropyLoss(), []
    optimizer = torch.optim.Adam(net.parameters(), lr=0.001)
    train_iter, test_iter = d2l.load_data_fashion_mnist(256)
    began = time.perf_counter()
    for images, labels in train_iter:
        optimizer.zero_grad()
        loss(net(images), labels).backward()
        optimizer.step()
        accuracies.append(d2l.evaluate_accuracy(test_iter, net))
    return time.perf_counter() - began, accuracies


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--no-record", action="store_true")
    options = parser.parse_args()
    log = Log("examples", record=not options.no_record)
    torch.set_num_threads(options.threads)
    os.environ["OMP_NUM_THREADS"] = str(options.threads)  # PyTorch's, in the programs
    if "LENET_DATA" in os.environ:  # the programs run in another folder
        os.environ["LENET_DATA"] = str(Path(os.environ["LENET_DATA"]).resolve())
    folder = ROOT / "runs" / "examples"
    folder.mkdir(parents=True, exist_ok=True)
    programs = {name: run(name, folder, log) for name in PROGRAMS}
    seconds, accuracies = every_batch()
    above = next((number for number, accuracy in enumerate(accuracies, start=1) if accuracy > 0.2), None)
    log.say("\nseconds  program                         printed at the end")
    for name, result in programs.items():
        log.say(f"{result['seconds']:>7.1f}  {name:<30}  {result['printed']}")
    log.say(f"{seconds:>7.1f}  program 1, first epoch, test accuracy after each of its {len(accuracies)} batches")
    log.say(f"charts are in {folder.relative_to(ROOT)}/; threads of PyTorch and lenet: {options.threads}")
    batches = {"seconds": seconds, "num_batches": len(accuracies), "above_0.2_after": above, "accuracy": accuracies[-1]}
    log.finish({"bench": "examples", "threads": options.threads, "programs": programs, "every_batch": batches})


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:  # the running program has reported it
        sys.exit(130)
