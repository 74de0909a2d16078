"""The native library: how it is found and refused, how it is built here and for other systems, and the wheels with it."""

import importlib.util
import os
import platform
import re
import shutil
import struct
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import numpy as np
import pytest
from made_up import network_of

from lenet.configuration import configure
from lenet.engines import kernels
from lenet.engines.choice import Choice, choose_engine
from lenet.engines.cpu import CpuEngine
from lenet.engines.kernels import build
from lenet.errors import EngineError
from lenet.images.preprocess import Preprocessing
from lenet.networks.forward import as_input, forward
from lenet.registry import READY

ROOT = Path(__file__).parents[2]
INTERFACE = (build.FOLDER / "interface.h").read_text(encoding="utf-8")
FUNCTIONS = sorted(re.findall(r"^LENET_EXPORT .*?(lenet_\w+)\(", INTERFACE, re.M))
SYSTEM_LIBRARIES = r"(libc|libm|libpthread)\.so\.\d|ld-linux[\w.-]*"

posix = pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads ELF files with nm and readelf")
needs_ziglang = pytest.mark.skipif(importlib.util.find_spec("ziglang") is None, reason="needs ziglang")


@pytest.fixture(autouse=True)
def same_compiler(monkeypatch):
    """The compiler is this machine's, whatever the tests' own environment asks for."""
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.delenv("LENET_TARGET", raising=False)


@pytest.fixture
def no_compiler(monkeypatch):
    """Neither a compiler nor ziglang."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "ziglang", None)


@pytest.fixture
def as_compiler(monkeypatch, tmp_path):
    """Makes a shell script the only compiler there is; returns its path."""

    def make(script):
        path = tmp_path / "fake-c++"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setenv("PATH", "")
        monkeypatch.setenv("CXX", str(path))
        return path

    return make


# A compiler that logs its arguments and writes "made" into the file after -o.
WRITES = 'echo "$@" >> "$0.log"\nwhile [ $# -gt 0 ]; do [ "$1" = -o ] && echo made > "$2"; shift; done'


def environment_without_compiler(folder):
    """An environment for other processes in which there is no compiler, no ziglang, and nowhere to get it from."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text("import sys\nsys.modules['ziglang'] = None\n")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    return with_path(kept | {"PATH": "", "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}, folder)


def with_path(environment, folder):
    """The environment, its Python looking into this folder first."""
    return {**environment, "PYTHONPATH": os.pathsep.join(filter(None, [str(folder), environment.get("PYTHONPATH")]))}


def compiled(path, source):
    """A real library at `path`, made from C++ of the test's own."""
    compiler = build.find_compiler()
    if compiler is None:
        pytest.skip("needs a C++ compiler")
    code = path.with_suffix(".cpp")
    code.write_text(source)
    subprocess.run([*compiler, "-shared", "-fPIC", str(code), "-o", str(path)], check=True)
    code.unlink()


def stub(fingerprint, here=()):
    """The source of a library with all functions, of three variants of which the processor runs `here`."""
    own = ("lenet_build", "lenet_num_variants", "lenet_variant_name", "lenet_variant_runs_here")
    others = "".join(f"void {name}() {{}}\n" for name in FUNCTIONS if name not in own)
    runs = " || ".join(["false", *(f"number == {number}" for number in here)])
    return f"""extern "C" {{
        {others}
        const char *lenet_build() {{ return "{fingerprint} test"; }}
        int lenet_num_variants() {{ return 3; }}
        const char *lenet_variant_name(int number) {{ return number == 0 ? "zeta" : number == 1 ? "beta" : "alpha"; }}
        int lenet_variant_runs_here(int number) {{ return {runs}; }}
    }}"""


def test_the_interface_is_what_the_stub_of_these_tests_has():
    assert {"lenet_build", "lenet_train", "lenet_logits", "lenet_variant_runs_here"} < set(FUNCTIONS)


