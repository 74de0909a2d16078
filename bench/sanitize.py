"""Tests the CPU engine with kernels that the address and undefined-behaviour sanitizers watch: `make sanitize`.

    python tests/engines/sanitized.py [PYTEST ARGUMENTS]

The kernels are built anew, with GCC, into a temporary folder. A write between two pieces of their workspace, or past its
end, or a vector at an address that is no multiple of its size, ends the tests at once with the line of the source.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from lenet.engines.kernels.build import build, find_compiler

FLAGS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer", "-g1", "-O2")


def main() -> int:
    compiler = find_compiler()
    if compiler is None or "g++" not in compiler[0]:
        print("error: the sanitizers are loaded from GCC's libraries, and there is no g++", file=sys.stderr)
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
        # Python itself frees little of what it takes, so leaks are not looked for.
        environment = {
            **os.environ,
            "LD_PRELOAD": ":".join(runtime),
            "ASAN_OPTIONS": "detect_leaks=0",
            "UBSAN_OPTIONS": "print_stacktrace=1",
        }
        # A sanitizer writes to the process's own stderr and ends it: that must not be captured.
        tests = [
            "--capture=sys",
            "-p",
            "no:cacheprovider",
            "--kernels",
            folder,
            str(Path(__file__).parent / "test_cpu.py"),
        ]
        return subprocess.run(
            [sys.executable, "-m", "pytest", *tests, *sys.argv[1:]], env=environment, check=False
        ).returncode


if __name__ == "__main__":
    sys.exit(main())
