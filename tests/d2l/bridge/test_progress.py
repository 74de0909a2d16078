"""An epoch so far, and when it is reported."""

import numpy as np
import pytest

from lenet.d2l.bridge.progress import EpochProgress, report_steps
from lenet.engines import Stats


@pytest.mark.parametrize(
    ("num_steps", "stops"),
    [
        (1, [1]),
        (4, [1, 2, 3, 4]),
        (5, [1, 2, 3, 4, 5]),
        (7, [*range(1, 8)]),
        (11, [2, 4, 6, 8, 10, 11]),
        (235, [47, 94, 141, 188, 235]),
    ],
)
def test_points_are_those_of_the_book(num_steps, stops):
    assert report_steps(num_steps) == stops


def test_a_loss_per_image_and_per_batch():
    progress = EpochProgress()
    progress.add(Stats(np.array([1.0]), np.array([30]), 12, 0.5))
    progress.add(Stats(np.array([4.0]), np.array([10]), 8, 0.25))
    assert progress.losses == [1, 4]
    assert progress.batch_loss == 2.5
    tally = progress.tally
    assert (tally.loss, tally.accuracy, tally.num_images, tally.seconds) == (1.75, 0.5, 40, 0.75)
