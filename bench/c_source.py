"""C sources of networks beside lenet's engine: all test images of three data sets; flash and memory beside emx-onnx-cgen.

    python bench/c_source.py [--emx PROGRAM] [--run RUN ...]

The networks are the book's LeNet (padding 2, ReLU, 61,706 parameters), trained here by the recipe `fast` with seed 0 unless
runs are named, and the ready-made ones. Answers are computed by the source, compiled with gcc -O3. Flash and static memory
are those of a Cortex-M4, compiled by clang (ziglang) with -Os; the stack is that of all functions together, by gcc -Os here,
with pointers of 8 bytes. PROGRAM is emx-onnx-cgen, which compiles the ONNX file of the same network.
"""

import argparse
import ctypes
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from recording import Log

import lenet
from lenet.analysis.inference import computes
from lenet.data.dataset import Images
from lenet.deploy.c.export import make as make_c
from lenet.deploy.onnx.export import make as make_onnx
from lenet.deploy.targets import Export
from lenet.runs.data import load_data
from lenet.runs.opening import open_trained
from lenet.runs.run import Run

SETS = ("fashion-mnist", "mnist", "digits")
CORTEX_M4 = (sys.executable, "-m", "ziglang", "cc", "-target", "thumb-linux-musleabi", "-mcpu=cortex_m4", "-Os")


class Answer(ctypes.Structure):
    """lenet_answer of lenet.h."""

    _fields_ = [("label", ctypes.c_int), ("probability", ctypes.c_float), ("unknown", ctypes.c_int)]


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures C sources.")
    parser.add_argument("--emx", metavar="PROGRAM", help="emx-onnx-cgen")
    parser.add_argument("--run", nargs="*", metavar="RUN", help="runs of the book's net, in the order of the data sets")
    parser.add_argument("--no-record", action="store_true")
    options = parser.parse_args()
    log = Log("c_source", record=not options.no_record)
    log.say("network                form       same   difference  accuracy   points        flash   static  stack")
    result: dict[str, Any] = {"bench": "c_source", "sections": {}}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for run in networks(options.run, folder):
            row = measured(run, log, folder)
            result["sections"][row["name"]] = row
            if options.emx and row["name"] == "book, fashion-mnist":
                result["emx"] = emx(run, options.emx, folder, log)
    log.finish(result)


def networks(runs: list[str] | None, folder: Path) -> Iterator[Run]:
    """The book's net and the ready-made one of each data set."""
    for number, name in enumerate(SETS):
        if runs:
            yield lenet.load(runs[number])
        else:
            yield lenet.train(name, recipe="fast", seed=0, out=folder / f"book-{name}", progress="quiet")
    for name in SETS:
        run = open_trained(name)
        assert isinstance(run, Run)
        yield run


def measured(run: Run, log: Log, folder: Path) -> dict[str, Any]:
    """Both forms of one network."""
    splits = load_data(run)
    test = splits.test
    engine = computes(run, "cpu").logits(test.images)
    kind = "ready" if "ready" in run.path.parts else "book"
    parameters = run.network.architecture.num_parameters
    row: dict[str, Any] = {"name": f"{kind}, {test.name}", "parameters": parameters, "of": len(test)}
    right = float((engine.argmax(axis=1) == test.labels).mean())
    for form in ("float", "int8"):
        export = make_c(run, int8=form == "int8", accept_loss=True)
        program = compiled(export, folder / f"{len(list(folder.iterdir()))}")
        logits, seconds = answers(program, test.images, engine.shape[1])
        accuracy = float((logits.argmax(axis=1) == test.labels).mean())
        row[form] = {
            "same": int((logits.argmax(axis=1) == engine.argmax(axis=1)).sum()),
            "difference": float(np.abs(logits - engine).max()),
            "accuracy": accuracy,
            "loss": 100 * (right - accuracy),
            "microseconds": 1e6 * seconds / len(test),
            **sizes(program.parent, "lenet.c", "-DLENET_NO_CLASSIFY"),
            **judgements(run, program, test.images),
        }
        log.say(line(row["name"], form, row[form]))
    return row


def line(name: str, form: str, row: dict[str, Any]) -> str:
    return (
        f"{name:<22} {form:<5} {row['same']:>8,} {row['difference']:>12.1e} {row['accuracy']:>9.2%} {row['loss']:>+8.2f} "
        f"{row['flash']:>12,} {row['static']:>8,} {row['stack']:>6,}"
    )


