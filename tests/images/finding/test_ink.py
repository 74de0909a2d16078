"""Ink on its ground: what is kept, what is dropped, and how many parts there are."""

import numpy as np
import pytest

from lenet.images.finding.ink import find_ink, parts_of

Y, X = np.mgrid[:200, :200]
RING = np.abs(np.hypot((Y - 100) / 1.4, X - 100) - 32) < 6  # a 0 of strokes of twelve pixels


def sheet(ink=RING, ground=230.0, level=40.0):
    return np.where(ink, level, ground).astype(np.float32)


def agreement(mask, expected):
    return (mask & expected).sum() / (mask | expected).sum()


@pytest.mark.parametrize("colours", [(230, 40), (40, 230), (120, 100)])
def test_ink_may_be_dark_or_light_or_pale(colours):
    reading = find_ink(sheet(RING, *colours))
    assert agreement(reading.kept, RING) > 0.85
    assert not reading.dropped.any()
    assert reading.contrast == pytest.approx(abs(colours[0] - colours[1]), rel=0.1)


@pytest.mark.parametrize(
    "light",
    [
        1 - 0.6 * ((Y - 100) ** 2 + (X - 100) ** 2) / 20_000,  # a vignette
        0.4 + 0.6 * X / 200,
        np.where(X > 130, 0.6, 1),  # the hard edge of a shadow, through the ink
        np.where((Y > 150) & (X < 80), 0.5, 1),
    ],
)
def test_light_may_fall_unevenly(light):
    reading = find_ink((sheet() * light).astype(np.float32))
    assert agreement(reading.kept, RING) > 0.8


@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        (slice(0, 1), slice(None)),  # one side of a frame
        (slice(None), slice(0, 14)),  # a scanner's strip
        (slice(60, 64), slice(0, 40)),  # a stroke of a neighbour
        (slice(180, 183), slice(185, 188)),  # a speck
        (slice(None), slice(20, 22)),  # a margin line
    ],
)
def test_what_is_around_is_dropped(rows, columns):
    image = sheet()
    image[rows, columns] = 40
    reading = find_ink(image)
    assert agreement(reading.kept, RING) > 0.85
    assert reading.dropped[rows, columns].any()


def test_a_box_around_the_ink_is_dropped():
    image = sheet()
    image[20:180, [20, 21, 178, 179]] = image[[20, 21, 178, 179], 20:180] = 40
    assert agreement(find_ink(image).kept, RING) > 0.85


def test_paper_on_a_desk_is_ground():
    desk = np.full((300, 320), 60, np.float32)
    desk[40:240, 60:260] = sheet()
    assert agreement(find_ink(desk).kept, np.pad(RING, ((40, 60), (60, 60)))) > 0.8


def test_a_bar_that_is_drawn_apart_belongs_to_its_digit():
    ink = np.zeros((200, 200), bool)
    ink[60:150, 80:92] = ink[40:52, 84:130] = True
    reading = find_ink(sheet(ink))
    assert agreement(reading.kept, ink) > 0.85
    assert len(reading.parts) == 1


def test_ink_that_touches_the_border_is_found():
    image = sheet()[48:150, 60:142]
    assert agreement(find_ink(image).kept, RING[48:150, 60:142]) > 0.8


def test_nothing_is_found_on_an_even_sheet():
    noise = np.random.default_rng(0).normal(200, 1, (200, 200)).astype(np.float32)
    assert find_ink(noise) is None


def test_parts_are_counted_from_left_to_right():
    two = np.zeros((100, 200), bool)
    two[20:80, 120:130] = two[18:84, 40:60] = True
    two[30:34, 66:80] = True  # belongs to the left one
    left, right = parts_of(two)
    assert left[:, :100].sum() == two[:, :100].sum()
    assert not left[:, 100:].any()
    assert right.sum() == 600
    (one,) = parts_of(two & (np.arange(200) < 100))
    assert one.sum() == left.sum()
