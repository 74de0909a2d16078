"""The bytes that an export prints are those that a compiler makes."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from c_sources import WARNINGS, Sources, random_network

from lenet.networks import build

MODELS = {
    "the book's net": ("lenet-avg", {"activation": "relu"}),
    "sigmoid": ("lenet-avg", {}),
    "max pooling": ("lenet", {"activation": "leaky-relu"}),
    "mean": ("tiny", {}),
    "mean, tanh": ("tiny", {"activation": "tanh", "pooling": "avg"}),
    "dense": ("mlp", {"hidden": (32,)}),
    "softmax": ("softmax", {}),
}
needs_zig = pytest.mark.skipif(importlib.util.find_spec("ziglang") is None, reason="needs ziglang")


def made(name, is_int8, is_calibrated=False):
    model, arguments = MODELS[name]
    rng = np.random.default_rng(0)
    return Sources(random_network(build(model, **arguments), rng), rng, is_int8, count=2, is_calibrated=is_calibrated)


def sections(program: Path) -> dict[str, int]:
    """Bytes by kind of section, as binutils prints them: code, constants, memory."""
    printed = subprocess.run(["size", "-A", program], check=True, capture_output=True, text=True).stdout
    kinds = {".text": "code", ".rodata": "constants", ".bss": "memory", ".data": "data"}
    sizes = dict.fromkeys(kinds.values(), 0)
    for line in printed.splitlines():
        for prefix, kind in kinds.items():
            if line.startswith(prefix):
                sizes[kind] += int(line.split()[1])
    return sizes


def compiled(sources, folder, *options):
    """The sizes of lenet.c on a Cortex-M4."""
    sources.write(folder)
    compiler = (sys.executable, "-m", "ziglang", "cc", "-target", "thumb-freestanding-eabi", "-mcpu=cortex_m4", "-Os")
    program = folder / "net.o"
    subprocess.run([*compiler, *WARNINGS, *options, "-c", folder / "lenet.c", "-o", program], check=True)
    return sections(program)


@pytest.mark.build
@needs_zig
@pytest.mark.parametrize("is_int8", [False, True], ids=["float", "int8"])
def test_classify_can_be_left_out(tmp_path, is_int8):
    each = made("the book's net", is_int8, is_calibrated=True)
    without = compiled(each, tmp_path / "without", "-DLENET_NO_CLASSIFY")
    whole = compiled(each, tmp_path / "whole")
    added = sum(whole[kind] - without[kind] for kind in ("code", "constants"))
    assert added == pytest.approx(each.source.classify_flash, abs=300)
    assert without["constants"] == pytest.approx(each.source.flash.constants, abs=16)  # with padding between arrays
    assert whole["memory"] == without["memory"]


@pytest.mark.build
@needs_zig
@pytest.mark.parametrize("is_int8", [False, True], ids=["float", "int8"])
@pytest.mark.parametrize("name", MODELS)
def test_flash_and_memory(tmp_path, name, is_int8):
    each = made(name, is_int8)
    sizes = compiled(each, tmp_path / "net")
    flash, work = each.source.flash, each.source.work
    assert sizes["constants"] == pytest.approx(flash.constants, abs=16)  # with padding between arrays
    assert sizes["data"] == 0
    assert sizes["memory"] == (0 if name == "softmax" else work.size)  # an unused array is left out
    assert sizes["code"] == pytest.approx(flash.code, abs=40)


def test_the_books_net():
    source = made("the book's net", True).source
    assert source.work.size == 904
    assert source.flash.total < 66_000
    source = made("the book's net", False).source
    assert source.work.size == 4 * 904


def test_no_map_is_held_whole():
    """Of a 28×28×8 map, only the rows that the next convolution reads are in memory."""
    network = made("mean", True)
    maps = [np.prod(stage.out_shape) for stage in network.stages.streamed]
    assert network.source.work.size < sum(maps) / 2
