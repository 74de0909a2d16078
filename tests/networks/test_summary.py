import pytest
import torch

from lenet.errors import ModelError
from lenet.models import MODELS, build, num_parameters
from lenet.networks.summary import in_bytes, layers, layers_of, parse_input, total


def test_lenet_avg_has_the_books_shapes():
    shapes = [layer.output_shape for layer in layers("lenet-avg") if layer.name != "Sigmoid"]
    assert shapes == [
        (1, 6, 28, 28),
        (1, 6, 14, 14),
        (1, 16, 10, 10),
        (1, 16, 5, 5),
        (1, 400),
        (1, 120),
        (1, 84),
        (1, 10),
    ]


def test_multiply_adds_are_those_of_the_sums():
    by_name = [(layer.name, layer.multiply_adds) for layer in layers("lenet-avg") if layer.multiply_adds]
    assert by_name == [
        ("Conv2d", 28 * 28 * 6 * 25),
        ("Conv2d", 100 * 16 * 6 * 25),
        ("Linear", 48_000),
        ("Linear", 120 * 84),
        ("Linear", 840),
    ]


@pytest.mark.parametrize("name", MODELS)
def test_the_total_is_that_of_the_module(name):
    assert total(layers(name)).num_parameters == num_parameters(build(name))


def test_the_chapters_argument_for_convolutions():
    """One dense layer on a megapixel colour picture: 768 million parameters, and nothing is allocated."""
    first = layers("mlp", 3, (1000, 1000), hidden=(256,))[1]
    assert first.num_parameters == 768_000_256
    assert in_bytes(first.parameter_bytes) == "3.07 GB"


def test_any_module_will_do_and_is_left_as_it_was():
    net = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.ReLU())
    assert [layer.output_shape for layer in layers_of(net, torch.zeros(1, 1, 5, 5))] == [(1, 2, 3, 3)] * 2
    assert not net[0]._forward_hooks


@pytest.mark.parametrize(("text", "sizes"), [("3x64x48", (3, 64, 48)), ("28X28", (1, 28, 28)), ("1×2×3", (1, 2, 3))])
def test_an_input_is_read(text, sizes):
    assert parse_input(text) == sizes


@pytest.mark.parametrize("text", ["", "28", "0x28x28", "1x2x3x4", "axb", "-1x28x28"])
def test_an_input_that_is_none_is_refused(text):
    with pytest.raises(ModelError, match="is no picture size"):
        parse_input(text)


def test_bytes_are_told_for_people():
    assert [in_bytes(n) for n in (12, 1_200, 3_456_000, 7_890_000_000)] == ["12 B", "1.20 kB", "3.46 MB", "7.89 GB"]
