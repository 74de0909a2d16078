"""Images unlike those of the training."""

import numpy as np
from charts import said

from lenet.analysis.lab import out_of_distribution
from lenet.analysis.lab.out_of_distribution import kinds_of_images, measure


def test_kinds_have_the_same_size(tiny):
    kinds = kinds_of_images(tiny.test, tiny.train)
    assert next(iter(kinds)) == "toy, its own"
    for images in kinds.values():
        assert images.dtype == np.uint8
        assert images.shape[1:] == (28, 28)
        assert images.flags.c_contiguous
    assert (kinds["toy, upside down"][3, 0] == tiny.test.images[3, -1]).all()
    assert (kinds["one grey all over"].reshape(256, -1).std(axis=1) == 0).all()


def test_confidence_by_hand():
    first = np.array([[0.95, 0.05], [0.4, 0.6]])
    second = np.array([[0.2, 0.8], [0.1, 0.9]])
    numbers = measure([first, second], ["a", "b"])
    np.testing.assert_allclose(numbers["confidence"], [0.775, 0.85])
    assert numbers["sure"] == [0.5, 0.5]
    assert (numbers["named"], numbers["share"]) == ("b", 0.75)


def test_the_kind_with_the_most_confidence_is_named():
    each = {"confidence": [0.5], "named": "a", "share": 0.5}
    kinds = {"own": each | {"sure": [1.0]}, "x": each | {"sure": [0.2]}, "y": each | {"sure": [0.4]}}
    table = out_of_distribution.table({"kinds": kinds})
    assert "for 40% of 'y' the confidence is over 90%" in table.conclusions[0]
    assert table.columns == ["images", "mean confidence", "confidence over 90%", "most frequent prediction"]
    assert table.rows[0] == ["own", "0.5000", "1.0000", "a, 50%"]


def test_the_chart_has_a_row_of_images_for_each_kind(tiny):
    images, results = tiny.test.images[:8], np.tile([0.25, 0.75], (8, 1))
    figure = out_of_distribution.draw({"own": (images, results), "other": (255 - images, results)}, ["a", "b"])
    assert [part.get_suptitle() for part in figure.subfigs] == ["own", "other"]
    for part, shown in zip(figure.subfigs, (images, 255 - images), strict=True):
        assert [said(axes) for axes in part.axes] == [{"title": "b 75%"}] * 8
        assert all((axes.images[0].get_array() == image).all() for axes, image in zip(part.axes, shown, strict=True))
        assert not any(axes.axison for axes in part.axes)
