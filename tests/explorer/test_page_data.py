"""What the explorer's page holds of a run: the same networks, images and numbers as lenet computes elsewhere."""

import json
import math

import numpy as np
import pytest
from trainings import StopAfter, train_toy

import lenet
from lenet.analysis.inference import engine_for
from lenet.data.from_arrays import as_splits
from lenet.errors import RunWarning
from lenet.explorer import units
from lenet.explorer.build import to_json
from lenet.explorer.page_data import page_data
from lenet.metrics import losses, softmax
from lenet.networks.trained import TrainedNetwork
from lenet.training.interrupts import Interrupted


@pytest.fixture(scope="module")
def run(held):
    return held["runs"][0]


def test_weights_and_layers_are_those_of_the_run(run, trained):
    network = trained.network.network
    assert np.array_equal(run["weights"], network.weights)
    assert [layer["kind"] for layer in run["layers"]] == [
        *["convolution", "activation", "pooling"] * 2,
        "flatten",
        *["dense", "activation"] * 2,
        "dense",
    ]
    for name, (start, shape) in run["tensors"].items():
        part = run["weights"][start : start + int(np.prod(shape))].reshape(shape)
        assert np.array_equal(part, network.tensors[name])
    assert run["layers"][0]["padding"] == 2
    assert run["input"] == {"channels": 1, "height": 28, "width": 28}
    assert run["classes"] == list(trained.classes)
    assert run["preprocessing"] == trained.preprocessing.to_dict()
    assert run["calibration"] == trained.network.calibration.to_dict()


def test_the_training_is_described(run, trained):
    assert run["command"].startswith("lenet train --recipe fast --data digits")
    assert (run["recipe"], run["data"], run["seed"], run["epochs"]) == ("fast", "digits", 0, 1)
    assert len(run["points"]["chunks"]) == 10
    assert run["points"]["epochs"][0]["test_accuracy"] == pytest.approx(trained.epochs[0].test_accuracy, rel=1e-5)
    assert run["findings"] == [finding.to_dict() for finding in trained.findings]


def test_the_numbers_are_those_of_an_evaluation(run, trained):
    evaluation = lenet.evaluate(trained)
    assert np.array_equal(run["test"]["confusion"], evaluation.confusion)
    assert (run["test"]["accuracy"], run["test"]["loss"]) == (evaluation.accuracy, evaluation.loss)
    assert run["test"]["count"] == 10_000


def test_the_worst_mistake_is_the_first_image(run, trained):
    test = lenet.data.load("digits").test
    images = run["images"]["test"]
    assert images["pixels"].shape == (200, 28, 28)
    assert np.array_equal(images["pixels"], test.images[images["positions"]])
    assert np.array_equal(images["labels"], test.labels[images["positions"]])
    logits = engine_for(trained, "cpu").logits(test.images)
    wrong = logits.argmax(axis=1) != test.labels
    assert images["positions"][0] == np.where(wrong, losses(logits, test.labels), -1).argmax()
    assert len(np.unique(images["positions"])) == 200


def test_training_images_are_some_of_every_class(run, trained):
    images = run["images"]["train"]
    counts = np.bincount(images["labels"], minlength=10)
    assert counts.min() >= counts.max() - 1
    train = lenet.data.load("digits").train
    assert np.array_equal(images["pixels"], train.images[images["positions"]])


def test_the_embedding_is_the_input_of_its_layer(run, trained):
    network = trained.network
    images, embeddings = run["images"], run["embeddings"]
    outputs = network.outputs(images["train"]["pixels"])
    before = [layer.name for layer in network.architecture.layers].index(embeddings["layer"]) - 1
    assert embeddings["map"].shape == (200 + len(images["train"]["labels"]), 2)
    assert embeddings["map"].std(axis=0)[0] > embeddings["map"].std(axis=0)[1] > 0
    projected = (outputs[before] - embeddings["centre"]) @ embeddings["axes"].T
    assert np.abs(projected - embeddings["map"][200:]).max() < 1e-3


def test_reliability_is_that_of_the_whole_test_set(run, trained):
    reliability, test = run["test"]["reliability"], lenet.data.load("digits").test
    for name in ("softmax", "calibrated"):
        counts, _, accuracy = np.array(reliability[name]).T
        assert counts.sum() == len(test)
        assert (counts * accuracy).sum() / len(test) == pytest.approx(run["test"]["accuracy"], abs=1e-4)
    largest = softmax(trained.network.logits(test.images)).max(axis=1)
    assert reliability["softmax"][-1][0] == (largest >= 14 / 15).sum()


def test_the_images_that_excite_a_unit_most(run, trained):
    outputs = trained.network.outputs(run["images"]["test"]["pixels"])
    for number, name in ((0, "conv.0"), (3, "conv.3")):
        maps = outputs[number]
        assert len(run["top"][name]) == maps.shape[1]
        for unit, best in enumerate(run["top"][name]):
            largest = np.sort(maps[:, unit].reshape(len(maps), -1).max(axis=1))[::-1]
            values = [maps[entry["image"], unit, entry["row"], entry["column"]] for entry in best]
            assert np.allclose(values, largest[:9], rtol=1e-5)


