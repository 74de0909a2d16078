"""Build the CPU engine's native library: `python -m lenet.engines.kernels` builds it for this machine, in place.

Uses an installed C++ compiler, or else the `ziglang` package, which contains Clang for every platform. Links only the
system's C, mathematics and thread libraries. Called by `hatch_build.py` when lenet is installed from source, by `make wheels`
for other platforms and by `make wasm`; it imports nothing of lenet, so that it runs before lenet is installed.
"""

import contextlib
import functools
import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
GET_COMPILER = "install g++ or clang++, or `pip install ziglang`"
SUFFIXES = {"linux": ".so", "macos": ".dylib", "windows": ".dll", "wasi": ".wasm"}
HERE = {"darwin": "macos", "win32": "windows"}.get(sys.platform, "linux")
LIBRARY_NAME = f"lenet_cpu{SUFFIXES[HERE]}"

# Flags for every file. No fast-math: sums keep their order, and NaN stays NaN. Multiply-adds are fused.
FLAGS = [
    "-std=c++17",
    "-O3",
    "-fno-exceptions",
    "-fno-rtti",
    "-fno-math-errno",
    "-ffp-contract=fast",
    "-fno-trapping-math",
]
FLAGS += ["-fvisibility=hidden", "-Wall", "-Wextra"]

# The variants of each processor: name, and the instructions it is compiled for (ARM64 has NEON always).
VARIANTS: dict[str, dict[str, str | None]] = {
    "x86_64": {"avx512": "x86-64-v4", "avx2": "x86-64-v3", "sse4": "x86-64-v2"},
    "aarch64": {"neon": None},
    "wasm32": {"simd128": "generic+simd128"},  # without relaxed SIMD, whose results depend on the processor
}


class BuildError(Exception):
    """The library could not be built; the message says why, the hint what to do."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True)
class Target:
    """A platform to build for: the zig name of the triple, and the tag of its wheels, if it has any."""

    system: str
    processor: str
    triple: str
    wheel_tag: str = ""


TARGETS = {
    "linux-x86_64": Target("linux", "x86_64", "x86_64-linux-gnu.2.17", "manylinux_2_17_x86_64"),
    "linux-aarch64": Target("linux", "aarch64", "aarch64-linux-gnu.2.17", "manylinux_2_17_aarch64"),
    "macos-arm64": Target("macos", "aarch64", "aarch64-macos.11.0", "macosx_11_0_arm64"),
    "windows-x86_64": Target("windows", "x86_64", "x86_64-windows-gnu", "win_amd64"),
}
WEBASSEMBLY = Target("wasi", "wasm32", "wasm32-wasi")

# A module without a main function and with a stack of 1 MiB below all else, so that an overflow is an error.
WEBASSEMBLY_LINKING = ["-mexec-model=reactor", "-Wl,--no-entry", "-Wl,-z,stack-size=1048576"]
# What others see: the interface, and where the memory begins that is the caller's.
WEBASSEMBLY_LINKING += ["-rdynamic", "-Wl,--export=__heap_base"]


@functools.cache
def source_hash() -> str:
    """Return a fingerprint of the sources and of this file. A library with another fingerprint is not used."""
    digest = hashlib.sha256()
    for path in sorted([*FOLDER.glob("*.h"), *FOLDER.glob("*.cpp"), FOLDER / "build.py"]):
        digest.update(path.name.encode() + b"\0" + path.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()[:16]


def build(target: Target | None = None, out: Path | None = None, extra: tuple[str, ...] = ()) -> Path:
    """Build the library into the folder `out` (default: beside the sources) and return its path.

    target: of TARGETS or WEBASSEMBLY, which needs ziglang; without it, this machine's own. extra: flags for compiler and
    linker, such as a sanitizer's. Raises BuildError, and then leaves an existing library untouched.
    """
    out = out or FOLDER
    system = target.system if target else HERE
    processor = target.processor if target else _processor()
    if processor not in VARIANTS:
        raise BuildError(
            f"there are no kernels for the processor {processor}", hint="lenet computes with PyTorch there"
        )
    compiler = [*zig(), "-target", target.triple] if target else find_compiler()
    if compiler is None:
        raise BuildError("no C++ compiler and no ziglang package", hint=GET_COMPILER)
    try:
        return _build(compiler, system, processor, out, extra)
    except BuildError as error:
        # A compiler that is too old for the processor's instructions (GCC 10, Clang 11), or broken.
        has_other = not (target or error.hint or "CXX" in os.environ or "ziglang" in compiler)
        if has_other and importlib.util.find_spec("ziglang"):
            return _build(zig(), system, processor, out, extra)
        error.hint = error.hint or ("pip install ziglang, which is Clang, and try again" if has_other else "")
        raise


def _build(compiler: list[str], system: str, processor: str, out: Path, extra: tuple[str, ...]) -> Path:
    library = out / f"lenet_cpu{SUFFIXES[system]}"
    with tempfile.TemporaryDirectory() as folder:
        jobs = _jobs(compiler, system, processor, Path(folder), extra)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(_run, jobs))
        objects = [job[-1] for job in jobs]
        made = Path(folder) / library.name
        strip = [] if extra or system == "macos" else ["-s"]
        libraries = {"windows": [], "wasi": ["-lm"]}.get(system, ["-lm", "-lpthread"])
        kind = WEBASSEMBLY_LINKING if system == "wasi" else ["-shared"]
        # A library of macOS carries its own name: without this, with the temporary folder in it.
        named = [f"-Wl,-install_name,@rpath/{library.name}"] if system == "macos" else []
        _run([*_linker(compiler), *extra, *strip, *named, *kind, *objects, *libraries, "-o", str(made)])
        # Written beside and renamed, as lenet.files.atomic does, which cannot be imported here: lenet is not installed yet.
        beside = library.with_name(f".{library.name}.{os.getpid()}")
        try:
            shutil.copyfile(made, beside)
            beside.replace(library)  # atomic: a process that has the old one open keeps it
        except OSError as error:
            with contextlib.suppress(OSError):
                beside.unlink()
            hint = f"run it as a user who can write to {library.parent}"
            raise BuildError(f"cannot write {library}: {error.strerror}", hint=hint) from error
    return library


def find_compiler() -> list[str] | None:
    """Return the C++ compiler, as the start of a command: $CXX, g++, clang++ or c++, else ziglang."""
    asked = os.environ.get("CXX", "").split()
    if asked and not shutil.which(asked[0]):
        raise BuildError(f"CXX names {asked[0]}, which was not found", hint=f"unset CXX, or {GET_COMPILER}")
    for command in (asked, ["g++"], ["clang++"], ["c++"]):
        if command and shutil.which(command[0]):
            return command
    return zig() if importlib.util.find_spec("ziglang") else None


def zig() -> list[str]:
    """Return the command of the ziglang package's Clang; a BuildError if it is not installed."""
    if not importlib.util.find_spec("ziglang"):
        raise BuildError("building for another platform needs the package ziglang", hint="pip install ziglang")
    return [sys.executable, "-m", "ziglang", "c++"]


