"""The variations of the chapter's exercises."""

import pytest

from lenet.analysis.lab.exercises import COMPARISONS
from lenet.configuration import configure
from lenet.networks import build


@pytest.mark.parametrize("name", COMPARISONS)
def test_variations_can_be_built_and_differ(name):
    comparison = COMPARISONS[name]
    configs = {}
    for label, settings in comparison.variations.items():
        configs[label] = configure(comparison.recipe, **settings)
        fields = ("kernel_size", "channels", "hidden", "activation", "pooling", "padding")
        build(configs[label].model, **{field: getattr(configs[label], field) for field in fields})
    assert len(set(configs.values())) == len(configs) - len(comparison.permuted)
    assert {name for pair in comparison.pairs for name in pair} <= set(configs)
    assert set(comparison.permuted) <= set(configs)


def test_both_activations_are_compared_with_their_first():
    assert COMPARISONS["convolutions"].pairs == (
        ("2, sigmoid", "1, sigmoid"),
        ("2, sigmoid", "3, sigmoid"),
        ("2, ReLU", "1, ReLU"),
        ("2, ReLU", "3, ReLU"),
    )
    assert COMPARISONS["convolutions"].variations["1, ReLU"] == {
        "channels": (6,),
        "kernel_size": 3,
        "activation": "relu",
        "learning_rate": 0.1,
    }