@pytest.mark.torch
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "the CPU kernels are not built"),
        (lambda path: path.mkdir(), "the CPU kernels are not built"),
        (lambda path: path.write_text("a text"), "the CPU kernels cannot be loaded: "),
        (lambda path: compiled(path, "int nothing;"), "the CPU kernels cannot be loaded: "),
        (lambda path: compiled(path, stub("0123456789abcdef", [0])), "the CPU kernels were built from other sources"),
    ],
    ids=["nothing", "folder", "text", "other-library", "other-sources"],
)
def test_a_library_that_cannot_be_used_is_refused_or_replaced_by_pytorch(no_kernels, make, message):
    """With --engine cpu, an error with a hint; with `auto`, the reference engine computes, and the hint is printed."""
    make(no_kernels / kernels.LIBRARY_NAME)
    with pytest.raises(kernels.KernelsMissing) as caught:
        kernels.opened(no_kernels / kernels.LIBRARY_NAME)
    error = caught.value
    assert error.message.startswith(message)
    for way_out in ("C++ compiler", "pip install ziglang", "python -m lenet.engines.kernels"):
        assert way_out in error.hint
    network = network_of("lenet")
    assert choose_engine("auto", network.architecture, "cpu") == Choice(
        "reference", f"auto: {error.message}; {error.hint}"
    )
    with pytest.raises(kernels.KernelsMissing) as caught:
        choose_engine("cpu", network.architecture, "cpu")
    assert str(caught.value) == str(error)
    with pytest.raises(kernels.KernelsMissing):
        CpuEngine(network, None, configure("fast"), Preprocessing((28, 28)))


def test_the_variants_are_those_the_processor_runs_in_the_librarys_order(no_kernels):
    compiled(no_kernels / kernels.LIBRARY_NAME, stub(kernels.source_hash(), [1, 2]))
    assert list(kernels.variants().items()) == [("beta", 1), ("alpha", 2)]
    assert kernels.variant_name() == "beta"
    assert (kernels.variant_number(), kernels.variant_number("alpha")) == (1, 2)
    with pytest.raises(EngineError) as caught:
        kernels.variant_number("zeta")
    assert caught.value.message == "no variant 'zeta' of the CPU kernels runs here"
    assert caught.value.hint == "this processor runs beta, alpha"


@pytest.mark.torch
def test_a_processor_without_a_variant_takes_the_reference(no_kernels):
    compiled(no_kernels / kernels.LIBRARY_NAME, stub(kernels.source_hash()))
    message = "the CPU kernels have no variant for this processor"
    assert choose_engine("auto", network_of("lenet").architecture, "cpu") == Choice("reference", f"auto: {message}")
    with pytest.raises(EngineError) as caught:
        choose_engine("cpu", network_of("lenet").architecture, "cpu")
    assert (caught.value.message, caught.value.hint) == (message, "use --engine reference")


def test_the_fingerprint_is_of_the_sources_and_nothing_else(monkeypatch, tmp_path):
    fingerprint = build.source_hash.__wrapped__  # not the one that remembers
    sources = build.FOLDER

    def changed(name, change):
        folder = tmp_path / name
        shutil.copytree(sources, folder, ignore=shutil.ignore_patterns("__pycache__"))
        change(folder)
        monkeypatch.setattr(build, "FOLDER", folder)
        return fingerprint()

    def windows_lines(folder):
        for path in [*folder.glob("*.h"), *folder.glob("*.cpp")]:
            path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))

    ours = fingerprint()
    assert re.fullmatch(r"[0-9a-f]{16}", ours)
    assert changed("same", lambda folder: None) == ours
    assert changed("lines", windows_lines) == ours
    assert changed("other", lambda folder: (folder / "notes.txt").write_text("a note")) == ours
    assert changed("header", lambda folder: (folder / "loss.h").write_bytes(b"//" + b"\n")) != ours
    assert changed("code", lambda folder: (folder / "engine.cpp").write_bytes(b" ")) != ours
    assert changed("name", lambda folder: (folder / "loss.h").rename(folder / "lost.h")) != ours


