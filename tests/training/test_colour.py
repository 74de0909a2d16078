"""Training on images in colour, of a size of their own: the whole way, on both engines."""

import dataclasses

import numpy as np
import pytest

import lenet
from lenet.analysis import plots
from lenet.data.dataset import Dataset, Splits
from lenet.errors import ConfigError, DataError
from lenet.extras import has_torch
from lenet.images.preprocess import Preprocessing
from lenet.networks.trained import TrainedNetwork

ENGINES = ["cpu", "reference"] if has_torch() else ["cpu"]
AUGMENTED = {"augment": "strong", "flip": True, "brightness": 0.1}


def colours(count: int, seed: int) -> Dataset:
    """Squares of three colours on grounds of three others: grey alone does not tell them apart."""
    random = np.random.RandomState(seed)
    labels = random.permutation(np.arange(count, dtype=np.int64) % 3)
    images = random.randint(90, 110, (count, 20, 16, 3))
    for image, label in zip(images, labels, strict=True):
        top, left = random.randint(2, 8, 2)
        image[top : top + 8, left : left + 6] = np.roll([200, 60, 60], label)
    return Dataset("squares", images.astype(np.uint8), labels, ("red", "green", "blue"))


@pytest.fixture(scope="module")
def squares():
    return Splits(colours(240, 0), colours(60, 1), "made up")


@pytest.fixture(scope="module", params=ENGINES)
def run(request, squares, tmp_path_factory):
    settings = {"model": "lenet-bn", "epochs": 4, "batch_size": 24, "engine": request.param} | AUGMENTED
    return lenet.train(squares, **settings, out=tmp_path_factory.mktemp("runs") / "colour", progress="quiet")


def test_the_network_sees_the_colours(run, squares):
    assert run.test_accuracy > 0.9
    assert run.resolved.model.arguments["in_channels"] == 3
    assert run.preprocessing.shape == (20, 16, 3)
    assert run.preprocessing.framing == "whole"
    result = lenet.evaluate(run, squares)
    assert result.accuracy == run.test_accuracy
    trained = TrainedNetwork.load(run.path / "model.safetensors")
    assert trained.architecture.input_shape == (3, 20, 16)
    assert (
        np.array(trained.predictions(squares.test.images)) == np.array(squares.test.classes)[squares.test.labels]
    ).mean() > 0.9
    with pytest.raises(DataError, match=r"expected uint8 \(N, 20, 16, 3\)"):
        trained.logits(squares.test.images[..., 0])
    plots.save_evaluation(run, result)


def test_grey_images_do_not_fit_a_network_for_colours_and_the_reverse(run, squares, tiny_run, tiny):
    grey = Splits(*(dataclasses.replace(part, images=part.images[..., 0].copy()) for part in squares), source="made up")
    with pytest.raises(DataError, match=r"images of 20×16; .* was trained on 20×16 in colour"):
        lenet.evaluate(run, grey)
    with pytest.raises(
        ConfigError, match=r"the teacher .* takes images of 20×16 in colour; those of squares are 20×16"
    ):
        lenet.train(grey, teacher=str(run.path), epochs=1, progress="quiet")


def test_a_teacher_of_colour_images_teaches(run, squares, tmp_path):
    settings = {"model": "tiny", "epochs": 1, "batch_size": 24, "flip": True}
    taught = lenet.train(squares, teacher=str(run.path), **settings, out=tmp_path / "taught", progress="quiet")
    assert taught.resolved.teacher.model == "lenet-bn"


def test_a_training_in_colour_is_resumed_to_the_same_bits(run, squares, tmp_path):
    config = dataclasses.replace(run.config, epochs=2, schedule="constant")
    whole = lenet.train(squares, config=config, out=tmp_path / "whole", progress="quiet")
    half = lenet.train(squares, config=dataclasses.replace(config, epochs=1), out=tmp_path / "half", progress="quiet")
    resumed = lenet.resume(half, data=squares, epochs=2, progress="quiet")
    for name, tensor in whole.network.weights.items():
        np.testing.assert_array_equal(tensor, resumed.network.weights[name])


def test_how_images_were_made_from_files_is_recorded(squares, tmp_path):
    made = Preprocessing((20, 16), ground="light", framing="whole", channels=3, fit="crop")
    own = Splits(*(dataclasses.replace(part, preprocessing=made) for part in squares), source="made up")
    recorded = lenet.train(own, model="softmax", epochs=1, out=tmp_path / "run", progress="quiet").preprocessing
    assert dataclasses.replace(recorded, mean=0.0, std=1.0) == made
    with pytest.raises(DataError, match=r"their preprocessing makes images of 20×16 with 1 channel"):
        dataclasses.replace(squares.train, preprocessing=Preprocessing((20, 16)))
