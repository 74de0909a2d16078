import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lenet
from lenet.analysis.evaluated import Evaluation, Reliability
from lenet.data.dataset import Dataset, Splits
from lenet.engines.cpu import CpuEngine
from lenet.errors import ConfigError, DataError, EngineError, RunError
from lenet.metrics import confusion_matrix, softmax
from lenet.networks.trained import TrainedNetwork


def made(labels, predicted, num_classes):
    confusion = confusion_matrix(np.array(labels), np.array(predicted), num_classes)
    return Evaluation(
        "toy",
        "test",
        0.0,
        0.0,
        tuple("abcdef"[:num_classes]),
        confusion,
        [],
        np.zeros((0, 2, 2), np.uint8),
        Reliability(0.0, 0.0),
    )


pairs = st.integers(2, 6).flatmap(
    lambda k: st.tuples(
        st.just(k), st.lists(st.tuples(st.integers(0, k - 1), st.integers(0, k - 1)), min_size=1, max_size=60)
    )
)


@given(pairs)
def test_numbers_are_those_of_counting(case):
    num_classes, pairs = case
    labels, predicted = zip(*pairs, strict=True)
    result = made(labels, predicted, num_classes)
    for a in range(num_classes):
        assert result.confusion[a].tolist() == [pairs.count((a, b)) for b in range(num_classes)]
        hits = pairs.count((a, a))
        assert result.precision[a] == pytest.approx(hits / predicted.count(a) if a in predicted else 0)
        assert result.recall[a] == pytest.approx(hits / labels.count(a) if a in labels else 0)
        assert result.support[a] == labels.count(a)
    assert result.num_images == len(labels)
    assert result.num_mistakes == sum(a != b for a, b in pairs)


def test_accuracy_is_that_of_the_training(tiny, tiny_run):
    result = lenet.evaluate(tiny_run, tiny)
    assert result.accuracy == tiny_run.test_accuracy
    assert result.loss == tiny_run.summary.test_loss
    assert result.num_images == len(tiny.test)
    assert np.trace(result.confusion) / len(tiny.test) == result.accuracy
    assert lenet.evaluate(tiny_run.path, tiny, split="train").num_images == len(tiny.train)


def test_mistakes_are_sorted_by_confidence(tiny, tiny_run):
    wrong = Splits(tiny.train, Dataset("toy", tiny.test.images, np.roll(tiny.test.labels, 1), tiny.test.classes), "")
    result = lenet.evaluate(tiny_run, wrong)
    assert len(result.mistakes) == min(result.num_mistakes, 100) > 0
    probabilities = [mistake.probability for mistake in result.mistakes]
    assert probabilities == sorted(probabilities, reverse=True)
    truth = softmax(tiny_run.network.logits(tiny.test.images))
    for mistake, image in zip(result.mistakes, result.mistake_images, strict=True):
        assert mistake.label == wrong.test.labels[mistake.index] != mistake.predicted
        assert mistake.predicted == truth[mistake.index].argmax()
        assert mistake.probability == pytest.approx(truth[mistake.index].max(), rel=1e-4)
        np.testing.assert_array_equal(image, tiny.test.images[mistake.index])


def test_out_of_memory_is_explained(tiny, tiny_run, monkeypatch):
    def full(self, images):
        raise MemoryError

    monkeypatch.setattr(CpuEngine, "logits", full)
    with pytest.raises(EngineError, match="this program is out of memory in an evaluation") as raised:
        lenet.evaluate(tiny_run, tiny)
    assert "device" not in raised.value.hint


def test_data_that_does_not_fit(tiny, tiny_run):
    small = Dataset("small", tiny.test.images[:, :20, :20].copy(), tiny.test.labels, tiny.test.classes)
    with pytest.raises(DataError, match=r"small has images of 20×20; .* was trained on 28×28"):
        lenet.evaluate(tiny_run, Splits(small, small, ""))
    letters = Dataset("letters", tiny.test.images, tiny.test.labels, tuple("abcdefghij"))
    with pytest.raises(DataError, match="letters has the classes a, b"):
        lenet.evaluate(tiny_run, Splits(letters, letters, ""))
    with pytest.raises(ConfigError, match="unknown split 'all'"):
        lenet.evaluate(tiny_run, tiny, split="all")
    with pytest.raises(ConfigError, match="has no validation images in toy"):
        lenet.evaluate(tiny_run, tiny, split="validation")


def test_validation_images_are_held_out(trained):
    held, kept = (lenet.evaluate(trained, split=split) for split in ("validation", "train"))
    assert (held.num_images, kept.num_images) == (55_000, 5_000)
    assert held.accuracy == trained.summary.validation_accuracy


def test_weights_file_is_evaluated_like_its_run(tiny, tiny_run, tmp_path):
    copy = tmp_path / "elsewhere.safetensors"
    copy.write_bytes((tiny_run.path / "model.safetensors").read_bytes())
    assert lenet.evaluate(copy, tiny).to_dict() == lenet.evaluate(tiny_run, tiny).to_dict()
    assert lenet.evaluate(TrainedNetwork.load(copy), tiny, split="train").num_images == 1000
    with pytest.raises(ConfigError, match="does not say what data") as caught:
        lenet.evaluate(copy)
    assert "--data" in caught.value.hint
    with pytest.raises(ConfigError, match="has no validation images"):
        lenet.evaluate(copy, tiny, split="validation")
    small = Dataset("small", tiny.test.images[:, :20, :20], tiny.test.labels, tiny.test.classes)
    with pytest.raises(DataError, match="has images of 20×20"):
        lenet.evaluate(copy, Splits(small, small, "made up"))


def test_pickles_are_not_read(tiny, tmp_path):
    path = tmp_path / "net.pt"
    path.write_bytes(pickle.dumps({"a": [0.0, 0.0]}, 2))
    renamed = tmp_path / "net.safetensors"
    renamed.write_bytes(path.read_bytes())
    for file in (path, renamed):
        with pytest.raises(RunError, match="was not read") as caught:
            lenet.evaluate(file, tiny)
        assert "lenet import-weights" in caught.value.hint


def test_infinite_logits_are_refused(tiny, tiny_run, tmp_path):
    weights = {name: np.full_like(values, 3e38) for name, values in tiny_run.network.weights.items()}
    path = tmp_path / "diverged.safetensors"
    path.write_bytes(tiny_run.network.pack(weights))
    with pytest.raises(RunError, match="computes NaN or infinite logits"):
        lenet.evaluate(path, tiny)


def test_large_outputs_are_computed_in_parts(tiny, tiny_run, monkeypatch):
    whole = lenet.evaluate(tiny_run, tiny)
    monkeypatch.setattr("lenet.runs.opening.LARGE_OUTPUT", 100)
    monkeypatch.setattr("lenet.runs.opening.MAX_VALUES", 100_000)
    parts = lenet.evaluate(tiny_run, tiny)
    assert parts.loss == pytest.approx(whole.loss, rel=1e-5)
    np.testing.assert_array_equal(parts.confusion, whole.confusion)
