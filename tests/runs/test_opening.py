"""Opening trained networks by their path, and computing their logits."""

import shutil

import numpy as np
import pytest
from PIL import Image

from lenet.analysis.inference import engine_for
from lenet.errors import LenetError, RunError
from lenet.networks.trained import TrainedNetwork
from lenet.runs import opening
from lenet.runs.opening import is_image_file, logits, open_trained
from lenet.runs.run import Run


def test_a_folder_is_a_run_and_a_file_a_network(tiny_run, tmp_path):
    assert isinstance(open_trained(tiny_run.path), Run)
    assert isinstance(open_trained(str(tiny_run.path)), Run)
    assert open_trained(tiny_run).path == tiny_run.path
    for name in ("net.safetensors", "net.SAFETENSORS", "net"):
        copy = shutil.copy(tiny_run.path / "model.safetensors", tmp_path / name)
        network = open_trained(copy)
        assert isinstance(network, TrainedNetwork)
        assert open_trained(network) is network


@pytest.mark.parametrize("name", ["gone.safetensors", "gone.pt", "gone"])
def test_what_is_not_there_is_named(tmp_path, name):
    with pytest.raises(LenetError, match=name):
        open_trained(tmp_path / name)


@pytest.mark.parametrize(("largest", "sizes"), [(99, [3, 3, 1]), (10**6, [7])])
def test_large_outputs_are_computed_for_a_few_images_at_a_time(tiny, tiny_run, monkeypatch, largest, sizes):
    monkeypatch.setattr(opening, "LARGE_OUTPUT", largest)
    monkeypatch.setattr(opening, "MAX_VALUES", 3 * tiny_run.network.architecture.largest_output)
    engine = engine_for(tiny_run, "cpu")
    asked, real = [], engine.logits
    monkeypatch.setattr(engine, "logits", lambda images: asked.append(len(images)) or real(images))
    result = logits(tiny_run, engine, tiny.test.images[:7])
    assert asked == sizes
    assert (result == real(tiny.test.images[:7])).all()
    assert result.dtype == np.float32


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_logit_that_is_not_finite_is_an_error(tiny, tiny_run, monkeypatch, bad):
    engine = engine_for(tiny_run, "cpu")
    monkeypatch.setattr(engine, "logits", lambda images: np.where(np.eye(len(images), 10) > 0, bad, 0.0))
    with pytest.raises(RunError, match="computes NaN or infinite logits") as caught:
        logits(tiny_run, engine, tiny.test.images[:3])
    assert str(tiny_run.path) in caught.value.message


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM"])
def test_an_image_is_no_network(tmp_path, kind):
    path = tmp_path / "five"
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(path, kind)
    assert is_image_file(path)
    with pytest.raises(RunError, match="five is an image; expected a run directory or a weights file"):
        open_trained(path)


def test_a_weights_file_is_no_image(tmp_path):
    for length in (0x4D42, 0x3550, 100):
        (tmp_path / "net").write_bytes(length.to_bytes(8, "little") + b'{"lenet": ""}'.ljust(length))
        assert not is_image_file(tmp_path / "net")
    assert not is_image_file(tmp_path)
    assert not is_image_file(tmp_path / "nowhere")
