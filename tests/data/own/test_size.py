"""The size to which own images are brought, where the user does not say."""

import pytest

from lenet.data.own.size import choose_size
from lenet.errors import DataError


@pytest.mark.parametrize(
    ("sizes", "edge"),
    [
        ([(8, 8)], 28),
        ([(28, 28)] * 3, 28),
        ([(33, 30)], 32),
        ([(40, 20)], 48),
        ([(64, 64)], 64),
        ([(70, 70)], 64),
        ([(100, 90)], 96),
        ([(3000, 4000)], 96),
        ([(28, 28), (30, 30), (4000, 3000)], 28),
    ],
)
def test_the_smallest_size_that_keeps_what_is_there(sizes, edge):
    assert choose_size(sizes) == (edge, edge)


def test_no_images_are_an_error():
    with pytest.raises(DataError, match="there are no images"):
        choose_size([])
