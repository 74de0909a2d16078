"""Whether exported networks answer as lenet does: all test images of three data sets, in the programs that run them.

    python bench/exports.py [--python PYTHON ...] [--web FOLDER] [--run RUN ...]

The networks are the ready-made ones. Each is exported and its logits and answers are compared with those of lenet's engine.
ONNX files are run by every program that this Python has, and those that each further PYTHON has, such as one with old
versions; and by onnxruntime-web in node, if `npm install onnxruntime-web` was run in FOLDER.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from recording import ROOT, Log

from lenet.data.dataset import Dataset
from lenet.deploy.onnx.check import expected_of
from lenet.deploy.onnx.comparison import Expected, as_pixels
from lenet.deploy.onnx.export import make
from lenet.runs.data import load_data
from lenet.runs.opening import open_trained
from lenet.runs.run import Run

NETWORKS = ("fashion-mnist", "mnist", "digits")


@dataclass(frozen=True)
class Subject:
    """A network, the images that it is shown, and what lenet computes from them."""

    run: Run
    test: Dataset
    expected: Expected


def compared(subject: Subject, logits: NDArray[np.float32]) -> dict[str, Any]:
    """How many answers are lenet's, the largest difference of logits, and the share of answers that are right."""
    answers = logits.argmax(axis=1)
    return {
        "same": int((answers == subject.expected.logits.argmax(axis=1)).sum()),
        "of": len(logits),
        "difference": float(np.abs(logits - subject.expected.logits).max()),
        "accuracy": float((answers == subject.test.labels).mean()),
    }


def onnx(subject: Subject, log: Log, options: argparse.Namespace) -> dict[str, Any]:
    """The ONNX file in every program."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        file, folder = Path(name) / "network.onnx", Path(name)
        content = make(subject.run, batch="dynamic").content
        assert isinstance(content, bytes)
        file.write_bytes(content)
        np.save(folder / "pixels.npy", as_pixels(subject.test.images))
        readers = [[python, str(ROOT / "bench/onnx_reader.py")] for python in (sys.executable, *options.python)]
        outputs = [name for name in subject.expected.outputs if name in ("logits", "unknown")]
        commands = [[*reader, str(file), str(folder), *outputs] for reader in readers]
        if options.web:
            node = ["node", str(ROOT / "bench/onnx_reader.mjs")]
            commands.append([*node, str(file), str(folder), options.web, *outputs])
        for command in commands:
            environment = dict(os.environ)
            if command[0] != sys.executable:
                environment.pop("PYTHONPATH", None)  # each has its own packages
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
            for program in json.loads(done.stdout.splitlines()[-1]):
                logits, *unknown = (np.load(folder / f"{program['key']}-{output}.npy") for output in outputs)
                row = {"name": program["name"], "version": program["version"], **compared(subject, logits)}
                if subject.expected.scores is not None:
                    row["same_unknown"] = int(((unknown[0][:, 0] == 1) == (subject.expected.scores > 1)).sum())
                rows.append(row)
                log.say(
                    f"onnx {subject.test.name:<14} {program['name']:<44} {program['version']:<9} {row['same']:>6,} of "
                    f"{row['of']:,} {row['difference']:.1e} {row.get('same_unknown', '')}"
                )
    return {"bytes": len(content), "programs": rows}


# Each kind of export, measured on each network.
SECTIONS: dict[str, Callable[[Subject, Log, argparse.Namespace], dict[str, Any]]] = {"onnx": onnx}


def main() -> None:
    parser = argparse.ArgumentParser(description="Compares what exported networks compute with what lenet computes.")
    parser.add_argument("--python", nargs="*", default=[], metavar="PYTHON", help="further Pythons that read ONNX")
    parser.add_argument("--web", metavar="FOLDER", help="a folder with onnxruntime-web in its node_modules")
    parser.add_argument("--run", nargs="*", default=NETWORKS, metavar="RUN", help="other networks")
    parser.add_argument("--no-record", action="store_true")
    options = parser.parse_args()
    log = Log("exports", record=not options.no_record)
    result: dict[str, Any] = {section: {} for section in SECTIONS}
    for name in options.run:
        run = open_trained(name)
        assert isinstance(run, Run)
        test = load_data(run).test
        subject = Subject(run, test, expected_of(run, test.images))
        for section, measure in SECTIONS.items():
            result[section][test.name] = measure(subject, log, options)
    log.finish({"bench": "exports", **result})


if __name__ == "__main__":
    main()
