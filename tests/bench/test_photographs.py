"""People's photographs in a short form of bench/photographs.py: one label of each condition, at a held-out seed."""

import drawings
import numpy as np
import pytest

import lenet

photographs = pytest.importorskip("photographs", reason="bench/ is not there")
ways = pytest.importorskip("photograph_ways")

FLOORS = {"digit": 0.97, "garment": 0.68}


@pytest.mark.parametrize("kind", drawings.KINDS)
def test_drawings_are_classified_correctly(kind, real_data, tmp_path):
    run = lenet.train(
        photographs.DATA[kind], recipe="sprint", data_dir=str(real_data), out=tmp_path / "run", progress="quiet"
    )
    names = [condition.name for condition in drawings.conditions(kind) if condition.name != "twelve_megapixels"]
    wanted = [(name, number % 10, 1) for number, name in enumerate(names)]
    correct = [result["lenet"] for result in photographs.correct(run, kind, wanted)]
    wrong = [drawing for drawing, is_correct in zip(wanted, correct, strict=True) if not is_correct]
    assert np.mean(correct) >= FLOORS[kind], wrong


def test_the_other_ways_read_a_plain_drawing(tmp_path):
    path = drawings.save(tmp_path, "plain", "digit", 3, seed=1)
    for way in ways.WAYS.values():
        seen = way(path, "mass")
        assert seen.shape == (28, 28)
        assert seen[0, 0] < 40
        assert seen.max() > 150


def test_the_largest_component_is_kept_alone():
    mask = np.array([[1, 0, 0, 1], [0, 1, 0, 1], [1, 0, 0, 0], [0, 0, 0, 1]], bool)
    assert ways.largest_component(mask).tolist() == [[1, 0, 0, 0], [0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
