"""Runs the CPU engine's tests with kernels built under the address and undefined-behaviour sanitizers: `make sanitize`.

    python bench/sanitize.py [PYTEST ARGUMENTS]

The kernels are built with GCC into a temporary folder. A write between two buffers of the workspace or past its end, or a
misaligned vector, ends the tests at once with the line of the source.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from lenet.engines.kernels.build import build, find_compiler

ENGINES = Path(__file__).parents[1] / "tests/engines"
TESTS = [str(ENGINES / f"test_{name}.py") for name in ("augmentation", "cpu", "cpu_oracle", "state")]
FLAGS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer", "-g1", "-O2")


def main() -> int:
    compiler = find_compiler()
    if compiler is None or "g++" not in compiler[0]:
        print("error: the sanitizers need GCC, and there is no g++\nhint: apt-get install g++", file=sys.stderr)
        return 2
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
        tests = ["--capture=sys", "-p", "no:cacheprovider", "--kernels", folder, *TESTS, *sys.argv[1:]]
        return subprocess.run([sys.executable, "-m", "pytest", *tests], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
