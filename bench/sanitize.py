"""Runs the CPU engine under three sanitizers of GCC, each with kernels built into a temporary folder: `make sanitize`.

    python bench/sanitize.py [PYTEST ARGUMENTS]

The engine's tests run with the address and undefined-behaviour sanitizers: a write between two buffers of the workspace or
past its end, or a misaligned vector, ends them at once with the line of the source. A program of its own trains networks on
three threads with the thread sanitizer, which ends it where two threads touch the same memory without waiting for each other;
its weights must be those of one thread to the bit.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from emulate import NETWORKS, pair

from lenet.engines.kernels.build import FOLDER, build, find_compiler

HERE = Path(__file__).parent
ENGINES = Path(__file__).parents[1] / "tests/engines"
TESTS = [str(ENGINES / f"test_{name}.py") for name in ("augmentation", "cpu", "cpu_chains", "cpu_oracle", "state")]
FLAGS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer", "-g1", "-O2")
LANES = 2  # trainings at once under the thread sanitizer
CHAINS = 20  # random ones under the thread sanitizer
RACES = ("-fsanitize=thread", "-g1", "-O2")


def main() -> int:
    parser = argparse.ArgumentParser(description="Runs the CPU engine under sanitizers; other arguments go to pytest.")
    _, arguments = parser.parse_known_args()
    compiler = find_compiler()
    if compiler is None or "g++" not in compiler[0]:
        print("error: the sanitizers need GCC, and there is no g++\nhint: apt-get install g++", file=sys.stderr)
        return 2
    return race(compiler) or overrun(compiler, arguments)


def race(compiler: list[str]) -> int:
    """Trains networks on three threads with the thread sanitizer; the exit code."""
    from chains import LIMITS, random_chain  # of tests/support, whose path emulate adds

    chains = {**LIMITS, **{f"chain {seed}": random_chain(Random(seed), with_dropout=True) for seed in range(CHAINS)}}
    trainings = NETWORKS | {
        name: {"recipe": "fast", "dropout": 0.5, "architecture": chain} for name, chain in chains.items()
    }
    with tempfile.TemporaryDirectory() as folder:
        library = build(out=Path(folder), extra=RACES)
        assert b"__tsan" in library.read_bytes(), "the thread sanitizer is not in the kernels"
        program = f"{folder}/standalone"
        source = [f"-I{FOLDER}", str(HERE / "standalone.cpp"), str(library), f"-Wl,-rpath,{folder}", "-o", program]
        subprocess.run([*compiler, *RACES, *source], check=True)
        with ThreadPoolExecutor(LANES) as pool:  # a training on one thread leaves the other cores idle
            faults = [*filter(None, pool.map(lambda name: racing(name, trainings[name], program), trainings))]
        if faults:
            print("\n".join(faults), file=sys.stderr)
            return 1
    print(f"thread sanitizer: {len(trainings)} networks on three threads, no race, the same bits")
    return 0


def racing(name: str, settings: dict[str, Any], program: str) -> str:
    """Trains a network on one and on three threads; returns what is wrong, or an empty string."""
    try:
        alone, together = (pair(settings, [program], threads)[1] for threads in (1, 3))
    except subprocess.CalledProcessError as error:
        return f"error: {name}, with the thread sanitizer:\n{error.stderr.decode()}"
    is_same = all(np.array_equal(one, other) for one, other in zip(alone, together, strict=True))
    return "" if is_same else f"error: {name}: three threads compute other bits than one"


def overrun(compiler: list[str], arguments: list[str]) -> int:
    """Runs the engine's tests with the address and undefined-behaviour sanitizers, and pytest's arguments; the exit code."""
    runtime = [
        subprocess.run(
            [*compiler, f"-print-file-name={name}"], capture_output=True, text=True, check=True
        ).stdout.strip()
        for name in ("libasan.so", "libubsan.so")
    ]
    with tempfile.TemporaryDirectory() as folder:
        library = build(out=Path(folder), extra=FLAGS)
        symbols = library.read_bytes()
        assert b"__asan_report" in symbols, "the address sanitizer is not in the kernels"
        assert b"__ubsan_handle" in symbols, "the undefined-behaviour sanitizer is not in the kernels"
        # Python itself frees little of its memory, so leaks are not reported.
        environment = {
            **os.environ,
            "LD_PRELOAD": ":".join(runtime),
            "ASAN_OPTIONS": "detect_leaks=0",
            "UBSAN_OPTIONS": "print_stacktrace=1",
        }
        # A sanitizer writes to file descriptor 2 and ends the process: pytest must not capture that.
        tests = [
            "--capture=sys",
            "-p",
            "no:cacheprovider",
            "--numprocesses",
            "2",
            "--kernels",
            folder,
            *TESTS,
            *arguments,
        ]
        return subprocess.run([sys.executable, "-m", "pytest", *tests], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
