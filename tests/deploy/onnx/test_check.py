"""What a check reports, and what it does where something differs or is not installed."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lenet
from lenet.deploy.onnx import check, runtimes
from lenet.deploy.onnx.comparison import Expected, compare
from lenet.deploy.targets import CheckError
from lenet.errors import MissingExtra
from lenet.metrics import softmax

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytest.importorskip("cv2")

LOGITS = np.array([[1.0, 2.0, 0.0], [3.0, 3.00005, 0.0]], np.float32)
IMAGES = np.zeros((2, 2, 2), np.uint8)


def computing(logits):
    """A runtime that answers with the next of these logits."""
    left = list(logits)
    return lambda pixels: (now := np.stack([left.pop(0) for _ in pixels]), softmax(now))


@pytest.mark.parametrize(
    ("row", "changes", "is_equal", "text"),
    [
        (1, (0, 0), True, "2 of 2 answers the same as lenet's; largest difference of logits 0.0e+00"),
        (1, (0, 9e-5), True, "2 of 2 answers the same as lenet's; largest difference of logits 9.0e-05"),
        (
            1,
            (8e-5, 0),
            True,
            "1 of 2 answers the same as lenet's (1 more within the tolerance); largest difference of logits 8.0e-05",
        ),
        (1, (0, 2e-4), False, "largest difference of logits 2.0e-04"),
        (0, (2, 0), False, "1 of 2 answers the same as lenet's; largest"),
        (1, (np.nan, 0), False, "difference of logits nan"),
    ],
)
def test_comparisons(row, changes, is_equal, text):
    actual = LOGITS.copy()
    actual[row, :2] += np.float32(changes)
    found = compare(computing(actual), 1, IMAGES, Expected.uncalibrated(LOGITS))
    assert found.is_equal == is_equal
    assert text in str(found)


def test_large_logits_may_differ_by_their_rounding():
    assert compare(
        computing(1000 * LOGITS + np.float32(5e-3)), 2, IMAGES, Expected.uncalibrated(1000 * LOGITS)
    ).is_equal
    assert not compare(
        computing(1000 * LOGITS + np.float32(5e-2)), 2, IMAGES, Expected.uncalibrated(1000 * LOGITS)
    ).is_equal


def wrong(module, content, outputs):
    right = runtimes.onnxruntime(sys.modules["onnxruntime"], content, outputs)
    return lambda pixels: [values + np.float32(0.01) for values in right(pixels)]


def broken(module, content, outputs):
    raise RuntimeError("unknown operation")


@pytest.mark.parametrize(
    ("start", "text"), [(wrong, "computes something else than lenet"), (broken, "unknown operation")]
)
def test_nothing_is_written_where_a_runtime_differs(start, text, tiny_run, tiny, tmp_path, monkeypatch):
    bad = runtimes.Runtime("OpenCV", "cv2", "opencv-python-headless", start)
    monkeypatch.setattr(check, "RUNTIMES", (check.RUNTIMES[0], bad))
    with pytest.raises(CheckError, match=rf"^OpenCV \d.*{text}"):
        lenet.export(tiny_run, out=tmp_path / "net.onnx", check=True, data=tiny)
    assert list(tmp_path.iterdir()) == []


def test_an_invalid_file(tiny_run, tiny):
    with pytest.raises(CheckError, match="finds the file invalid"):
        list(check.check(b"\x08\x07", 1, tiny_run, tiny.test.images, "images"))


def without(*names):
    """The import of modules, without these."""

    def imported(runtime):
        return None if runtime.module in names else present(runtime)

    present = runtimes.Runtime.imported
    return imported


def test_what_is_missing_is_named(tiny_run, tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(runtimes.Runtime, "imported", without("cv2"))
    notes = lenet.export(tiny_run, out=tmp_path / "a.onnx", batch="dynamic", check=True, data=tiny).notes
    assert notes[-1] == "OpenCV is not installed: not compared (pip install opencv-python-headless)"
    assert "onnxruntime" in notes[-2]
    assert "200 of 200" in notes[-2]


def test_onnx_s_own_evaluator_where_no_runtime_is_installed(tiny_run, tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(runtimes.Runtime, "imported", without("cv2", "onnxruntime"))
    notes = lenet.export(tiny_run, out=tmp_path / "a.onnx", batch="dynamic", check=True, data=tiny).notes
    assert "onnx's reference evaluator" in notes[2]
    assert "100 of 100" in notes[2]
    assert len(notes) == 5


def test_nothing_to_check_with(tiny_run, tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(runtimes.Runtime, "imported", without("cv2", "onnxruntime", "onnx"))
    with pytest.raises(MissingExtra, match="pip install onnx onnxruntime opencv-python-headless"):
        lenet.export(tiny_run, out=tmp_path / "a.onnx", check=True, data=tiny)
    assert list(tmp_path.iterdir()) == []
    lenet.export(tiny_run, out=tmp_path / "a.onnx")
    assert Path(tmp_path / "a.onnx").is_file()


@pytest.mark.parametrize(
    ("scores", "flags", "is_equal", "text"),
    [
        ([0.5, 1.5], [0, 1], True, "of outlier scores 0.0e+00; 1 unknown to both"),
        ([0.5, 1.5], [1, 1], False, "1 unknown, 1 judged otherwise"),
        ([0.5, 1.50005], [0, 1], True, "of outlier scores 3.3e-05; 1 unknown to both"),
        ([0.5, 1.6], [0, 1], False, "of outlier scores 6.7e-02"),
        ([0.5, np.nan], [0, 0], False, "1 judged otherwise"),
    ],
)
def test_unknown_images_are_compared(scores, flags, is_equal, text):
    expected = Expected(LOGITS, softmax(LOGITS), np.array([0.5, 1.5]))
    outputs: list[Any] = [LOGITS, softmax(LOGITS), *(np.array(each, np.float32)[:, None] for each in (flags, scores))]
    found = compare(lambda pixels: outputs, 2, IMAGES, expected)
    assert found.is_equal == is_equal
    assert text in str(found)


def test_an_image_at_the_limit_may_be_judged_either_way():
    expected = Expected(LOGITS, softmax(LOGITS), np.array([0.5, 1 + 1e-6]))
    outputs: list[Any] = [LOGITS, softmax(LOGITS), np.zeros((2, 1), np.float32), np.array([[0.5], [1]], np.float32)]
    assert compare(lambda pixels: outputs, 2, IMAGES, expected).is_equal