def compiled(export: Export, folder: Path) -> Path:
    """The source as a shared library."""
    folder.mkdir()
    assert isinstance(export.content, Mapping)
    for name, content in export.content.items():
        (folder / name).write_bytes(content)
    program = folder / "lenet.so"
    command = ["gcc", "-std=c99", "-O3", "-march=native", "-ffp-contract=off", "-shared", "-fPIC"]
    subprocess.run([*command, folder / "lenet.c", "-o", program], check=True)
    return program


def answers(program: Path, images: Images, num_classes: int) -> tuple[NDArray[np.float32], float]:
    """Logits, and the seconds that they took."""
    function = ctypes.CDLL(str(program)).lenet_logits
    images = np.ascontiguousarray(images)
    logits = np.empty((len(images), num_classes), np.float32)
    places = [(image.ctypes.data, row.ctypes.data) for image, row in zip(images, logits, strict=True)]
    began = time.perf_counter()
    for image, row in places:
        function(ctypes.c_void_p(image), ctypes.c_void_p(row))
    return logits, time.perf_counter() - began


def judgements(run: Run, program: Path, images: Images) -> dict[str, Any]:
    """How many images lenet_classify calls unknown, and on how many it and lenet agree; nothing without a calibration."""
    if run.network.calibration is None:
        return {}
    function = ctypes.CDLL(str(program)).lenet_classify
    function.restype = Answer
    images = np.ascontiguousarray(images)
    found = np.array([function(ctypes.c_void_p(image.ctypes.data)).unknown for image in images]) == 1
    network = run.network
    outputs = [np.concatenate(parts) for parts in zip(*chunks(run, images), strict=True)]
    assert network.calibration is not None
    wanted = ~network.calibration.known(*outputs)
    return {"unknown": int(found.sum()), "same_judgement": int((found == wanted).sum())}


def chunks(run: Run, images: Images) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """Logits and embeddings, some images at a time."""
    network = run.network
    calibration = network.calibration
    assert calibration is not None
    number = [layer.name for layer in network.architecture.layers].index(calibration.layer)
    for start in range(0, len(images), 250):
        outputs = network.outputs(images[start : start + 250])
        yield outputs[-1], outputs[number - 1].reshape(len(outputs[-1]), -1)


def sizes(folder: Path, file: str, *options: str) -> dict[str, int]:
    """Bytes of flash and static memory on a Cortex-M4, and of stack, of all functions together."""
    program = folder / "cortex.o"
    subprocess.run([*CORTEX_M4, *options, "-c", folder / file, "-o", program], check=True)
    host = ["gcc", "-std=c99", "-Os", "-fstack-usage", *options, "-c", file, "-o", "host.o"]
    subprocess.run(host, check=True, cwd=folder)
    text, data, bss = subprocess.run(["size", program], check=True, capture_output=True, text=True).stdout.split()[6:9]
    usage = (folder / "host.su").read_text(encoding="utf-8")
    stack = sum(int(row.split("\t")[1]) for row in usage.splitlines())
    return {"flash": int(text) + int(data), "static": int(data) + int(bss), "stack": stack}


def emx(run: Run, program: str, folder: Path, log: Log) -> dict[str, Any]:
    """emx-onnx-cgen's source of the same network, with all memory on the stack, and with its default, on the heap."""
    rows: dict[str, Any] = {}
    content = make_onnx(run).content
    assert isinstance(content, bytes)
    for name, options in {"stack": ["--large-temp-threshold", "0"], "heap": []}.items():
        place = folder / f"emx-{name}"
        place.mkdir()
        (place / "net.onnx").write_bytes(content)
        command = [program, "compile", "--large-weight-threshold", "0", *options, "net.onnx", "net.c"]
        subprocess.run(command, check=True, cwd=place, capture_output=True)
        rows[name] = sizes(place, "net.c") | {"mallocs": (place / "net.c").read_text(encoding="utf-8").count("malloc(")}
        row = rows[name]
        log.say(
            f"emx-onnx-cgen, {name:<7} {row['flash']:>73,} {row['static']:>8,} {row['stack']:>6,}, {row['mallocs']} malloc"
        )
    return rows


if __name__ == "__main__":
    main()