def test_of_a_large_network_some_images_are_examined(run, trained, monkeypatch):
    network, images = trained.network, run["images"]["test"]["pixels"]
    of_image = sum(map(math.prod, network.architecture.output_shapes))
    monkeypatch.setattr(units, "MAX_VALUES", 20 * of_image)
    statistics, top = units.examine(network, images)
    assert statistics[0]["count"] == 20
    best = top["conv.0"][2][0]
    places = network.outputs(images[[best["image"]]])[0][0, 2]
    assert places[best["row"], best["column"]] == places.max()


def test_statistics_of_layers(run, trained):
    assert [layer["name"] for layer in run["units"]] == [layer["name"] for layer in run["layers"]]
    activation = run["units"][1]
    assert sum(activation["histogram"]) == 200 * 6 * 28 * 28
    assert activation["minimum"] == 0
    assert activation["dead"] == []
    assert "saturated" not in activation


def test_dead_units_are_linked_to_the_finding(tiny, tmp_path):
    """Biases of -100 kill the ReLUs of the first convolution."""
    run = lenet.train(tiny, recipe="fast", epochs=1, out=tmp_path / "run", progress="quiet")
    network = run.network
    network.network.tensors["conv.0.bias"][:4] = -100
    layer = page_data(network, data=tiny, num_images=50)["runs"][0]["units"][1]
    assert layer["dead"] == [0, 1, 2, 3]
    assert layer["findings"] == ["dead-units"]


def test_the_same_run_gives_the_same_bytes(tiny_run, tiny):
    one, other = (to_json(page_data(tiny_run, data=tiny, num_images=50)) for _ in range(2))
    assert one == other


def test_a_weights_file_alone_is_a_page_without_images(trained):
    made = page_data(trained.path / "model.safetensors")
    run = json.loads(to_json(made))["runs"][0]
    assert run["images"] == {"test": None, "train": None}
    assert run["test"] is None
    assert run["points"] == {"chunks": [], "epochs": []}
    assert "does not say what data it was trained on" in made["notices"][0]
    assert page_data(trained.path / "model.safetensors", data="digits", num_images=20)["notices"] == []


def test_data_that_cannot_be_had_is_a_notice(trained, no_network, monkeypatch, tmp_path):
    monkeypatch.setenv("LENET_CACHE", str(tmp_path))
    made = page_data("mnist")
    assert made["notices"][0].startswith("There are no images of the data set here: ")
    assert len(made["runs"]) == 1


def test_two_runs_are_measured_on_the_same_images(tiny_run, tiny, tmp_path):
    other = train_toy(tiny, tmp_path, epochs=1, learning_rate=1e-4)
    first, second = page_data(tiny_run, other, data=tiny, num_images=100)["runs"]
    assert second["images"] is None  # those of the first
    found = second["disagreements"]
    test = tiny.test
    answers = [run.network.logits(test.images).argmax(axis=1) for run in (tiny_run, other)]
    assert found["count"] == (answers[0] != answers[1]).sum()
    right = [((answer == test.labels) & (answers[0] != answers[1])).sum() for answer in answers]
    assert found["right"] == [*right, found["count"] - sum(right)]
    positions = first["images"]["test"]["positions"][found["images"]]
    assert np.array_equal(found["predicted"], np.stack([each[positions] for each in answers], axis=1))
    assert (found["predicted"][:, 0] != found["predicted"][:, 1]).all()


def test_a_second_run_of_other_classes_is_left_out(tiny_run, tiny):
    made = page_data(tiny_run, "fashion-mnist", data=tiny, num_images=20)
    assert len(made["runs"]) == 1
    assert made["notices"] == [
        "fashion-mnist is not shown beside tiny: it has the classes "
        f"{', '.join(lenet.load('fashion-mnist').classes)}, not {', '.join(tiny_run.classes)}."
    ]


def test_a_network_whose_numbers_are_not_finite(tiny_run, tiny):
    network = TrainedNetwork.load(tiny_run.path / "model.safetensors")
    network.network.weights[:] = 1e30
    made = page_data(network, data=tiny, num_images=20)
    assert "NaN or infinite" in made["notices"][0]


def test_a_run_that_is_still_being_written(tiny, tmp_path):
    with pytest.raises(Interrupted):
        train_toy(tiny, tmp_path, progress=StopAfter(13))
    with pytest.warns(RunWarning, match="has not finished"):
        made = page_data(tmp_path / "run", data=tiny, num_images=20)
    run = made["runs"][0]
    assert "has not finished: these are the weights of its newest checkpoint" in made["notices"][0]
    assert run["epochs"] == 1
    assert len(run["points"]["chunks"]) == 13
    assert 0 < len(run["snapshots"]) < 10
    assert run["test"]["count"] == len(tiny.test)


def test_images_in_colour(tmp_path):
    random = np.random.default_rng(0)
    images, labels = random.integers(0, 256, (300, 20, 24, 3), np.uint8), np.arange(300) % 3
    run = lenet.train((images, labels), recipe="small", epochs=1, out=tmp_path / "run", progress="quiet")
    splits = as_splits((images, labels), 0)
    made = page_data(run, data=splits)["runs"][0]
    assert made["input"] == {"channels": 3, "height": 20, "width": 24}
    assert made["images"]["test"]["pixels"].shape == (60, 20, 24, 3)
    assert made["embeddings"]["map"].shape[1] == 2
    assert all(entry["map"] is not None for entry in made["snapshots"])
    assert len(to_json(made)) < 2_500_000
