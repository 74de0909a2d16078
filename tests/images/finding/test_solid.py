"""Solid objects on their ground."""

import numpy as np
import pytest

from lenet.images.finding.ground import continued, find_ground
from lenet.images.finding.solid import find_solid

Y, X = np.mgrid[:200, :200]
SHIRT = ((np.abs(X - 100) < 35) & (np.abs(Y - 100) < 70)) | ((np.abs(X - 100) < 70) & (np.abs(Y - 55) < 22))


def scene(light=1.0, ground=(240, 238, 230), cloth=(60, 40, 90)):
    image = np.where(SHIRT[:, :, None], np.array(cloth), np.array(ground)) * np.asarray(light)[..., None]
    return image.astype(np.float32)


def agreement(mask, expected=SHIRT):
    return (mask & expected).sum() / (mask | expected).sum()


@pytest.mark.parametrize(
    ("light", "ground", "cloth"),
    [
        (1.0, (240, 238, 230), (60, 40, 90)),
        (1.0, (30, 30, 34), (200, 190, 180)),
        (1.0, (0, 160, 90), (236, 64, 30)),  # of nearly one brightness
        (1 - 0.6 * ((Y - 100) ** 2 + (X - 100) ** 2) / 20_000, (240, 238, 230), (60, 40, 90)),
        (1 - 0.4 / (1 + np.exp((np.hypot(Y - 200, X) - 90) / 6)), (240, 238, 230), (60, 40, 90)),  # a corner's shadow
    ],
)
def test_the_outline_is_found_on_any_ground(light, ground, cloth):
    assert agreement(find_solid(scene(light, ground, cloth)).kept) > 0.95


@pytest.mark.parametrize("width", [1, 3, 10])
def test_frames_and_strips_are_left_out(width):
    image = scene()
    image[:width] = image[-width:] = image[:, :width] = 20
    assert agreement(find_solid(image).kept) > 0.95


def test_a_tag_is_dropped_and_a_second_object_is_a_part():
    image = scene()
    image[4:16, 4:30] = (200, 30, 40)
    assert agreement(find_solid(image).kept) > 0.95
    pair = find_solid(np.concatenate([scene(), scene()], axis=1))
    assert [agreement(part[:, :200]) > 0.95 for part in pair.parts] == [True, False]


def test_a_sheet_is_the_ground_of_what_lies_on_it():
    desk = np.full((320, 320, 3), (90, 60, 40), np.float32)
    desk[60:260, 60:260] = scene()
    reading = find_solid(desk)
    assert agreement(reading.kept, np.pad(SHIRT, 60)) > 0.9


def test_an_object_that_fills_the_image_is_no_ground():
    image = scene()[30:172, 30:170]
    assert agreement(find_solid(image).kept, SHIRT[30:172, 30:170]) > 0.9


def test_a_plain_rectangle_with_a_small_detail_is_the_object():
    image = np.full((200, 200, 3), 240, np.float32)
    image[50:150, 30:170] = 60
    image[90:100, 95:105] = 90
    assert find_solid(image).kept.sum() > 0.95 * 100 * 140


def test_nothing_is_found_on_an_even_ground():
    assert find_solid(np.full((150, 150, 3), 99, np.float32)) is None


def test_a_ground_is_continued_smoothly():
    slope = np.repeat(np.linspace(50, 150, 120, dtype=np.float32)[None, :], 100, axis=0)[:, :, None]
    known = np.ones((100, 120), bool)
    known[30:60, 40:80] = False
    result = continued(np.where(known[:, :, None], slope, 0), known)
    assert np.abs(result - slope)[30:60, 40:80].max() < 12
    ground, seen = find_ground(slope)
    assert seen.all()
    assert np.abs(ground - slope).max() < 6


@pytest.mark.parametrize("pale", [34.0, 40.0])
def test_a_part_nearly_as_bright_as_the_ground_belongs_to_the_object(pale):
    image = np.full((200, 200, 1), 20, np.float32)
    image[40:80, 60:140] = 220  # light sleeves above a dark body
    image[80:160, 70:130] = pale
    reading = find_solid(image)
    assert reading.kept[85:155, 75:125].mean() > 0.95
    assert reading.kept[:30].sum() == 0


def test_a_soft_shadow_beside_an_object_is_ground():
    y, x = np.mgrid[:200, :200]
    shadow = 25 * np.exp(-(((y - 130) / 40.0) ** 2) - ((x - 130) / 40.0) ** 2)
    image = (230 - shadow)[:, :, None].astype(np.float32)
    image[50:120, 50:120] = 40
    assert find_solid(image).kept[130:, 130:].sum() == 0
