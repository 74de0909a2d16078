"""Which images the page holds."""

import numpy as np

from lenet.explorer.chosen import affordable, choose, interleaved


def made_up(mistakes, seed=0):
    random = np.random.default_rng(seed)
    labels = random.integers(0, 10, 5000)
    predicted = labels.copy()
    wrong = random.choice(5000, mistakes, replace=False)
    predicted[wrong] = (labels[wrong] + random.integers(1, 10, mistakes)) % 10
    return labels, predicted, random.random(5000)


def test_all_mistakes_of_a_good_network_then_all_classes():
    labels, predicted, losses = made_up(60)
    chosen = choose(labels, predicted, losses, 500)
    assert len(chosen) == len(set(chosen)) == 500
    assert (predicted[chosen[:60]] != labels[chosen[:60]]).all()
    assert (np.diff(losses[chosen[:60]]) <= 0).all()
    counts = np.bincount(labels[chosen[60:]])
    assert counts.max() - counts.min() <= 1


def test_every_confused_pair_of_a_bad_network():
    labels, predicted, losses = made_up(3000)
    chosen = choose(labels, predicted, losses, 500)
    wrong = chosen[predicted[chosen] != labels[chosen]]
    assert len(wrong) == 375
    assert len({(labels[i], predicted[i]) for i in wrong}) == 90
    assert chosen[0] == np.where(predicted != labels, losses, -1).argmax()


def test_images_that_are_chosen_in_any_case():
    labels, predicted, losses = made_up(60)
    correct = np.flatnonzero(predicted == labels)[-3:]
    assert set(correct) <= set(choose(labels, predicted, losses, 100, correct))
    assert len(choose(labels, predicted, losses, 9999, correct)) == 5000


def test_interleaved():
    assert interleaved(np.array([1, 1, 0, 1, 0])).tolist() == [0, 2, 1, 4, 3]


def test_large_images_are_fewer():
    random = np.random.default_rng(0)
    assert affordable(np.zeros((3000, 28, 28), np.uint8)) == 1000
    assert 100 < affordable(random.integers(0, 256, (3000, 32, 32, 3), np.uint8)) < 300
    assert affordable(random.integers(0, 256, (30, 96, 96, 3), np.uint8)) == 24
