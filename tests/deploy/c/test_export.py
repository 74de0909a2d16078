"""C sources of trained networks: what is written, what is refused, and what integers cost."""

import ctypes
import re
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from c_sources import WARNINGS

import lenet
from lenet.analysis.inference import engine_for
from lenet.deploy.c import export as c_export
from lenet.deploy.c.arithmetic import logits as integer_logits
from lenet.deploy.c.quantization import quantize
from lenet.deploy.c.ranges import ranges
from lenet.deploy.c.self_test import SelfTestImages
from lenet.deploy.c.stages import stages_of
from lenet.deploy.c.text import commented, number, string
from lenet.deploy.plan import InferencePlan, PlannedLayer
from lenet.errors import ConfigError, ModelError, RunError
from lenet.images.preprocess import Preprocessing
from lenet.networks.layers import Convolution, GlobalPooling
from lenet.runs.data import load_data

FILES = ["README.md", "lenet.c", "lenet.h", "lenet_test.c"]
needs_gcc = pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc")


@pytest.fixture(scope="module")
def data(trained):
    """The run's data set, with few images."""
    splits = load_data(trained)
    return replace(splits, train=splits.train.subset(np.arange(500)), test=splits.test.subset(np.arange(500)))


def compiled(folder):
    program = folder.parent / f"{folder.name}.so"
    subprocess.run(["gcc", "-O2", *WARNINGS, "-shared", "-fPIC", folder / "lenet.c", "-o", program], check=True)
    return ctypes.CDLL(str(program))


def logits(library, images, num_classes=10):
    images = np.ascontiguousarray(images)
    result = np.empty((len(images), num_classes), np.float32)
    for image, row in zip(images, result, strict=True):
        library.lenet_logits(ctypes.c_void_p(image.ctypes.data), ctypes.c_void_p(row.ctypes.data))
    return result


@needs_gcc
@pytest.mark.parametrize("int8", [False, True])
def test_export(trained, data, tmp_path, int8):
    exported = lenet.export(trained, to="c", out=tmp_path / "net", int8=int8, data=data)
    assert sorted(path.name for path in exported.path.iterdir()) == FILES
    assert ("8-bit integers" if int8 else "float") in exported.notes[0]
    source = (exported.path / "lenet.c").read_text(encoding="ascii")
    assert not re.search(r"malloc|stdio|math\.h|string\.h|double", source)
    images = data.test.images[:200]
    found = logits(compiled(exported.path), images)
    wanted = trained.network.logits(images)
    assert np.abs(found - wanted).max() < (2 if int8 else 1e-4)
    assert (found.argmax(axis=1) == wanted.argmax(axis=1)).sum() >= (196 if int8 else 200)
    program = tmp_path / "test"
    subprocess.run(
        ["gcc", *WARNINGS, exported.path / "lenet.c", exported.path / "lenet_test.c", "-o", program], check=True
    )
    printed = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    assert printed == "16 of 16 images have the expected logits\n"


@pytest.mark.parametrize("int8", [False, True])
def test_the_same_bytes_again(trained, data, int8):
    contents = [c_export.make(trained, int8=int8, data=data).content for _ in range(2)]
    assert contents[0] == contents[1]


def test_a_loss_of_accuracy_is_refused(trained, data, tmp_path, monkeypatch):
    monkeypatch.setattr(c_export, "MOST_LOSS", -1.0)
    with pytest.raises(ModelError, match=r"8-bit integers cost .* points of accuracy") as caught:
        lenet.export(trained, to="c", out=tmp_path / "net", int8=True, data=data)
    assert "--accept-loss writes them all the same" in caught.value.hint
    assert not list(tmp_path.iterdir())
    lenet.export(trained, to="c", out=tmp_path / "net", int8=True, accept_loss=True, data=data)


def test_a_weights_file_needs_data_for_integers_only(trained, data, tmp_path):
    weights = trained.path / "model.safetensors"
    with pytest.raises(ConfigError, match="--data fashion-mnist"):
        lenet.export(weights, to="c", out=tmp_path / "net", int8=True)
    exported = lenet.export(weights, to="c", out=tmp_path / "noise")
    assert exported.notes[-1] == c_export.NOISE_NOTE
    assert "A self-test with noise" in (exported.path / "lenet_test.c").read_text()
    lenet.export(weights, to="c", out=tmp_path / "net", int8=True, data=data)


