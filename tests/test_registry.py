"""The tables of names: what each is called, and that it is there."""

import pytest

from lenet import registry
from lenet.files.safetensors import PICKLES, SUFFIX

TABLES = {"MODELS": registry.MODELS, "INITS": registry.INITS, "ENGINES": registry.ENGINES, "READERS": registry.READERS}
ENTRIES = [
    pytest.param(table, name, marks=[pytest.mark.torch] if "pytorch" in place else [])
    for table, names in TABLES.items()
    for name, place in names.items()
]


@pytest.mark.parametrize(("table", "name"), ENTRIES)
def test_every_name_is_that_of_something(table, name):
    assert callable(registry.resolve(TABLES[table], name))


def test_the_names_that_users_type_stay():
    assert list(registry.MODELS) == ["lenet", "lenet-avg", "softmax", "mlp", "lenet-bn", "small", "tiny"]
    assert list(registry.INITS) == ["default", "xavier-uniform", "pretrained"]
    assert list(registry.ENGINES) == ["cpu", "reference", "cuda"]
    assert list(registry.ACTIVATIONS) == ["sigmoid", "tanh", "relu", "scaled-tanh", "leaky-relu"]
    assert list(registry.POOLINGS) == ["max", "avg"]
    assert list(registry.OPTIMIZERS) == ["sgd", "adam", "adamw"]


def test_every_weights_file_has_a_reader():
    assert set(registry.READERS) == {SUFFIX, *PICKLES}
    assert {".pt", ".pth", ".pkl", ".pickle", ".bin", ".ckpt", ".zip"} == set(PICKLES)


@pytest.mark.torch
def test_every_activation_and_pooling_is_a_layer_of_pytorch():
    from torch import nn

    kinds = registry.ACTIVATIONS | registry.POOLINGS
    del kinds["scaled-tanh"]  # PyTorch has none
    for kind in kinds.values():
        assert issubclass(getattr(nn, kind.module), nn.Module)
