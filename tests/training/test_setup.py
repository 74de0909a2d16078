"""What a training consists of, and the record of every decision."""

import dataclasses

import numpy as np
import pytest

from lenet.configuration import configure
from lenet.engines import kernels
from lenet.errors import ConfigError
from lenet.images.preprocess import Preprocessing
from lenet.runs.records import Model, Resolved
from lenet.training.setup import header, set_up


@pytest.fixture
def splits(tiny, tmp_path):
    return dataclasses.replace(tiny, folder=tmp_path / "data", notice="other data")


def settings(**changes):
    names = {"data": "toy", "engine": "cpu", "device": "cpu"}
    return configure(**names | {"validation": 60, "threads": 2, "hidden": (30, 20), "seed": 3} | changes)


def test_the_record_holds_every_decision(tiny, tmp_path, splits):
    setup = set_up(settings(), splits)
    assert (len(setup.train), len(setup.validation), len(setup.test)) == (940, 60, 200)
    assert setup.resolved == Resolved(
        data="toy",
        data_source="made up",
        data_folder=str(tmp_path / "data"),
        notice="other data",
        classes=tiny.train.classes,
        num_train=940,
        num_validation=60,
        num_test=200,
        model=Model(
            name="lenet",
            arguments={
                "activation": "relu",
                "hidden": (30, 20),
                "padding": 2,
                "input_size": (28, 28),
                "num_classes": 10,
            },
            parameters=sum(array.size for array in setup.engine.network.tensors.values()),
        ),
        preprocessing=Preprocessing.of(setup.train, normalize=True),
        engine="cpu",
        engine_reason=f"as requested, own kernels for {kernels.variant_name()}",
        device="cpu",
        device_reason="as requested",
    )
    again = set_up(settings(), splits, reason="as before").resolved
    assert again == dataclasses.replace(setup.resolved, engine_reason="as before", device_reason="as before")


def test_without_a_folder_and_held_out_images_the_record_says_so(tiny):
    setup = set_up(settings(validation=0), tiny)
    assert setup.train is tiny.train
    assert setup.validation is None
    assert (setup.resolved.data_folder, setup.resolved.notice, setup.resolved.num_validation) == (None, None, 0)


def test_each_training_image_is_trained_on_or_held_out(tiny):
    setup = set_up(settings(), tiny)
    both = np.concatenate([setup.train.images, setup.validation.images])
    assert sorted(image.tobytes() for image in both) == sorted(image.tobytes() for image in tiny.train.images)


def test_the_header_says_what_was_decided(tiny, splits):
    config = settings()
    resolved = set_up(config, splits).resolved
    variation = ", hidden 30,20, activation relu, padding 2"
    assert header(config, resolved) == [
        ("data", "toy: 940 train, 60 validation, 200 test, 28×28, 10 classes (made up)"),
        (
            "model",
            f"lenet: {resolved.model.parameters:,} parameters{variation} (recipe {config.recipe}: {config.optimizer} "
            f"{config.learning_rate:g}, {config.schedule}, batch {config.batch_size}, seed 3)",
        ),
        ("engine", f"cpu (as requested, own kernels for {kernels.variant_name()}) on cpu (as requested), 2 threads"),
    ]
    config = settings(threads=1, validation=0, data="auto", warm_up=0.1, schedule="cosine", activation="tanh")
    data, model, engine = (text for _, text in header(config, set_up(config, splits).resolved))
    assert data == "toy: 1,000 train, 200 test, 28×28, 10 classes (auto: the best available; made up)"
    assert "activation tanh" in model
    assert model.endswith(f"cosine, batch {config.batch_size}, warm up 0.1, seed 3)")
    assert engine.endswith(", 1 thread")


@pytest.mark.parametrize(
    ("batch_size", "validation", "message", "hint"),
    [
        (
            1,
            0,
            "batch_size is 1, and batch normalization (the layer conv.1) needs at least two images",
            "--batch-size 2",
        ),
        (
            9,
            0,
            "the last batch of 1,000 images in batches of 9 has one image, and batch norm",
            "--batch-size 10, or hold",
        ),
        (27, 0, "the last batch of 1,000 images in batches of 27 has one image", "--batch-size 28, or hold out other"),
        (64, 39, "the last batch of 961 images in batches of 64 has one image", "--batch-size 65, or hold out other"),
        (64, 999, "there is one image to train on, and batch normalization", "add training images"),
    ],
)
def test_a_batch_of_one_image_is_refused_with_batch_normalization(tiny, batch_size, validation, message, hint):
    with pytest.raises(ConfigError) as caught:
        set_up(settings(model="lenet-bn", hidden=None, batch_size=batch_size, validation=validation), tiny)
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_a_batch_of_one_image_is_taken_without_batch_normalization(tiny):
    assert set_up(settings(batch_size=9, validation=0), tiny).engine.network.architecture.statistic_shapes == {}
