"""Sizes as numbers and as text."""

import pytest

from lenet.errors import ModelError
from lenet.networks.sizes import check_choice, check_positive, height_and_width, in_bytes, parse_input


def test_a_size_may_be_one_number_for_both_edges():
    assert height_and_width(28) == (28, 28)
    assert height_and_width((20, 30)) == (20, 30)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.00 kB"),
        (999_999, "1000.00 kB"),
        (10**6, "1.00 MB"),
        (10**9, "1.00 GB"),
        (3_070_000_000, "3.07 GB"),
    ],
)
def test_bytes_are_in_powers_of_1000(number, text):
    assert in_bytes(number) == text


@pytest.mark.parametrize(
    ("text", "size"), [("28x30", (1, 28, 30)), ("3X64×32", (3, 64, 32)), ("1x1x1", (1, 1, 1)), ("3 x 4 x 5", (3, 4, 5))]
)
def test_an_input_is_height_and_width_after_channels_if_they_are_given(text, size):
    assert parse_input(text) == size


@pytest.mark.parametrize("text", ["28", "", "x", "0x28", "28x0", "0x28x28", "1x2x3x4", "axb", "-1x5x5", "1.5x2"])
def test_another_input_is_refused(text):
    with pytest.raises(ModelError) as caught:
        parse_input(text)
    assert caught.value.message == f"the input {text!r} is not an image size"
    assert caught.value.hint == "give CHANNELSxHEIGHTxWIDTH, such as 1x28x28"


def test_numbers_are_at_least_1():
    check_positive(a=1, b=9)
    with pytest.raises(ModelError, match=r"^b is 0; expected at least 1$"):
        check_positive(a=1, b=0)


def test_an_unknown_choice_lists_the_others():
    check_choice("pooling", "max", iter(["max", "avg"]))
    for name in ("min", ["max"]):
        with pytest.raises(ModelError) as caught:
            check_choice("pooling", name, ["max", "avg"])
        assert (caught.value.message, caught.value.hint) == (f"unknown pooling {name!r}", "choose from max, avg")