@posix
def test_the_compiler_is_cxx_else_the_first_of_three_else_ziglang(no_compiler, monkeypatch, tmp_path):
    assert build.find_compiler() is None
    monkeypatch.delitem(sys.modules, "ziglang")
    (tmp_path / "packages/ziglang").mkdir(parents=True)
    (tmp_path / "packages/ziglang/__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path / "packages")
    assert build.find_compiler() == build.zig() == [sys.executable, "-m", "ziglang", "c++"]
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("c++", "clang++", "g++"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
        assert build.find_compiler() == [name]
    for cxx, command in [("c++ -m64", ["c++", "-m64"]), ("", ["g++"]), (" ", ["g++"])]:
        monkeypatch.setenv("CXX", cxx)
        assert build.find_compiler() == command
    monkeypatch.setenv("CXX", "nowhere-c++")
    with pytest.raises(build.BuildError, match=r"CXX names nowhere-c\+\+, which was not found"):
        build.find_compiler()


def test_without_a_compiler_there_is_an_error_and_no_file(no_compiler, tmp_path):
    with pytest.raises(build.BuildError, match=r"no C\+\+ compiler and no ziglang package"):
        build.build(out=tmp_path)
    for target in build.TARGETS.values():
        with pytest.raises(build.BuildError, match="another platform needs the package ziglang"):
            build.build(target, tmp_path)
    assert list(tmp_path.iterdir()) == []


@posix
def test_where_the_compiler_fails_ziglang_is_tried(monkeypatch, tmp_path):
    """One that is too old for the processor's instructions, say; but not where CXX asked for it."""
    for folder in ("bin", "ziglang", "out"):
        (tmp_path / folder).mkdir()
    (tmp_path / "bin/g++").write_text("#!/bin/sh\necho unknown -march; exit 1\n")
    (tmp_path / "bin/g++").chmod(0o755)
    (tmp_path / "ziglang/__init__.py").touch()
    (tmp_path / "ziglang/__main__.py").write_text(
        "import sys, pathlib\npathlib.Path(sys.argv[sys.argv.index('-o') + 1]).write_text('by zig')\n"
    )
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setitem(sys.modules, "ziglang", None)
    with pytest.raises(build.BuildError, match="unknown -march") as caught:
        build.build(out=tmp_path / "out")
    assert "pip install ziglang" in caught.value.hint
    monkeypatch.delitem(sys.modules, "ziglang")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert build.build(out=tmp_path / "out").read_text() == "by zig"
    monkeypatch.setenv("CXX", "g++")
    with pytest.raises(build.BuildError, match="unknown -march"):
        build.build(out=tmp_path / "out")


def test_a_processor_that_has_no_kernels_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    with pytest.raises(build.BuildError, match="no kernels for the processor riscv64"):
        build.build(out=tmp_path)


@posix
@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo said one thing; echo said another >&2; exit 1", ["fake-c++", "said one thing", "said another"]),
        (f'case "$*" in *-shared*) echo no linker; code=1;; esac\n{WRITES}\nexit $code', ["-shared", "no linker"]),
    ],
    ids=["compiling", "linking"],
)
def test_a_compiler_that_fails_is_quoted_and_the_library_before_stays(as_compiler, tmp_path, script, words):
    """Also one that fails after it has written the library: nothing half-made comes near the place of the old one."""
    as_compiler(script)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / build.LIBRARY_NAME).write_text("before")
    with pytest.raises(build.BuildError) as caught:
        build.build(out=tmp_path / "out")
    for word in words:
        assert word in str(caught.value)
    assert [(path.name, path.read_text()) for path in (tmp_path / "out").iterdir()] == [(build.LIBRARY_NAME, "before")]


@posix
def test_what_the_system_refuses_is_a_build_error_too(as_compiler, tmp_path):
    compiler = as_compiler(WRITES)
    taken = tmp_path / "taken" / build.LIBRARY_NAME
    (taken / "letter").mkdir(parents=True)
    for library in (tmp_path / "nowhere" / build.LIBRARY_NAME, taken):
        with pytest.raises(build.BuildError, match=f"^cannot write {re.escape(str(library))}: "):
            build.build(out=library.parent)
    assert list(taken.parent.iterdir()) == [taken]
    compiler.write_text("#!/nowhere/sh\n")
    with pytest.raises(build.BuildError, match=f"^cannot run {re.escape(str(compiler))}: No such file"):
        build.build(out=tmp_path)