def test_an_existing_folder_stays(trained, tmp_path):
    with pytest.raises(RunError, match="exists\nhint: name another with --out"):
        lenet.export(trained, to="c", out=tmp_path)


def test_a_layer_that_c_does_not_have():
    convolution = Convolution("late", 1, 1, 1, padding=1)
    array = np.ones((1, 1, 1, 1), np.float32)
    layers = (
        PlannedLayer(GlobalPooling("mean"), (1, 8, 8), (1, 1, 1)),
        PlannedLayer(convolution, (1, 1, 1), (1, 3, 3), array, array.ravel()),
    )
    with pytest.raises(ModelError, match="the layer late is a convolution"):
        stages_of(InferencePlan(Preprocessing((8, 8)), layers))


def test_constant_values_and_dead_channels(trained):
    """Channels of zeros, images of one value: no division by 0, and the logits stay those of the float network."""
    stages = stages_of(InferencePlan.of(trained.network))
    first = stages.streamed[0]
    first.weight[0] = 0
    first.bias[:2] = -5, 1e-30
    images = np.zeros((3, *trained.preprocessing.shape), np.uint8)
    network = quantize(stages, images)
    assert np.isfinite(integer_logits(network, images)).all()
    assert all(area.most >= area.least for area in ranges(stages, images).stages)


def test_large_biases_and_many_inputs_stay_below_32_bits():
    from lenet.networks.layers import Dense

    rng = np.random.default_rng(0)
    weight = np.full((2, 300 * 300), 1e-4, np.float32)
    layer = PlannedLayer(Dense("0", 90_000, 2), (90_000,), (2,), weight, np.array([1e6, -1e-6], np.float32))
    from lenet.networks.layers import Flatten

    plan = InferencePlan(Preprocessing((300, 300)), (PlannedLayer(Flatten("f"), (1, 300, 300), (90_000,)), layer))
    images = rng.integers(0, 256, (2, 300, 300)).astype(np.uint8)
    network = quantize(stages_of(plan), images)
    assert network.quantized[0].largest_sum < 2**31
    wanted = images.reshape(2, -1) / 255 @ weight.T.astype(np.float64) + layer.bias
    assert integer_logits(network, images) == pytest.approx(wanted, rel=0.02)


def test_texts():
    assert string('a"\\é??') == '"a\\042\\134\\303\\251\\077\\077"'
    assert commented("*/ é") == "* / ?"
    assert [number(value) for value in (1, -0.5, 1e-30, 123456789)] == ["1.0f", "-0.5f", "1e-30f", "1.2345679e+08f"]


def test_test_images_are_few_if_they_are_large():
    assert len(SelfTestImages.made_up((512, 512)).images) == 1
    assert len(SelfTestImages.made_up((28, 28)).images) == 16


@pytest.mark.proof
@needs_gcc
def test_all_test_images(real_data, tmp_path):
    """Float: the engine's answers for all 10,000 images; integers: the bits of the NumPy model."""
    run = lenet.train(
        "fashion-mnist", recipe="fast", epochs=1, data_dir=str(real_data), out=tmp_path / "run", progress="quiet"
    )
    test = load_data(run, str(real_data)).test
    wanted = engine_for(run, "cpu").logits(test.images)
    exported = lenet.export(run, to="c", out=tmp_path / "float", data_dir=str(real_data))
    found = logits(compiled(exported.path), test.images)
    assert np.abs(found - wanted).max() < 1e-4
    assert (found.argmax(axis=1) == wanted.argmax(axis=1)).all()
    exported = lenet.export(run, to="c", out=tmp_path / "int8", data_dir=str(real_data), int8=True)
    splits = load_data(run, str(real_data))
    network = quantize(stages_of(InferencePlan.of(run.network)), c_export.range_images(splits.train.images))
    assert (logits(compiled(exported.path), test.images) == integer_logits(network, test.images)).all()