def _jobs(compiler: list[str], system: str, processor: str, folder: Path, extra: tuple[str, ...]) -> list[list[str]]:
    """The command for each object file; its last argument is that file."""
    is_zig = "ziglang" in compiler
    flags = [*FLAGS, *extra, *([] if system in ("windows", "wasi") else ["-fPIC"])]
    if not is_zig and "clang" not in compiler[0]:
        flags += ["-Wno-maybe-uninitialized"]  # GCC's own intrinsics
    common = [*compiler, *flags, "-c"]
    version = "zig" if is_zig else Path(compiler[0]).name
    threads = "one_thread" if system == "wasi" else "threads"
    jobs = [
        [*common, str(FOLDER / f"{threads}.cpp"), "-o", str(folder / f"{threads}.o")],
        [
            *common,
            f'-DLENET_BUILD="{source_hash()} {version}"',
            str(FOLDER / "engine.cpp"),
            "-o",
            str(folder / "engine.o"),
        ],
    ]
    for variant, instructions in VARIANTS[processor].items():
        select = [f"-DVARIANT={variant}"]
        if instructions:
            select.append(f"-mcpu={instructions.replace('-', '_')}" if is_zig else f"-march={instructions}")
        if variant == "avx512":
            select.append("-mprefer-vector-width=512")
        jobs.append([*common, *select, str(FOLDER / "variant.cpp"), "-o", str(folder / f"{variant}.o")])
    return jobs


def _linker(compiler: list[str]) -> list[str]:
    """The compiler, as a linker for C: the kernels need nothing of the C++ library."""
    return [*compiler[:3], "cc", *compiler[4:]] if "ziglang" in compiler else compiler


def _run(command: list[str]) -> None:
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise BuildError(f"cannot run {command[0]}: {error.strerror}") from error
    if result.returncode:
        raise BuildError(f"{' '.join(command)} failed:\n{result.stdout}{result.stderr}")


def _processor() -> str:
    """This machine's processor, as VARIANTS names it."""
    machine = platform.machine().lower()
    return {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)


def main() -> int:
    """Build for this machine and print the path; return 2 on failure."""
    try:
        print(build())
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        if error.hint:
            print(f"hint: {error.hint}", file=sys.stderr)
        return 2
    return 0
