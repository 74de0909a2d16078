"""The kernels as WebAssembly that the page holds: they are those of this source, and compute the bits of SSE4."""

import importlib.util

import numpy as np
import pytest
from engines import cpu_engine
from made_up import patterns
from page_engine import page_outputs
from webassembly import computed

from lenet.configuration import configure
from lenet.data.plan import plan
from lenet.engines import kernels
from lenet.explorer import build

CASES = {
    "LeNet": {"recipe": "fast"},
    "LeNetAvg": {"recipe": "book-sgd"},
    "lenet-bn": {"recipe": "lenet-bn"},
}

needs_sse4 = pytest.mark.skipif("sse4" not in kernels.variants(), reason="needs a processor with SSE4")


def test_they_are_built_from_these_sources():
    assert f"{kernels.source_hash()} zig".encode() in build.KERNELS.read_bytes(), (
        "run `make wasm` and commit kernels.wasm"
    )


@pytest.mark.build
@pytest.mark.skipif(importlib.util.find_spec("ziglang") is None, reason="needs ziglang")
def test_they_are_what_ziglang_makes(tmp_path):
    assert build.build_kernels(tmp_path).read_bytes() == build.KERNELS.read_bytes(), "run `make wasm`"


@pytest.mark.node
@needs_sse4
@pytest.mark.parametrize("settings", CASES.values(), ids=CASES)
def test_page_wasm_and_native_have_the_same_bits(tmp_path, settings):
    dataset = patterns(37 * 5 + 19, seed=1)
    config = configure(**settings, batch_size=37, threads=1)
    engine = cpu_engine(config, dataset, "sse4")
    epoch, images = plan(config, 0, len(dataset)), patterns(70, seed=2).images
    there = computed(build.KERNELS, engine, epoch, 6, images)
    engine.train_steps(epoch, 0, 6)
    assert np.array_equal(there.weights, engine.network.weights)
    assert np.array_equal(there.logits, engine.logits(images))
    in_page = page_outputs({"trained": (engine.network, engine.preprocessing, images)}, tmp_path)["trained"]
    assert np.array_equal(in_page, there.logits)
