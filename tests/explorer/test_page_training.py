"""Training in the page: the same seed gives the bits of the native variant with vectors of four floats, SSE4."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from engines import cpu_engine
from made_up import patterns
from page import run_module
from page_engine import run_script

from lenet.configuration import configure
from lenet.data import digits
from lenet.data.plan import plan
from lenet.engines import kernels
from lenet.explorer import build
from lenet.images.preprocess import Preprocessing
from lenet.runs.opening import network_of, open_trained

pytestmark = [
    pytest.mark.node,
    pytest.mark.skipif("sse4" not in kernels.variants(), reason="needs a processor with SSE4"),
]
SCRIPT = Path(__file__).with_name("training.mjs")
RECIPES = ("fast", "sprint", "book-sgd", "book-adam", "book-adam-01", "lenet-bn")
# Their names in JavaScript, where those are others.
NAMES = {"learningRate": "learning_rate", "weightDecay": "weight_decay", "batchSize": "batch_size"}
NAMES["labelSmoothing"] = "label_smoothing"


def trained_in_page(cases, dataset, folder):
    preprocessing = Preprocessing.of(dataset).to_dict()
    size = dict(zip(("height", "width"), dataset.size, strict=True))
    named = {name: in_page for in_page, name in NAMES.items()}
    cases = [{named.get(name, name): value for name, value in case.items()} for case in cases]
    task = {"cases": cases, "input": {"channels": 1, **size}, "classes": list(dataset.classes)}
    (folder / "task.json").write_text(json.dumps({**task, "preprocessing": preprocessing}))
    dataset.images.tofile(folder / "images")
    dataset.labels.astype(np.int32).tofile(folder / "labels")
    run_script(SCRIPT, folder, str(build.KERNELS))
    return json.loads((folder / "result.json").read_text())


def check(cases, dataset, folder):
    results = trained_in_page(cases, dataset, folder)
    for number, (case, result) in enumerate(zip(cases, results, strict=True)):
        config = configure(**case, threads=1)
        engine = cpu_engine(config, dataset, "sse4")
        assert result["measured"] == {"mean": engine.preprocessing.mean, "std": engine.preprocessing.std}
        for epoch in range(config.epochs):
            steps = plan(config, epoch, len(dataset))
            engine.train_steps(steps, 0, steps.num_steps)
        opened = network_of(open_trained(folder / f"{number}.safetensors"))
        here, there = (hashlib.sha256(each.weights).hexdigest() for each in (engine.network, opened.network))
        assert here == there, case
        assert (folder / f"{number}.weights").read_bytes() == engine.network.weights.tobytes()
        assert opened.name == config.model
        assert opened.classes == dataset.classes
        assert opened.preprocessing == engine.preprocessing
        assert opened.architecture == engine.network.architecture
        logits = engine.logits(dataset.images)
        assert result["test"]["accuracy"] == np.mean(logits.argmax(axis=1) == dataset.labels)
        assert (result["epoch"], result["hasDiverged"]) == (config.epochs, False)


def test_training_in_the_page_has_the_bits_of_sse4(tmp_path):
    check([{"recipe": "fast", "epochs": 2, "seed": 3}, {"recipe": "book-sgd", "epochs": 2}], patterns(300, 0), tmp_path)


@pytest.mark.proof
def test_training_with_every_recipe_has_the_bits_of_sse4(tmp_path):
    cases = [{"recipe": recipe, "seed": number} for number, recipe in enumerate(RECIPES)]
    cases += [{"recipe": "fast", "activation": "tanh", "pooling": "avg", "learning_rate": 0.002, "seed": 2**33 + 1}]
    cases += [{"recipe": "sprint", "activation": "leaky-relu"}, {"recipe": "book-sgd", "activation": "scaled-tanh"}]
    check(cases, patterns(1000, 0), tmp_path)


def test_the_recipes_are_those_of_lenet(tmp_path):
    dataset = patterns(20, 0)
    results = trained_in_page([{"recipe": recipe, "epochs": 1} for recipe in RECIPES], dataset, tmp_path)
    for recipe, result in zip(RECIPES, results, strict=True):
        config = configure(recipe, epochs=1)
        network = cpu_engine(config, dataset).network.architecture
        expected = {NAMES.get(name, name): value for name, value in result["settings"].items()}
        for name in ("activation", "pooling", "padding"):  # of the model, where the recipe leaves them to it
            value = expected.pop(name)
            assert getattr(config, name) in (None, value)
            if name == "padding":
                assert network.layers[0].padding == value
            else:
                assert value in {layer.function for layer in network.layers if hasattr(layer, "function")}
        assert {name: getattr(config, name) for name in expected} == expected
        assert config.flip is False


def test_the_digits_are_enlarged_as_the_data_set_enlarges_them():
    pixels, _ = digits.originals()
    program = 'import { enlarged } from "PAGE/panels/train/digits.js";'
    program += "console.log(JSON.stringify([...enlarged(Uint8Array.from(JSON.parse(process.argv[2])))]));"
    computed = np.array(run_module(program, json.dumps(pixels[:5].ravel().tolist()))).reshape(5, 28, 28)
    centres = 16 * np.arange(28) - 216
    step = digits.ONE * digits.FINE // (16 * digits.DIGIT)
    places = (centres * step + digits.ONE * digits.CANVAS // 2) >> 16
    for image, original in zip(computed, pixels, strict=False):
        assert np.array_equal(image, digits._canvas(original.astype(np.int32))[np.ix_(places, places)])
