"""Networks of random layers, compiled: in float they compute what lenet does, in integers the bits of the NumPy model."""

import importlib.util
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from c_sources import WARNINGS, Sources, failing, random_architecture, random_network

UNDEFINED = ("-fsanitize=undefined", "-fno-sanitize-recover=all")
ZIG = (sys.executable, "-m", "ziglang", "cc")
EMULATED = {"arm-linux-musleabi": "qemu-arm-static", "powerpc-linux-musleabi": "qemu-ppc-static"}
BARE = {
    "Cortex-M0": ("thumb-freestanding-eabi", "-mcpu=cortex_m0"),
    "Cortex-M4": ("thumb-freestanding-eabi", "-mcpu=cortex_m4"),
    "RV32": ("riscv32-freestanding", "-mcpu=generic_rv32"),
    "PowerPC": ("powerpc-freestanding-eabi",),
    "WebAssembly": ("wasm32-freestanding",),
}

AVR = ("avr-freestanding-eabi", "-mcpu=atmega328p", "-Wno-avr-rtlib-linking-quirks")
PGMSPACE = """
#include <stddef.h>
#include <stdint.h>
#define PROGMEM __attribute__((section(".progmem.data")))
uint8_t pgm_read_byte(const void *address);
uint16_t pgm_read_word(const void *address);
uint32_t pgm_read_dword(const void *address);
float pgm_read_float(const void *address);
void *memcpy_P(void *to, const void *from, size_t size);
"""

needs_gcc = pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc")
needs_zig = pytest.mark.skipif(importlib.util.find_spec("ziglang") is None, reason="needs ziglang")


def sources(seed, count):
    rng = np.random.default_rng(seed)
    networks = [random_network(random_architecture(rng), rng) for _ in range(count)]
    return [Sources(network, rng, is_int8) for network in networks for is_int8 in (False, True)]


@needs_gcc
def test_random_networks(tmp_path):
    assert failing(sources(2, 8), tmp_path / "all", ("gcc", "-O0")) == []


@needs_gcc
def test_a_wrong_judgement_is_noticed(tmp_path):
    """Also shows that both judgements occur."""
    right, wrong = sources(3, 3)[3:5]
    assert "unknown[IMAGES] = {" in wrong.files["lenet_test.c"]
    wrong.files["lenet.c"] = wrong.files["lenet.c"].replace("answer.unknown = 1;", "answer.unknown = 0;")
    assert failing([right, wrong], tmp_path / "all", ("gcc", "-O0")) == [1]


@needs_gcc
def test_a_wrong_network_is_noticed(tmp_path):
    right, wrong = sources(3, 2)[1:3]
    row = re.search(r"biases_\d+\[\d+\] LENET_ROM = \{\n +([^,]+),", wrong.files["lenet.c"])
    wrong.files["lenet.c"] = wrong.files["lenet.c"].replace(row[0], row[0].replace(row[1], "1e3f"))
    assert failing([right, wrong], tmp_path / "all", ("gcc", "-O0")) == [1]


@pytest.mark.proof
@needs_gcc
def test_random_networks_without_undefined_behaviour(tmp_path):
    assert failing(sources(0, 12), tmp_path / "all", ("gcc", "-O1", *UNDEFINED)) == []


@pytest.mark.build
@needs_zig
def test_random_networks_with_clang(tmp_path):
    assert failing(sources(1, 20), tmp_path / "all", (*ZIG, "-O2", "-fsanitize=undefined")) == []


@pytest.mark.build
@needs_zig
@pytest.mark.parametrize("target", EMULATED)
def test_random_networks_on_other_processors(tmp_path, target):
    """A 32-bit processor, and one with the bytes of a number in the other order."""
    if not shutil.which(EMULATED[target]):
        pytest.skip(f"needs {EMULATED[target]}")
    compiler = (*ZIG, "-target", target, "-static", "-Os")
    assert failing(sources(4, 10), tmp_path / "all", compiler, (EMULATED[target],)) == []


@pytest.mark.build
@needs_zig
@pytest.mark.parametrize("name", BARE)
def test_compiles_without_a_library(tmp_path, name):
    """Only the compiler's own arithmetic is left to link."""
    target, *options = BARE[name]
    for number, each in enumerate(sources(5, 3)):
        folder = tmp_path / str(number)
        each.write(folder)
        command = (*ZIG, "-target", target, *options, "-Os", "-ffreestanding", *WARNINGS, "-DLENET_NO_MAIN")
        for file in ("lenet", "lenet_test"):
            subprocess.run([*command, "-c", folder / f"{file}.c", "-o", folder / f"{file}.o"], check=True)


@pytest.mark.build
@needs_zig
def test_compiles_for_avr(tmp_path):
    """An int has 16 bits there, and constants are read by the macros."""
    (tmp_path / "avr").mkdir()
    (tmp_path / "avr/pgmspace.h").write_text(PGMSPACE, encoding="utf-8")
    for number, each in enumerate(sources(5, 3)):
        folder = tmp_path / str(number)
        each.write(folder)
        target, *options = AVR
        command = (*ZIG, "-target", target, *options, f"-I{tmp_path}", "-Os", "-ffreestanding", *WARNINGS)
        subprocess.run([*command, "-c", folder / "lenet.c", "-o", folder / "lenet.o"], check=True)


@pytest.mark.build
@needs_zig
@pytest.mark.skipif(not shutil.which("node"), reason="needs node")
def test_webassembly(tmp_path):
    each = sources(2, 3)[-1]
    each.write(tmp_path / "net")
    files = [tmp_path / "net" / name for name in ("lenet.c", "lenet_test.c")]
    link = (
        "-nostdlib",
        "-Wl,--no-entry",
        "-Wl,--export=lenet_self_test",
        "-DLENET_NO_MAIN",
        "-o",
        tmp_path / "net.wasm",
    )
    subprocess.run([*ZIG, "-target", "wasm32-freestanding", "-Os", *WARNINGS, *files, *link], check=True)
    program = (
        "WebAssembly.instantiate(require('fs').readFileSync(process.argv[1]), {})"
        ".then(({instance}) => console.log(instance.exports.lenet_self_test()))"
    )
    printed = subprocess.run(["node", "-e", program, tmp_path / "net.wasm"], check=True, capture_output=True, text=True)
    assert printed.stdout == "0\n"