@posix
@pytest.mark.parametrize(
    ("machine", "variants"),
    [
        ("x86_64", {"avx512": "x86-64-v4", "avx2": "x86-64-v3", "sse4": "x86-64-v2"}),
        ("AMD64", {"avx512": "x86-64-v4", "avx2": "x86-64-v3", "sse4": "x86-64-v2"}),
        ("aarch64", {"neon": None}),
        ("arm64", {"neon": None}),
    ],
)
def test_the_kernels_are_compiled_once_for_each_variant_of_the_processor(
    as_compiler, monkeypatch, tmp_path, machine, variants
):
    compiler = as_compiler(WRITES)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    build.build(out=tmp_path, extra=("-fextra",))
    *compiling, linking = Path(f"{compiler}.log").read_text().splitlines()
    kernels_of = [line for line in compiling if str(build.FOLDER / "variant.cpp") in line]
    found = {re.search(r"-DVARIANT=(\w+)", line)[1]: re.search(r"-march=(\S+)", line) for line in kernels_of}
    assert {name: march and march[1] for name, march in found.items()} == variants
    sources = sorted(re.search(r"(\w+\.cpp) -o", line)[1] for line in compiling)
    assert sources == sorted(["engine.cpp", "threads.cpp", *["variant.cpp"] * len(variants)])
    assert all("-fextra" in line.split() for line in [*compiling, linking])
    assert linking.count(".o ") == len(compiling)


@posix
def test_a_library_in_use_is_replaced_not_written_over(as_compiler, tmp_path):
    as_compiler(WRITES)
    (tmp_path / "out").mkdir()
    library = tmp_path / "out" / build.LIBRARY_NAME
    library.write_text("before")
    with library.open() as in_use:
        assert build.build(out=tmp_path / "out") == library
        assert in_use.read() == "before"
    assert [(path.name, path.read_text()) for path in library.parent.iterdir()] == [(library.name, "made\n")]


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """A folder with a copy of the package, without its library: nothing is built into the sources."""
    folder = tmp_path_factory.mktemp("package")
    ignored = shutil.ignore_patterns("__pycache__", "lenet_cpu*", ".lenet_cpu*")
    shutil.copytree(build.FOLDER.parents[1], folder / "lenet", ignore=ignored)
    return folder


