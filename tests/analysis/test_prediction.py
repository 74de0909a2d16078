import dataclasses

import drawings
import numpy as np
import pytest
from PIL import Image

import lenet
from lenet.analysis.answer import Reading, Unreadable
from lenet.analysis.given_images import Given, given_images
from lenet.analysis.prediction import predict_each, predict_many
from lenet.analysis.preparing import AHEAD, MAX_THREADS
from lenet.engines.cpu import CpuEngine
from lenet.errors import EngineError, ImageError, RunWarning
from lenet.images.found import Box, Found, Framed
from lenet.images.preprocess import Preprocessing


def test_predictions_are_those_of_evaluation(tiny, tiny_run, tmp_path):
    """Bit for bit: what is saved as PNG and read back reaches the network as the data set does."""
    paths = []
    for index in range(20):
        paths.append(tmp_path / f"{index}.png")
        Image.fromarray(tiny.test.images[index]).save(paths[-1])
    results = predict_many(tiny_run, paths)
    wrong = {mistake.index: mistake.predicted for mistake in lenet.evaluate(tiny_run, tiny).mistakes}
    for index, result in enumerate(results):
        np.testing.assert_array_equal(result.seen, tiny.test.images[index])
        assert result.label == result.classes[wrong.get(index, tiny.test.labels[index])]
        assert result.image == str(paths[index])


def test_probabilities_are_sorted_and_add_up(tiny, tiny_run, tmp_path):
    Image.fromarray(tiny.test.images[0]).save(tmp_path / "a.png")
    result = lenet.predict(tiny_run.path, tmp_path / "a.png")
    assert result.probabilities.sum() == pytest.approx(1)
    best = [probability for _, probability in result.top(10)]
    assert best == sorted(best, reverse=True)
    assert (result.label, result.probability) == result.top(1)[0]
    assert str(result) == f"{result.label} {result.probability:.1%}"
    values = result.to_dict()
    assert values["label"] == max(values["probabilities"], key=values["probabilities"].get)


def test_images_from_memory(tiny, tiny_run):
    array = tiny.test.images[3]
    one, two = predict_many(tiny_run, [array, Image.fromarray(array)])
    assert one.label == two.label == lenet.predict(tiny_run, array).label
    assert (one.image, two.image) == ("image 1", "image 2")
    assert predict_many(tiny_run, []) == []


def test_a_folder_and_images_from_memory_together(tiny, tiny_run, tmp_path):
    for index in (2, 10):
        Image.fromarray(tiny.test.images[index]).save(tmp_path / f"{index}.png")
    results = lenet.predict_many(tiny_run, tmp_path)
    assert [result.image for result in results] == [str(tmp_path / "2.png"), str(tmp_path / "10.png")]
    assert [str(result) for result in lenet.predict_many(tiny_run, [tiny.test.images[2], tmp_path])] == [
        str(results[0]),
        *map(str, results),
    ]
    (tmp_path / "bad.png").write_text("<html>")
    with pytest.raises(ImageError, match=r"bad\.png is not an image"):
        lenet.predict_many(tiny_run, tmp_path)
    with pytest.warns(RunWarning, match=r"bad\.png is not an image"):
        assert len(lenet.predict_many(tiny_run, tmp_path, skip_bad=True)) == 2
    with pytest.raises(ImageError, match="a list is not an image") as caught:
        lenet.predict(tiny_run, [tiny.test.images[0]])
    assert "predict_many" in caught.value.hint


@pytest.mark.parametrize(
    "strange", [None, object(), {"a": 1}, b"x" * 10**5, "x" * 5000, [0] * 10**5, np.zeros((2, 3, 4, 5))]
)
def test_errors_never_hold_a_whole_value(tiny, tiny_run, strange):
    with pytest.raises(lenet.LenetError) as caught:
        lenet.predict(tiny_run, strange)
    assert len(str(caught.value)) < 1000
    with pytest.raises(lenet.LenetError) as caught:
        lenet.predict(strange, tiny.test.images[0])
    assert len(str(caught.value)) < 1000


def test_bad_image_is_named(tiny, tiny_run, tmp_path):
    Image.fromarray(tiny.test.images[0]).save(tmp_path / "good.png")
    (tmp_path / "bad.png").write_text("not an image")
    with pytest.raises(ImageError, match=r"bad\.png"):
        predict_many(tiny_run, [tmp_path / "good.png", tmp_path / "bad.png"])


