"""Images of people's own that were once classified wrongly, or refused: a few of each kind.

The name of a file ends with what it shows. They are classified by networks that are trained here on MNIST and
Fashion-MNIST, if there is a folder with both.
"""

from pathlib import Path

import numpy as np
import pytest

import lenet
from lenet.errors import ImageError
from lenet.images.preprocess import Preprocessing

FOLDER = Path(__file__).with_name("cases")
NUMBERS = {"ten": "10", "eleven": "11", "forty-two": "42", "year": "2026"}
GARMENTS = {
    "tshirt": "T-shirt/top",
    "trouser": "Trouser",
    "dress": "Dress",
    "sandal": "Sandal",
    "bag": "Bag",
    "boot": "Ankle boot",
}
DIGIT = Preprocessing(size=(28, 28), framing="mass")


def named(*endings):
    """The files whose names end with one of these."""
    return sorted(path for path in FOLDER.iterdir() if path.stem.rpartition("-")[2] in endings)


@pytest.fixture(scope="module")
def reader(real_data, tmp_path_factory):
    """A network that reads digits: a few seconds of training."""
    out = tmp_path_factory.mktemp("runs") / "reader"
    splits = lenet.data.load("mnist", real_data / "mnist")
    return lenet.train(splits, recipe="fast", epochs=2, out=out, progress="quiet")


@pytest.mark.parametrize("path", named(*"0123456789"), ids=lambda path: path.stem)
def test_a_digit_is_read(reader, path):
    assert lenet.predict(reader, path).label == path.stem[-1]


@pytest.mark.parametrize(("name", "number"), NUMBERS.items())
def test_a_number_is_read_digit_by_digit(reader, name, number):
    framed = DIGIT.split(FOLDER / f"{name}.png")
    assert "".join(reader.network.predictions(part.seen[None])[0] for part in framed) == number
    assert len(DIGIT.explain(FOLDER / f"{name}.png").found.parts) == len(number)


@pytest.mark.parametrize("name", ["blank28black", "blank28white", "blank300"])
def test_a_blank_image_is_refused_at_every_size(name):
    for framing in ("mass", "box"):
        with pytest.raises(ImageError, match="shows nothing: all pixels are alike"):
            Preprocessing(size=(28, 28), framing=framing).apply(FOLDER / f"{name}.png")


def test_a_garment_is_found(real_data, tmp_path):
    splits = lenet.data.load("fashion-mnist", real_data / "fashion-mnist")
    run = lenet.train(splits, recipe="fast", epochs=2, out=tmp_path / "run", progress="quiet")
    wrong = {}
    for path in named(*GARMENTS):
        answer = lenet.predict(run, path)
        if answer.label != GARMENTS[path.stem.rpartition("-")[2]]:
            wrong[path.stem] = str(answer)
    assert not wrong


def test_two_garments_are_two_parts():
    framed = Preprocessing(size=(28, 28), framing="box").explain(FOLDER / "two-tshirts.jpg")
    assert len(framed.found.parts) == 2
    assert np.flatnonzero(framed.seen.any(axis=1)).size == 28  # one of them fills the image