def build_in(package, environment):
    """`python -m lenet.engines.kernels` with the copy of the package: what a person sees of it."""
    command = [sys.executable, "-m", "lenet.engines.kernels"]
    return subprocess.run(command, env=with_path(environment, package), capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def built(package):
    """A library as a person builds it, from the sources as they are."""
    if build.find_compiler() is None:
        pytest.skip("needs a C++ compiler")
    result = build_in(package, {name: value for name, value in os.environ.items() if name != "CXX"})
    library = package / "lenet/engines/kernels" / build.LIBRARY_NAME
    assert (result.returncode, result.stdout, result.stderr) == (0, f"{library}\n", "")
    return library


@pytest.mark.build
def test_a_library_built_by_hand_computes(built, monkeypatch, tiny):
    monkeypatch.setattr(kernels, "FOLDER", built.parent)
    kernels.library.cache_clear()
    names = list(kernels.variants())
    network = network_of("lenet")
    engine = CpuEngine(network, None, configure("fast"), Preprocessing((28, 28)))
    logits = engine.logits(tiny.test.images[:20])
    kernels.library.cache_clear()
    assert names
    assert names == [name for name in build.VARIANTS[build._processor()] if name in names]
    expected = forward(network, as_input(tiny.test.images[:20], Preprocessing((28, 28))))[-1]
    np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.skipif(not Path("/proc/cpuinfo").is_file() or build._processor() != "x86_64", reason="reads /proc/cpuinfo")
@pytest.mark.build
def test_the_variants_are_those_linux_sees_in_the_processor(built):
    flags = set(re.search(r"^flags\s*:(.*)$", Path("/proc/cpuinfo").read_text(), re.M)[1].split())
    needed = {"sse4": {"sse4_2", "ssse3", "popcnt"}}
    needed["avx2"] = needed["sse4"] | {"avx2", "fma", "f16c", "movbe", "bmi1", "bmi2", "abm"}
    needed["avx512"] = needed["avx2"] | {"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"}
    lib = kernels.opened(built)
    numbers = range(lib.lenet_num_variants())
    here = {lib.lenet_variant_name(number).decode(): bool(lib.lenet_variant_runs_here(number)) for number in numbers}
    assert here == {name: needed[name] <= flags for name in ("avx512", "avx2", "sse4")}
    assert list(here) == list(build.VARIANTS["x86_64"])


def exported(path):
    """The names that a library of Linux shows to others."""
    lines = subprocess.run(["nm", "-D", "--defined-only", path], capture_output=True, text=True, check=True).stdout
    return sorted(line.split()[-1] for line in lines.splitlines())


def linked(path):
    """The libraries that a library of Linux needs."""
    lines = subprocess.run(["readelf", "-dW", path], capture_output=True, text=True, check=True).stdout
    return re.findall(r"\(NEEDED\).*\[(.+)\]", lines)


@linux
@pytest.mark.build
def test_the_library_exports_its_interface_and_needs_only_the_system(built):
    assert exported(built) == FUNCTIONS
    assert linked(built)
    for name in linked(built):
        assert re.fullmatch(SYSTEM_LIBRARIES, name)


@pytest.mark.build
def test_the_build_command_without_a_compiler_keeps_the_library(built, package, tmp_path):
    before = built.read_bytes()
    result = build_in(package, environment_without_compiler(tmp_path / "bare"))
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.splitlines() == [
        "error: no C++ compiler and no ziglang package",
        "hint: install g++ or clang++, or `pip install ziglang`",
    ]
    assert built.read_bytes() == before
    assert [path.name for path in built.parent.glob("*lenet_cpu*")] == [build.LIBRARY_NAME]


def load_commands(data):
    """The load commands of a Mach-O file: pairs of number and content."""
    (count,), start = struct.unpack_from("<I", data, 16), 32
    for _ in range(count):
        number, size = struct.unpack_from("<II", data, start)
        yield number, data[start + 8 : start + size]
        start += size


def is_elf(data, machine):
    assert data[:5] == b"\x7fELF\x02"
    assert struct.unpack_from("<H", data, 18) == (machine,)
    needed = [(int(major), int(minor)) for major, minor in re.findall(rb"GLIBC_(\d+)\.(\d+)", data)]
    assert needed
    assert max(needed) <= (2, 17)  # as the wheel's tag promises


def is_mach_o(data):
    assert struct.unpack_from("<II", data) == (0xFEEDFACF, 0x0100000C)  # 64 bits, ARM64
    commands = list(load_commands(data))
    named = [content[16:].rstrip(b"\0") for number, content in commands if number == 0xD]
    linked = [content[16:].rstrip(b"\0") for number, content in commands if number == 0xC]
    assert named == [b"@rpath/lenet_cpu.dylib"]
    assert linked == [b"/usr/lib/libSystem.B.dylib"]
    (least,) = (struct.unpack_from("<II", content) for number, content in commands if number == 0x32)
    assert least == (1, 11 << 16)  # macOS 11.0, as the wheel's tag promises
    assert 0x1D in dict(commands)  # signed: ARM64 Macs run nothing else


def is_pe(data):
    assert data[:2] == b"MZ"
    start = struct.unpack_from("<I", data, 0x3C)[0]
    assert data[start : start + 6] == b"PE\0\0" + struct.pack("<H", 0x8664)
    for name in re.findall(rb"[\w-]+\.dll", data):
        assert re.fullmatch(rb"lenet_cpu|KERNEL32|msvcrt|api-ms-win-crt-[\w-]+", name.removesuffix(b".dll")), name


@needs_ziglang
@pytest.mark.build
@pytest.mark.parametrize(
    ("name", "is_right"),
    [
        ("linux-x86_64", lambda data: is_elf(data, 62)),
        ("linux-aarch64", lambda data: is_elf(data, 183)),
        ("macos-arm64", is_mach_o),
        ("windows-x86_64", is_pe),
    ],
)
def test_ziglang_builds_for_every_platform_from_here(tmp_path, name, is_right):
    target = build.TARGETS[name]
    library = build.build(target, tmp_path)
    assert list(tmp_path.iterdir()) == [library]
    assert library.name == f"lenet_cpu{build.SUFFIXES[target.system]}"
    data = library.read_bytes()
    is_right(data)
    for function in FUNCTIONS:
        assert function.encode() in data
    assert f"{kernels.source_hash()} zig".encode() in data
    for variant in build.VARIANTS[target.processor]:
        assert variant.encode() + b"\0" in data
    if sys.platform == "linux" and target.system == "linux":
        assert exported(library) == FUNCTIONS
        assert all(re.fullmatch(SYSTEM_LIBRARIES, needed) for needed in linked(library))
    if (target.system, target.processor) == (build.HERE, build._processor()):
        assert kernels.opened(library).lenet_num_variants() == len(build.VARIANTS[target.processor])


def test_every_target_is_checked():
    """A platform that is added to the wheels is added to the test above."""
    marks = test_ziglang_builds_for_every_platform_from_here.pytestmark
    (cases,) = (mark.args[1] for mark in marks if mark.name == "parametrize")
    assert [name for name, _ in cases] == list(build.TARGETS)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of all that a wheel is made from, with an old library among the sources, as a checkout has one."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", ".gitignore"):
        shutil.copyfile(ROOT / name, folder / name)
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__", "lenet_cpu*"))
    (folder / "src/lenet/engines/kernels" / build.LIBRARY_NAME).write_text("old")
    return folder


