"""What a plan drops, and gradients that are exactly zero."""

import numpy as np
import torch
from made_up import network_of, network_of_all_layers

from lenet.data.dropout import draw_keys, kept, scale
from lenet.networks import Architecture
from lenet.networks.initialization import initialized
from lenet.networks.layers import Dense, Dropout, Flatten
from lenet.pytorch.trainable import PlannedDropout, set_dropout_keys, trainable

IMAGES = torch.rand(6, 1, 9, 11, generator=torch.Generator().manual_seed(0))
KEYS = draw_keys(seed=3, epoch=0, num_images=6)


def test_the_keys_say_which_units_are_dropped():
    dropout = PlannedDropout(Dropout("8", 0.25), 8)
    values = torch.rand(6, 3, 4, 5)
    dropout.keys = KEYS
    expected = values.numpy() * np.where(kept(KEYS, 8, 60, 0.25), scale(0.25), np.float32(0)).reshape(6, 3, 4, 5)
    assert np.array_equal(dropout(values), expected)
    assert torch.equal(dropout.eval()(values), values)
    dropout.train().keys = None
    assert torch.equal(dropout(values), values)


def test_a_mask_follows_from_the_image_not_from_its_batch():
    module = trainable(network_of_all_layers())
    module[1].eval(), module[6].eval()  # BatchNorm computes over all images of a batch
    set_dropout_keys(module, KEYS)
    whole = module(IMAGES)
    for part in (slice(0, 2), slice(2, 6), slice(4, 5)):
        set_dropout_keys(module, KEYS[part])
        torch.testing.assert_close(module(IMAGES[part]), whole[part])


def test_two_layers_drop_other_units_and_pytorchs_generator_is_not_asked():
    layers = (Flatten("0"), Dense("1", 99, 50), Dropout("2", 0.5), Dropout("3", 0.5))
    module = trainable(initialized(Architecture((1, 9, 11), layers), "default", 0))
    set_dropout_keys(module, KEYS)
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    outputs = module(IMAGES)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert 0.6 < (outputs == 0).float().mean() < 0.9
    assert torch.equal(module(IMAGES), outputs)


def test_dropout_is_planned_wherever_it_stands():
    module = trainable(network_of("lenet", dropout=0.5))
    kinds = [type(layer).__name__ for layer in module.fc]
    assert kinds == ["Linear", "Sigmoid", "PlannedDropout"] * 2 + ["Linear"]


def test_the_bias_before_a_batch_norm_has_no_gradient():
    module = trainable(network_of_all_layers())
    without = [name for name, parameter in module.named_parameters() if not parameter.requires_grad]
    assert without == ["0.bias"]  # the activation between 4 and 6 makes the bias of 4 count
