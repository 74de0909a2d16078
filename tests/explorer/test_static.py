"""The page for viewers that run no scripts."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from lenet.explorer.page_data import page_data
from lenet.explorer.static import static
from lenet.networks.trained import TrainedNetwork


@pytest.fixture(scope="module")
def shown(held, trained):
    return held, static(held, [trained.network])


def pictures(text):
    return [
        Image.open(io.BytesIO(base64.b64decode(part)))
        for part in re.findall(r'src="data:image/png;base64,([^"]+)"', text)
    ]


def test_it_has_tables_and_pictures_and_is_small(shown, trained):
    data, text = shown
    assert len(text.encode()) < 150_000
    assert f"{data['runs'][0]['test']['accuracy']:.4f} (10,000)" in text
    assert "混淆矩阵" in text
    assert text.count("<tr>") == 5 + 1 + 12 + 1 + 10  # facts, layers, confusion
    for title in ("Learning curve", "Layers", "Confusion matrix", "The worst mistakes", "What the layers make"):
        assert f"<h2>{title}" in text
    assert "<script" not in text


def test_mistakes_are_the_stored_images_with_the_answers(shown, trained):
    data, text = shown
    images = data["runs"][0]["images"]["test"]
    answers = trained.network.logits(images["pixels"]).argmax(axis=1)
    caption = f"{images['labels'][0]} → {answers[0]}"
    assert f"<figcaption>{caption}</figcaption>" in text
    found = pictures(text)
    assert any(each.size == (28, 28) and np.array_equal(np.array(each), images["pixels"][0]) for each in found)
    assert sum(each.size == (6 * 29, 28) for each in found) >= 5  # maps of the first convolution, of several images


def test_without_images_and_with_names_that_are_html(trained):
    data = page_data(trained.path / "model.safetensors")
    data["runs"][0]["name"] = "<b>&"
    text = static(data, [TrainedNetwork.load(trained.path / "model.safetensors")])
    assert "<h1>&lt;b&gt;&amp;</h1>" in text
    assert "Confusion" not in text
    assert pictures(text) == []
