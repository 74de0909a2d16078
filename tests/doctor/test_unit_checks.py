"""Checks of units and outputs, on arrays as engines return them."""

import math

import numpy as np
import pytest

from lenet.doctor.observation import Activations, Observation
from lenet.doctor.unit_checks import dead_shares, dead_units, saturated_units, softmax_before_loss

RANDOM = np.random.default_rng(0)


def observed(**layers):
    return Observation(activations={name: Activations(*layer) for name, layer in layers.items()})


def test_dead_units_are_0_for_every_image():
    dense = np.maximum(RANDOM.normal(size=(8, 120)), 0) + 0.1
    maps = np.maximum(RANDOM.normal(size=(8, 6, 5, 5)), 0) + 0.1
    assert dead_units(observed(a=("relu", dense), b=("relu", maps))) is None
    dense[:, :61] = 0
    maps[:, :3] = 0  # half of the channels
    maps[:, 3, 2, 2] = 0  # one position of a channel
    observation = observed(a=("relu", dense), b=("relu", maps))
    assert dead_shares(observation.activations) == {"a": 61 / 120, "b": 0.5}
    finding = dead_units(observation)
    assert finding.name == "dead-units"
    assert "layer a are 0 for every image" in finding.message
    assert finding.evidence == {"dead share of a": 61 / 120}
    assert saturated_units(observation) is None
    maps[:, 3:] = 0
    assert "layers a, b are" in dead_units(observation).message
    assert dead_units(observed(a=("sigmoid", np.zeros((8, 3))))) is None


@pytest.mark.parametrize(("function", "low"), [("sigmoid", 0.0), ("tanh", -1.0), ("scaled-tanh", -1.7159)])
def test_saturated_units_are_at_an_end_for_every_image(function, low):
    values = RANDOM.uniform(low + 0.2, 0.8, (8, 120))
    assert saturated_units(observed(a=(function, values))) is None
    values[:, :31] = 1.7159 if function == "scaled-tanh" else 1.0
    values[:, 31:61] = low
    values[0, 61] = low  # for one image only
    finding = saturated_units(observed(a=(function, values)))
    assert finding.name == "saturated-units"
    assert finding.evidence == {"saturated share of a": pytest.approx(61 / 120)}
    assert dead_units(observed(a=(function, values))) is None


def test_a_softmax_before_the_loss_shows_in_the_outputs():
    def check(outputs, **known):
        return softmax_before_loss(Observation(outputs=outputs, **known))

    logits = RANDOM.normal(size=(20, 10))
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert check(probabilities).name == "softmax-before-loss"
    assert check(probabilities, takes_logits=False) is None
    for outputs in (
        logits,
        1 / (1 + np.exp(-logits)),
        np.log(probabilities),
        np.ones((20, 1)),
        np.ones(20),
        np.full((20, 10), math.nan),
        None,
    ):
        assert check(outputs) is None