def wheel_of(project, out, environment):
    """Makes a wheel, as pip would: (the process, the names in the wheel, its WHEEL file)."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(out)]
    process = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    wheels = list(out.glob("*.whl"))
    if not wheels:
        return process, [], ""
    with zipfile.ZipFile(wheels[0]) as wheel:
        wheel.extractall(out)
        names = wheel.namelist()
    return process, names, next(out.glob("*.dist-info/WHEEL")).read_text()


@posix
def test_a_wheel_carries_the_library_built_for_it_and_no_other(project, as_compiler, tmp_path):
    as_compiler(WRITES)
    process, names, wheel = wheel_of(project, tmp_path / "out", dict(os.environ))
    assert process.returncode == 0, process.stderr
    libraries = [name for name in names if "lenet_cpu" in name]
    assert libraries == [f"lenet/engines/kernels/{build.LIBRARY_NAME}"]
    assert (tmp_path / "out" / libraries[0]).read_text() == "made\n"
    assert (project / "src" / libraries[0]).read_text() == "old"
    assert {"lenet/engines/kernels/variant.cpp", "lenet/data/digits.npz", "lenet/data/digits.LICENSE.txt"} <= set(names)
    assert {f"lenet/ready/{name}/model.safetensors" for name in READY} <= set(names)
    system = re.sub(r"[-.]", "_", sysconfig.get_platform())
    assert f"Tag: py3-none-{system}\n" in wheel
    assert "Root-Is-Purelib: false\n" in wheel


def test_a_wheel_built_without_a_compiler_has_no_library(project, tmp_path):
    process, names, wheel = wheel_of(project, tmp_path / "out", environment_without_compiler(tmp_path / "bare"))
    assert process.returncode == 0, process.stderr
    said = process.stdout + process.stderr
    assert "lenet is installed without its CPU kernels: no C++ compiler and no ziglang package" in said
    assert [name for name in names if "lenet_cpu" in name] == []
    assert "lenet/engines/kernels/variant.cpp" in names
    assert "Tag: py3-none-any\n" in wheel
    assert "Root-Is-Purelib: true\n" in wheel


@pytest.fixture
def hatch_build(monkeypatch):
    """The module of the hook. What it changes in this process is undone, and pip finds no package index."""
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setitem(sys.modules, "lenet_kernels_build", None)
    monkeypatch.setenv("PYTHONPATH", os.environ.get("PYTHONPATH", ""))
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return module


@pytest.fixture
def hook(hatch_build, tmp_path):
    """The hook as hatchling makes it; afterwards its temporary folder is gone."""
    hook = hatch_build.KernelsHook(str(ROOT), {}, None, None, str(tmp_path), "wheel")
    yield hook
    hook.finalize("standard", {}, "")
    assert not Path(hook.folder.name).exists()


@posix
def test_an_editable_installation_keeps_a_library_built_from_these_sources(
    hook, hatch_build, as_compiler, monkeypatch, project
):
    monkeypatch.setattr(hatch_build, "ROOT", project)
    as_compiler("exit 1")
    library = project / "src/lenet/engines/kernels" / build.LIBRARY_NAME
    library.write_text(f"\0{build.source_hash()} g++\0")
    decided = nothing_decided()
    hook.initialize("editable", decided)
    library.write_text("old")
    assert decided["pure_python"] is False


def nothing_decided():
    return {"pure_python": True, "tag": None, "force_include": {}}


def test_a_hook_that_cannot_build_warns_and_changes_nothing(hook, no_compiler, capfd):
    decided = nothing_decided()
    hook.initialize("standard", decided)
    assert decided == nothing_decided()
    captured = capfd.readouterr()
    assert "lenet is installed without its CPU kernels: no C++ compiler" in captured.out + captured.err


def test_a_hook_that_cannot_build_what_it_was_asked_for_fails(hook, hatch_build, no_compiler, monkeypatch):
    loaded = hatch_build.load_build()
    monkeypatch.setattr(hatch_build, "load_build", lambda: loaded)  # its BuildError is the one that is raised
    monkeypatch.setenv("LENET_TARGET", "macos-arm64")
    decided = nothing_decided()
    with pytest.raises(loaded.BuildError, match="another platform needs the package ziglang"):
        hook.initialize("standard", decided)
    assert decided == nothing_decided()


@posix
def test_an_editable_installation_has_its_library_beside_the_sources(
    hook, hatch_build, as_compiler, monkeypatch, project
):
    as_compiler(WRITES)
    monkeypatch.setattr(hatch_build, "ROOT", project)
    library = project / "src/lenet/engines/kernels" / build.LIBRARY_NAME
    before = library.read_text()
    decided = nothing_decided()
    hook.initialize("editable", decided)
    made = library.read_text()
    library.write_text(before)
    assert (before, made) == ("old", "made\n")
    assert decided["force_include"] == {}
    assert decided["pure_python"] is False


def test_without_a_compiler_ziglang_is_fetched_for_the_one_build(hatch_build, monkeypatch, tmp_path):
    """A package of that name, from a folder instead of the index, that writes down what it was called as."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with zipfile.ZipFile(tmp_path / "ziglang-0.0.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("ziglang/__init__.py", "")
        code = "import sys\nopen(sys.argv[sys.argv.index('-o') + 1], 'w').write(f'made by {sys.argv[1]}')\n"
        wheel.writestr("ziglang/__main__.py", code)
        about = "Metadata-Version: 2.1\nName: ziglang\nVersion: 0.0.0\n"
        wheel.writestr("ziglang-0.0.0.dist-info/METADATA", about)
        wheel.writestr(
            "ziglang-0.0.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr("ziglang-0.0.0.dist-info/RECORD", "")
    (tmp_path / "folder").mkdir()
    hatch_build.fetch_zig(str(tmp_path / "folder"))
    loaded = hatch_build.load_build()
    assert loaded.find_compiler() == [sys.executable, "-m", "ziglang", "c++"]
    assert loaded.build(out=tmp_path).read_text() == "made by cc"  # linked as C: nothing of the C++ library


def test_where_ziglang_cannot_be_fetched_there_is_no_compiler(hatch_build, no_compiler, tmp_path):
    hatch_build.fetch_zig(str(tmp_path))
    assert hatch_build.load_build().find_compiler() is None
    assert list(tmp_path.iterdir()) == []
