import json

import numpy as np
import pytest

from lenet.engines import Stats
from lenet.runs.points import EpochPoint
from lenet.training.position import Position, Tally


def test_every_image_weighs_the_same():
    tally = Tally()
    tally.add(Stats(np.array([1.0, 3.0]), np.array([3, 1]), 2, 0.5))
    tally.add(Stats(np.array([2.0]), np.array([4]), 2, 1.5))
    assert (tally.loss, tally.accuracy, tally.images_per_second) == (14 / 8, 0.5, 4.0)
    assert tally.metrics() == {"train_loss": 14 / 8, "train_accuracy": 0.5, "images_per_second": 4.0}


def test_the_sum_is_the_same_wherever_the_steps_are_interrupted():
    losses, sizes = np.random.default_rng(0).random(101), np.full(101, 7)
    whole, cut = Tally(), Tally()
    whole.add(Stats(losses, sizes, 0, 1.0))
    for part in (slice(0, 33), slice(33, 34), slice(34, None)):
        cut.add(Stats(losses[part], sizes[part], 0, 1.0))
    assert cut.loss_sum == whole.loss_sum


def test_a_position_is_read_from_json_as_it_was_written():
    point = EpochPoint(
        step=20, epoch=1, train_loss=1.0, train_accuracy=0.5, images_per_second=9.0, test_loss=1.0, test_accuracy=0.5
    )
    for position in (Position(), Position(2, 3, Tally(1.5, 2, 3, 0.1), Tally(), 1.0, 2.0, 25, point, False)):
        values = json.loads(json.dumps(position.to_dict()))
        assert Position.from_dict(values) == position
    assert values["evaluated"]["kind"] == "epoch"
    with pytest.raises(ValueError, match="it has no epoch"):
        Position.from_dict(values | {"evaluated": {"kind": "epoch", "step": 20}})


def test_a_copy_stays_as_it_is():
    position = Position()
    copy = position.copy()
    position.tally.num_images += 1
    assert copy == Position()
