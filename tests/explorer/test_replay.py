"""The snapshots in the page's data, in Python and as the page's script reads them."""

import json
import subprocess

import numpy as np
import pytest
from trainings import train_toy
from webassembly import node

import lenet
from lenet.explorer import build, replay
from lenet.explorer.page_data import page_data
from lenet.explorer.replay import quantized
from lenet.networks import build as build_network
from lenet.networks.initialization import initialized
from lenet.runs import snapshots


@pytest.fixture(scope="module")
def run(held):
    return held["runs"][0]


def restored(differences, scales, shapes):
    """The weights (S, num_values) of snapshots, from int8 differences (S, num_values), as the page's script computes them."""
    numbers = np.cumsum(differences, axis=0, dtype=np.int8)
    sizes = [int(np.prod(shape)) for shape in shapes.values()]
    rows = [shape[0] if len(shape) > 1 else 1 for shape in shapes.values()]
    widths = [np.full(count, size // count) for size, count in zip(sizes, rows, strict=True)]
    return numbers.astype(np.float32) * np.repeat(scales, np.concatenate(widths))


def test_snapshots_are_those_of_the_training(run, trained):
    network = trained.network.network
    found = snapshots.find(trained.path / "snapshots", network.architecture)
    assert [entry["step"] for entry in run["snapshots"]] == [each.step for each in found]
    assert len(found) == 10
    shapes = network.architecture.tensor_shapes
    weights = restored(np.stack([entry["weights"] for entry in run["snapshots"]]), run["scales"], shapes)
    largest = max(np.abs(each.network.weights).max() for each in found)
    for restored_weights, snapshot in zip(weights, found, strict=True):
        assert np.abs(restored_weights - snapshot.network.weights).max() <= largest / 254 + 1e-6


def test_what_a_snapshot_answers(run, trained):
    test = lenet.data.load("digits").test
    snapshot = snapshots.find(trained.path / "snapshots", trained.network.architecture)[-1]
    entry = run["snapshots"][-1]
    assert entry["confusion"].sum() == len(test)
    assert entry["accuracy"] == np.trace(entry["confusion"]) / len(test)
    assert entry["accuracy"] > run["snapshots"][0]["accuracy"] + 0.5
    assert 0 < entry["epoch"] < 1
    assert snapshot.step == entry["step"]


def test_maps_are_turned_to_that_of_the_trained_network(run):
    final = run["embeddings"]["map"].astype(np.float64)
    last = run["snapshots"][-1]["map"].astype(np.float64)
    assert last.shape == final.shape
    assert (final * last).sum() > 0.5 * np.sqrt((final**2).sum() * (last**2).sum())


def test_all_snapshots_have_one_scale_a_row():
    networks = [initialized(build_network("lenet-bn", padding=2), "default", seed=seed) for seed in range(3)]
    numbers, scales = quantized(networks)
    assert numbers.min() >= -127
    assert numbers.max() <= 127
    shapes = networks[0].architecture.tensor_shapes
    differences = np.diff(numbers, axis=0, prepend=np.int16(0)).astype(np.int8)
    weights = restored(differences, scales, shapes)
    assert len(scales) == sum(shape[0] if len(shape) > 1 else 1 for shape in shapes.values())
    exact = np.stack([network.weights for network in networks])
    assert np.abs(weights - exact).max() <= scales.max() / 2 + 1e-7


def test_a_large_network_has_fewer_snapshots(tiny_run, tiny, monkeypatch):
    monkeypatch.setattr(replay, "MOST_VALUES", 4 * tiny_run.network.architecture.num_values)
    entries = page_data(tiny_run, data=tiny, num_images=5)["runs"][0]["snapshots"]
    steps = snapshots.steps(tiny_run.path / "snapshots")
    assert [entry["step"] for entry in entries] == [steps[place] for place in (0, 3, 6, 9)]


def test_a_run_without_snapshots_and_a_weights_file(trained, tiny, tmp_path):
    run = train_toy(tiny, tmp_path, epochs=1, snapshots=0)
    assert page_data(run, data=tiny, num_images=5)["runs"][0]["snapshots"] == []
    weights = page_data(trained.path / "model.safetensors")["runs"][0]
    assert (weights["snapshots"], weights["scales"]) == ([], None)


@pytest.mark.process
@pytest.mark.node
def test_the_page_reads_the_same_weights(run, trained, tmp_path):
    (tmp_path / "data.json").write_text(build.to_json({"runs": [run]}), encoding="utf-8")
    script = f"""
        import {{ readFileSync, writeFileSync }} from "node:fs";
        import {{ read }} from "{(build.PAGE / "base/data.js").as_uri()}";
        const data = await read(readFileSync("data.json", "utf-8"));
        const all = data.runs[0].snapshots.map((each) => Buffer.from(each.weights.values.buffer));
        writeFileSync("weights", Buffer.concat(all));
        console.log(JSON.stringify(data.runs[0].snapshots.map((each) => each.weights.shape)));
    """
    (tmp_path / "read.mjs").write_text(script, encoding="utf-8")
    done = subprocess.run([*node(), "read.mjs"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    shapes = trained.network.architecture.tensor_shapes
    expected = restored(np.stack([entry["weights"] for entry in run["snapshots"]]), run["scales"], shapes)
    assert json.loads(done.stdout) == [[expected.shape[1]]] * 10
    assert np.array_equal(np.fromfile(tmp_path / "weights", np.float32).reshape(expected.shape), expected)
