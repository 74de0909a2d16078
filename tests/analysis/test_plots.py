import io

import numpy as np
import pytest
from PIL import Image

import lenet
from lenet.analysis import plots
from lenet.data.dataset import Dataset, Splits
from lenet.display.curve import draw, draw_many
from lenet.display.style import rendered
from lenet.errors import ConfigError
from lenet.runs.run import Run


def opened(path):
    with Image.open(path) as image:
        image.load()
        return image


def test_save_evaluation(tiny, tiny_run):
    wrong = Splits(tiny.train, Dataset("toy", tiny.test.images, np.roll(tiny.test.labels, 1), tiny.test.classes), "")
    paths = plots.save_evaluation(tiny_run, lenet.evaluate(tiny_run, wrong))
    assert [path.name for path in paths] == ["confusion-toy-test.png", "mistakes-toy-test.png"]
    assert all(min(opened(path).size) > 400 for path in paths)


def test_confusion_shows_every_count(tiny, tiny_run):
    result = lenet.evaluate(tiny_run, tiny)
    texts = sorted(text.get_text() for text in plots.draw_confusion(result).axes[0].texts)
    assert texts == sorted(str(n) for n in result.confusion.ravel() if n)


def test_no_mistakes_give_an_empty_grid(tiny, tiny_run):
    result = lenet.evaluate(tiny_run, tiny)
    result.mistakes.clear()
    figure = plots.draw_mistakes(result)
    assert not any(axes.images for axes in figure.axes)


def test_samples_are_of_their_class(tiny):
    figure = plots.draw_samples(tiny.train)
    shown = [axes.images[0].get_array() for axes in figure.axes[: plots.SAMPLES]]
    of_class = tiny.train.images[tiny.train.labels == 0]
    for image, expected in zip(shown, of_class, strict=False):
        np.testing.assert_array_equal(image, expected)


def test_run_names_differ(tiny_run, tmp_path):
    paths = [tmp_path / "a" / "run", tmp_path / "b" / "run"]
    assert plots.run_names([Run(path) for path in paths]) == [str(path) for path in paths]
    assert plots.run_names([tiny_run, tiny_run]) == [f"1: {tiny_run.path}", f"2: {tiny_run.path}"]
    assert (
        len(draw_many(dict(zip(plots.run_names([tiny_run, tiny_run]), [tiny_run] * 2, strict=True))).axes[0].lines) == 2
    )


def test_save_comparison(tiny_run, tmp_path):
    figure = draw_many({"one": tiny_run, "two": tiny_run})
    assert [line.get_label() for line in figure.axes[0].lines] == ["one", "two"]
    plots.save_comparison([tiny_run, tiny_run], tmp_path / "both.svg")
    assert (tmp_path / "both.svg").read_text().startswith("<?xml")
    with pytest.raises(ConfigError, match="one run to compare"):
        plots.save_comparison([tiny_run], tmp_path / "one.png")
    with pytest.raises(ConfigError, match=r"expected a \.png or \.svg file"):
        plots.save_comparison([tiny_run, tiny_run], tmp_path / "chart")
    with pytest.raises(ConfigError, match="cannot write"):
        plots.save_comparison([tiny_run, tiny_run], tmp_path / "nowhere" / "chart.png")


def test_differences(tiny, tiny_run, tmp_path):
    other = lenet.train(tiny, recipe="book-sgd", epochs=1, seed=5, out=tmp_path / "other", progress="quiet")
    found = plots.differences([tiny_run, other])
    assert found["seed"] == [0, 5]
    assert found["recipe"] == ["fast", "book-sgd"]
    assert "flip" not in found


def test_curve_has_the_points_of_the_metrics(tiny_run):
    figure = draw(tiny_run.metrics, "title", 2)
    loss, accuracy = figure.axes
    test_line = accuracy.lines[-1]
    assert test_line.get_ydata().tolist() == [point.test_accuracy for point in tiny_run.epochs]
    assert loss.lines[0].get_ydata().tolist() == [point.train_loss for point in tiny_run.chunks]
    assert f"{tiny_run.test_accuracy:.1%} at the end" in test_line.get_label()


def test_charts_are_deterministic(tiny_run):
    one, two = (rendered(draw(tiny_run.metrics, "title", 2), "svg") for _ in range(2))
    assert one == two
    with Image.open(io.BytesIO(rendered(draw([], "nothing yet", 2), "png"))) as empty:
        assert empty.size == (1350, 540)
