import pytest

from lenet import registry
from lenet.errors import ModelError
from lenet.networks import build
from lenet.networks.sizes import in_bytes, parse_input
from lenet.networks.summary import rows, total


def test_lenet_avg_has_the_books_shapes():
    shapes = [layer.output_shape for layer in rows(build("lenet-avg")) if layer.name != "Sigmoid"]
    assert shapes == [
        (6, 28, 28),
        (6, 14, 14),
        (16, 10, 10),
        (16, 5, 5),
        (400,),
        (120,),
        (84,),
        (10,),
    ]


def test_multiply_adds_are_those_of_the_sums():
    by_name = [(layer.name, layer.multiply_adds) for layer in rows(build("lenet-avg")) if layer.multiply_adds]
    assert by_name == [
        ("Conv2d", 28 * 28 * 6 * 25),
        ("Conv2d", 100 * 16 * 6 * 25),
        ("Linear", 48_000),
        ("Linear", 120 * 84),
        ("Linear", 840),
    ]


@pytest.mark.parametrize("name", registry.MODELS)
def test_the_total_is_the_number_of_parameters(name):
    assert total(rows(build(name))).num_parameters == build(name).num_parameters


def test_the_chapters_argument_for_convolutions():
    """One dense layer on a megapixel colour image: 768 million parameters, and nothing is allocated."""
    first = rows(build("mlp", in_channels=3, input_size=1000, hidden=(256,)))[1]
    assert first.num_parameters == 768_000_256
    assert in_bytes(first.parameter_bytes) == "3.07 GB"


@pytest.mark.parametrize(("text", "sizes"), [("3x64x48", (3, 64, 48)), ("28X28", (1, 28, 28)), ("1×2×3", (1, 2, 3))])
def test_an_input_is_read(text, sizes):
    assert parse_input(text) == sizes


@pytest.mark.parametrize("text", ["", "28", "0x28x28", "1x2x3x4", "axb", "-1x28x28"])
def test_an_input_that_is_none_is_refused(text):
    with pytest.raises(ModelError, match="is not an image size"):
        parse_input(text)


def test_bytes_are_told_for_people():
    assert [in_bytes(n) for n in (12, 1_200, 3_456_000, 7_890_000_000)] == ["12 B", "1.20 kB", "3.46 MB", "7.89 GB"]
