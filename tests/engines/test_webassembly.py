"""The kernels in WebAssembly compute the bits of the native variant with the same vectors, SSE4."""

import importlib.util
import json
import re
import subprocess

import numpy as np
import pytest
from engines import cpu_engine
from made_up import patterns
from webassembly import computed, node

from lenet.configuration import configure
from lenet.data.plan import plan
from lenet.engines import kernels
from lenet.engines.kernels import build

INTERFACE = (build.FOLDER / "interface.h").read_text(encoding="utf-8")
STEPS = 64
CASES = {
    "LeNet, AdamW": {"recipe": "fast"},
    "LeNet, SGD": {"recipe": "book-sgd", "model": "lenet", "activation": "relu", "pooling": "max"},
    "LeNetAvg, SGD with momentum": {"recipe": "book-sgd", "momentum": 0.9, "nesterov": True, "learning_rate": 0.05},
    "LeNetAvg, Adam": {"recipe": "book-adam", "weight_decay": 0.01},
    "mlp, AdamW": {"recipe": "fast", "model": "mlp"},
    "mlp, SGD": {"recipe": "book-sgd", "model": "mlp"},
    "tanh, SGD": {"recipe": "book-sgd", "activation": "tanh"},
    "tanh, AdamW, augmented": {"recipe": "fast", "activation": "tanh", "flip": True, "augment": "strong"},
    "LeNet, clipped, averaged, dropout": {"recipe": "fast", "clip_norm": 0.5, "ema": 0.9, "dropout": 0.3},
    "scaled tanh, class weights": {"recipe": "book-sgd", "activation": "scaled-tanh", "class_weights": "balanced"},
    "leaky ReLU": {"recipe": "fast", "activation": "leaky-relu"},
    "batch normalization, SGD": {"recipe": "book-sgd", "model": "lenet-bn", "activation": None, "learning_rate": 0.05},
    "lenet-bn": {"recipe": "lenet-bn"},
    "small": {"recipe": "small"},
    "tiny": {"recipe": "tiny"},
}

needs_ziglang = pytest.mark.skipif(importlib.util.find_spec("ziglang") is None, reason="needs ziglang")


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    return build.build(build.WEBASSEMBLY, tmp_path_factory.mktemp("wasm"))


@pytest.fixture(scope="module")
def dataset():
    """Enough for 64 batches of 37; the last one has 19 images."""
    return patterns(37 * (STEPS - 1) + 19, seed=1)


@needs_ziglang
@pytest.mark.node
@pytest.mark.build
@pytest.mark.parametrize("settings", CASES.values(), ids=CASES)
def test_it_computes_the_bits_of_sse4(module, dataset, settings):
    if "sse4" not in kernels.variants():
        pytest.skip("needs a processor with SSE4")
    config = configure(**settings, batch_size=37, threads=1)
    engine = cpu_engine(config, dataset, "sse4")
    epoch, images = plan(config, 0, len(dataset)), patterns(200, seed=2).images
    before = engine.network.weights.copy()
    there = computed(module, engine, epoch, STEPS, images)
    assert np.array_equal(engine.network.weights, before)
    assert not np.array_equal(there.weights, before)
    here = engine.train_steps(epoch, 0, STEPS)
    assert np.array_equal(there.weights, engine.network.weights)
    assert np.array_equal(there.logits, engine.logits(images))
    assert there.num_correct == here.num_correct
    # The loss has a logarithm, which the C library computes: with fused multiply-add, glibc rounds some otherwise.
    np.testing.assert_array_max_ulp(there.losses, here.losses, maxulp=2)


@needs_ziglang
@pytest.mark.node
@pytest.mark.build
def test_it_has_the_interface_one_variant_and_no_imports(module):
    looked = "const m = new WebAssembly.Module(require('fs').readFileSync(process.argv[1]));"
    looked += "console.log(JSON.stringify([WebAssembly.Module.imports(m), WebAssembly.Module.exports(m)]))"
    done = subprocess.run([*node(), "-e", looked, str(module)], check=True, capture_output=True, text=True)
    imports, exports = json.loads(done.stdout)
    assert imports == []
    names = {entry["name"] for entry in exports if entry["kind"] == "function"}
    assert names == set(re.findall(r"^LENET_EXPORT .*?(lenet_\w+)\(", INTERFACE, re.M)) | {"_initialize"}
    assert {"memory", "__heap_base"} <= {entry["name"] for entry in exports}
    content = module.read_bytes()
    assert f"{kernels.source_hash()} zig".encode() in content
    assert [name for name in build.VARIANTS["wasm32"] if f"{name}\0".encode() in content] == ["simd128"]
