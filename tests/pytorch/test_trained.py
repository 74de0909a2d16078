"""Trained networks as modules: pixels in, names out."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

import lenet
from lenet.errors import DataError, ModelError, RunError
from lenet.images.preprocess import Preprocessing
from lenet.pytorch.trained import open_module


def test_the_module_of_a_run_takes_pixels_and_bytes(tiny, tiny_run):
    run = lenet.load(tiny_run.path)
    assert run.preprocessing.mean > 0  # otherwise nothing is tested
    with torch.no_grad():
        images = torch.from_numpy(tiny.test.images)
        pixels = images[:, None].float() / 255
        expected = run.bare_model((pixels - run.preprocessing.mean) / run.preprocessing.std)
        for given in (images, images[:, None], pixels, pixels[:, 0], pixels.double()):
            torch.testing.assert_close(run.model(given), expected, atol=1e-5, rtol=1e-5)
    found = run.model(images).argmax(1).numpy()
    assert (found == tiny.test.labels).mean() == run.test_accuracy
    assert f"{len(run.classes)} classes" in repr(run.model)


def test_a_module_predicts_what_its_run_predicts(tiny, tiny_run):
    module = tiny_run.model.train()
    for image in tiny.test.images[:5]:
        expected = lenet.predict(tiny_run, image)
        found = lenet.predict(module, image)
        assert found.label == expected.label
        np.testing.assert_allclose(found.probabilities, expected.probabilities, atol=1e-5)
        np.testing.assert_array_equal(found.seen, expected.seen)
    assert module.training
    assert lenet.evaluate(module, tiny).accuracy == tiny_run.test_accuracy
    bare = lenet.predict(tiny_run.bare_model, image, classes=tiny_run.classes, preprocessing=tiny_run.preprocessing)
    np.testing.assert_allclose(bare.probabilities, expected.probabilities, atol=1e-5)


def test_a_module_without_classes_is_an_error_that_says_how(tiny):
    image = tiny.test.images[0]
    with pytest.raises(ModelError, match="Sequential does not say what its outputs mean") as caught:
        lenet.predict(nn.Sequential(nn.Flatten(), nn.Linear(784, 10)), image)
    assert "classes=[…]" in caught.value.hint
    net = nn.Sequential(nn.Flatten(), nn.Linear(784, 3))
    assert lenet.predict(net, image, classes=["a", "b", "c"]).label in "abc"
    with pytest.raises(ModelError, match=r"computes outputs of shape \(3,\) for an image; there are 2 classes"):
        lenet.predict(net, image, classes=["a", "b"])
    with pytest.raises(DataError, match="the same name"):
        lenet.predict(net, image, classes=["a", "b", "b"])
    net.classes = ("x", "y", "z")
    assert lenet.predict(net, image).label in "xyz"
    with pytest.raises(RunError, match="the network is a list; expected a run"):
        lenet.predict([net], image)


class Residual(nn.Module):
    """What no tracer makes a chain of."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Conv2d(1, 1, 3, padding=1), nn.Linear(32 * 32, 2)

    def forward(self, images):
        return self.last((images + self.first(images)).flatten(1))


def test_any_module_of_a_usual_size_works(tiny):
    result = lenet.predict(Residual().double(), tiny.test.images[0], classes=["no", "yes"])
    assert result.seen.shape == (32, 32)
    assert lenet.predict(nn.Sequential(nn.Flatten(), nn.LazyLinear(2)), tiny.test.images[0], classes=["a", "b"])
    with pytest.raises(ModelError, match="takes no images of 28, 32"):
        open_module(nn.Sequential(nn.Flatten(), nn.Linear(5, 2)), ["a", "b"])
    with pytest.raises(ModelError, match="does not take images of 30×30"):
        open_module(nn.Sequential(nn.Flatten(), nn.Linear(5, 2)), ["a", "b"], Preprocessing((30, 30)))


def test_digits_are_framed_as_digits():
    net = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    assert open_module(net, list("0123456789")).preprocessing == Preprocessing((28, 28), framing="mass")
    assert open_module(net, list("abcdefghij")).preprocessing == Preprocessing((28, 28), framing="box")
    own = dataclasses.replace(Preprocessing((28, 28)), ground="light")
    assert open_module(net, list("0123456789"), own).preprocessing == own


def test_a_module_for_colours_is_given_colours():
    net = nn.Sequential(nn.Conv2d(3, 2, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    image = np.random.default_rng(0).integers(0, 256, (28, 28, 3), np.uint8)
    assert lenet.predict(net, image, classes=["a", "b"]).seen.shape == image.shape


class Broken(nn.Module):
    """What gives something else than logits."""

    def __init__(self, result):
        super().__init__()
        self.result = result

    def forward(self, images):
        return self.result(images)


def test_a_forward_that_gives_no_logits_is_named(tiny):
    image = tiny.test.images[0]
    with pytest.raises(ModelError, match=r"Broken computes a dict; expected logits, a tensor \(N, num_classes\)"):
        lenet.predict(Broken(lambda images: {"logits": images}), image, classes=["a", "b"])
    with pytest.raises(ModelError, match=r"Broken does not take images of 28×28: KeyError: 'ids'"):
        lenet.predict(Broken(lambda images: {}["ids"]), image, classes=["a"], preprocessing=Preprocessing((28, 28)))