def test_weights_file_predicts_like_its_run(tiny, tiny_run, tmp_path):
    copy = tmp_path / "elsewhere.safetensors"
    copy.write_bytes((tiny_run.path / "model.safetensors").read_bytes())
    for image in tiny.test.images[:5]:
        np.testing.assert_array_equal(
            lenet.predict(copy, image).probabilities, lenet.predict(tiny_run, image).probabilities
        )


def test_out_of_memory_is_explained(tiny, tiny_run, monkeypatch):
    def full(self, images):
        raise MemoryError

    monkeypatch.setattr(CpuEngine, "logits", full)
    with pytest.raises(EngineError, match="this program is out of memory in a prediction"):
        lenet.predict(tiny_run, tiny.test.images[0])


def test_answers_come_in_order_and_bad_images_hide_no_others(tiny, tiny_run):
    def bad():
        raise ImageError("torn")

    images = [Given(str(i), lambda i=i: tiny.test.images[i % 200], "3") for i in range(150)]
    images[40] = Given("40", bad, "3")
    answers = list(predict_each(tiny_run, images))
    assert [answer.image for answer in answers] == [str(i) for i in range(150)]
    assert [i for i, answer in enumerate(answers) if isinstance(answer, Unreadable)] == [40]
    assert answers[40].to_dict() == {"image": "40", "error": "torn", "hint": None}
    expected = predict_many(tiny_run, list(tiny.test.images[:40]))
    for answer, one in zip(answers, expected, strict=False):
        np.testing.assert_array_equal(answer.parts[0].probabilities, one.probabilities)
    assert answers[0].to_dict()["expected"] == answers[0].expected == "3"


def test_few_images_are_in_memory_at_once(tiny, tiny_run):
    read = []
    images = [Given(str(i), lambda i=i: read.append(i) or tiny.test.images[0]) for i in range(1000)]
    stream = predict_each(tiny_run, images)
    next(stream)
    assert len(read) <= AHEAD
    stream.close()
    assert len(read) <= AHEAD + MAX_THREADS


def test_a_defect_while_decoding_is_not_hidden(tiny_run):
    def broken():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(predict_each(tiny_run, [Given("1", broken), Given("2", broken)]))


def test_parts_are_read_from_left_to_right(tiny, tiny_run, monkeypatch):
    """What finds the parts has tests of its own; here the two halves of an image are the parts."""
    images = tiny.test.images[:3]
    boxes = tuple(Box(0, 28, 28 * i, 28 * i + 28) for i in range(3))
    nothing = np.zeros((28, 84), bool)
    found = Found(np.hstack(images), 1, nothing, nothing, Box(0, 28, 0, 84), boxes)
    framed = tuple(Framed(image, found, (("image", image), ("seen", image))) for image in images)
    monkeypatch.setattr(Preprocessing, "split", lambda self, source, name: framed)
    monkeypatch.setattr(Preprocessing, "explain", lambda self, source, name: framed[0])
    expected = [tiny_run.network.predictions(image[None])[0] for image in images]
    [reading] = predict_each(tiny_run, given_images([np.hstack(images)]), split=True)
    assert reading.label == "".join(expected)
    assert reading.probability == pytest.approx(np.prod([part.probability for part in reading.parts]))
    assert str(reading) == f"{reading.label} {reading.probability:.1%}"
    values = reading.to_dict()
    assert (values["label"], values["num_parts"]) == (reading.label, 3)
    assert [part["label"] for part in values["parts"]] == expected
    words = dataclasses.replace(reading.parts[0], classes=("bag", *"123456789"))
    assert ", " in Reading("x", (words, words)).label
    result = lenet.predict(tiny_run, np.hstack(images))
    assert (result.num_parts, result.framed.found, result.label) == (3, found, expected[0])
    assert [answer.parts[0].framed for answer in predict_each(tiny_run, [Given("1", lambda: images[0])])] == [None]


def test_numbers_written_by_hand_are_read(real_data, tmp_path):
    run = lenet.train("mnist", data_dir=real_data, epochs=1, out=tmp_path / "run", progress="quiet")
    numbers = ["10", "11", "42", "2026", "738", "905"]
    paths = [tmp_path / f"{number}.image" for number in numbers]
    for path, number in zip(paths, numbers, strict=True):
        path.write_bytes(drawings.write_row("digit", [int(digit) for digit in number], seed=1))
    readings = list(predict_each(run, given_images(paths), split=True))
    assert [len(reading.parts) for reading in readings] == [len(number) for number in numbers]
    assert sum(reading.label == number for reading, number in zip(readings, numbers, strict=True)) >= len(numbers) - 1
    assert [prediction.num_parts for prediction in lenet.predict_many(run, paths)] == [
        len(number) for number in numbers
    ]
