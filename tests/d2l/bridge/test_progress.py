"""An epoch so far, and when it is reported."""

import pytest

from lenet.d2l.bridge.progress import Tally, report_steps


@pytest.mark.parametrize(
    ("num_steps", "stops"),
    [(1, [1]), (4, [1, 2, 3, 4]), (5, [1, 2, 3, 4, 5]), (7, [*range(1, 8)]), (235, [47, 94, 141, 188, 235])],
)
def test_points_are_those_of_the_book(num_steps, stops):
    assert report_steps(num_steps) == stops


def test_a_tally_weighs_by_picture_or_by_batch():
    tally = Tally([1.0, 4.0], [30, 10], 20.0)
    assert (tally.loss, tally.batch_loss, tally.accuracy, tally.num_images) == (1.75, 2.5, 0.5, 40)
