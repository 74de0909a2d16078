"""The peak of the processor's multiply-add units, for comparison: compiles ceiling.cpp with the flags of the kernels."""

import ctypes
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from lenet.engines.kernels.build import FLAGS, FOLDER, VARIANTS, BuildError, find_compiler

HERE = Path(__file__).parent


def compile_ceiling(variant: str) -> Callable[[int, int], float]:
    """Compile the loop for a variant of the kernels.

    Args:
        variant: one of the names in VARIANTS, such as "avx512".

    Returns:
        A function of (threads, rounds) that runs the loop and returns the number of floating-point operations.

    Raises:
        BuildError: if there is no compiler.
    """
    compiler = find_compiler()
    if compiler is None:
        raise BuildError("no C++ compiler")
    instructions = next(variants[variant] for variants in VARIANTS.values() if variant in variants)
    is_zig = "ziglang" in compiler
    select = [f"-mcpu={instructions.replace('-', '_')}" if is_zig else f"-march={instructions}"] if instructions else []
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "ceiling.so"
        sources = [str(HERE / "ceiling.cpp"), str(FOLDER / "threads.cpp")]
        command = [
            *compiler,
            *FLAGS,
            *select,
            "-fPIC",
            "-shared",
            f"-I{FOLDER}",
            *sources,
            "-lpthread",
            "-o",
            str(library),
        ]
        subprocess.run(command, check=True)
        ceiling = ctypes.CDLL(str(library)).ceiling
    ceiling.restype, ceiling.argtypes = ctypes.c_double, [ctypes.c_int32, ctypes.c_int64]

    def run(threads: int, rounds: int) -> float:
        return float(ceiling(threads, rounds))

    return run
