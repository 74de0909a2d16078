"""The strip that explains an answer."""

import dataclasses
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageChops

from lenet.analysis import strip
from lenet.analysis.answer import Prediction, Reading
from lenet.errors import ConfigError
from lenet.images.found import Box, Found, Framed

DIGITS = tuple("0123456789")


def found(*parts):
    """A 4 between a margin line and a second stroke, on a copy at half the size."""
    copy = np.full((60, 80), 250, np.uint8)
    copy[10:40, 30:34] = copy[25:29, 20:40] = copy[10:40, 55:59] = copy[:, 5] = 20
    kept = copy == 20
    kept[:, 5] = False
    dropped = (copy == 20) & ~kept
    return Found(copy, 2, kept, dropped, Box(20, 80, 40, 118), parts or (Box(20, 80, 40, 118),))


def prediction(what=None, classes=DIGITS, name="photos/four.png"):
    seen = np.zeros((28, 28), np.uint8)
    seen[4:24, 12:16] = 255
    steps = (("image", what.copy if what else seen), ("scaled", seen[4:24, 8:20]), ("what the network sees", seen))
    probabilities = np.linspace(1, 2, len(classes)) ** 8
    num_parts = len(what.parts) if what else 1
    framed = Framed(seen, what, steps)
    return Prediction(name, classes, probabilities / probabilities.sum(), seen, None, num_parts, framed)


def reading(*parts):
    return Reading(parts[0].image, parts)


def has(image, colour, least=20):
    """Whether so many pixels have exactly that colour."""
    return int((np.asarray(image) == colour).all(axis=2).sum()) >= least


def test_a_row_has_the_image_what_was_found_each_step_and_the_probabilities():
    drawn = strip.draw_strip(reading(prediction(found())))
    columns = 3 + 2 + 1
    assert drawn.width == strip.GAP + columns * (strip.EDGE + strip.GAP)
    for colour in (strip.KEPT, strip.DROPPED, strip.BOX, strip.INK):
        assert has(drawn, colour)
    nothing_looked_for = strip.draw_strip(reading(prediction()))
    assert nothing_looked_for.width == strip.GAP + (1 + 2 + 1) * (strip.EDGE + strip.GAP)
    assert not has(nothing_looked_for, strip.DROPPED, 1)


def test_each_part_that_is_read_has_a_row():
    two = found(Box(20, 80, 40, 80), Box(20, 80, 110, 118))
    one_row = strip.draw_strip(reading(prediction(two)))
    three_rows = strip.draw_strip(reading(prediction(two), prediction(two)))
    assert three_rows.height > 2.5 * one_row.height
    assert has(three_rows, strip.BOX)


@pytest.mark.parametrize("name", ["a" * 300, "五/五.png", "$\\q$.png", ".png", "üß.jpg"])
def test_any_name_is_drawn(tmp_path, name):
    answer = reading(prediction(found(), (*DIGITS, "一二三", "x" * 90), name))
    assert strip.draw_strip(answer).getbbox()
    if len(name) < 200:
        assert strip.save_strip(answer, tmp_path, Counter()).is_file()


def test_colours_wide_and_tiny_images():
    base = found()
    colour = np.repeat(base.copy[..., None], 3, axis=2)
    in_colour = Found(colour, 2, base.kept, base.dropped, base.box, base.parts)
    assert strip.draw_strip(reading(prediction(in_colour))).getbbox()
    for shape in ((1, 200), (200, 1), (1, 1)):
        pixels, nothing = np.zeros(shape, np.uint8), np.zeros(shape, bool)
        box = Box(0, shape[0], 0, shape[1])
        assert strip.draw_strip(reading(prediction(Found(pixels, 1, nothing, nothing, box, (box,))))).getbbox()


def test_images_with_the_same_name_have_strips_of_their_own(tmp_path):
    used = Counter()
    answers = [reading(prediction(found(), name=name)) for name in ("a/1.jpeg", "b/1.png", "cat.png")]
    paths = [strip.save_strip(answer, tmp_path, used) for answer in answers]
    assert [path.name for path in paths] == ["1-seen.png", "1-seen-2.png", "cat-seen.png"]
    with Image.open(paths[0]) as one, Image.open(paths[1]) as other:
        assert one.format == "PNG"
        assert ImageChops.difference(one, other).getbbox()  # their names are in them
    with pytest.raises(ConfigError, match="cannot write"):
        strip.save_strip(answers[0], Path(tmp_path / "nowhere"), used)


def test_an_unknown_image_is_said_to_be(monkeypatch):
    titles = []
    real = strip._drawn

    def drawn(title, rows):
        titles.extend((panel.title, panel.text) for row in rows for panel in row)
        return real(title, rows)

    monkeypatch.setattr(strip, "_drawn", drawn)
    unknown = dataclasses.replace(prediction(found()), outlier_score=2.0, reason="unlike the training images")
    strip.draw_strip(reading(unknown))
    assert titles[-1] == ("unknown, nearest 9", "unlike the training images")
