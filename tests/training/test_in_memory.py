"""Training in memory alone: the same bits as a training with a run directory."""

import numpy as np
import pytest
from made_up import patterns
from trainings import train_toy

from lenet.configuration import configure
from lenet.engines.cpu import CpuEngine
from lenet.errors import TrainingError
from lenet.training.in_memory import epochs
from lenet.training.setup import new_network


def in_memory(dataset, config):
    """The network after a training in memory, and its tallies."""
    start = new_network(config, dataset)
    engine = CpuEngine(start.network, dataset, config, start.preprocessing)
    return engine.evaluated, list(epochs(engine, config, len(dataset), range(config.epochs)))


def test_the_weights_are_those_of_train(tiny, tmp_path):
    run = train_toy(tiny, tmp_path)
    network, tallies = in_memory(tiny.train, run.config)
    for name, array in run.network.weights.items():
        np.testing.assert_array_equal(network.tensors[name], array)
    assert [tally.loss for tally in tallies] == [point.train_loss for point in run.epochs]


def test_a_loss_that_is_not_finite_ends_it():
    config = configure("fast", optimizer="sgd", schedule="constant", learning_rate=1e6, batch_size=10)
    with pytest.raises(TrainingError, match=r"the loss became (nan|inf) at step \d+ of epoch 1") as caught:
        in_memory(patterns(300, 0), config)
    assert "--learning-rate 100000" in caught.value.hint
