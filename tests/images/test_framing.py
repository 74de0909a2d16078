"""Each step from a decoded image to the network's input, by numbers that can be checked by hand."""

import numpy as np
import pytest

from lenet.images.framing import corners, frame, is_light, place, scale_to_fit, split, stretch_contrast


def with_corners(shape, values):
    """An image of which each corner, a twentieth of the edges, has its value, and everything else 99."""
    image = np.full(shape, 99, np.uint8)
    height, width = (max(1, round(edge / 20)) for edge in shape)
    image[:height, :width], image[:height, -width:], image[-height:, :width], image[-height:, -width:] = values
    return image


@pytest.mark.parametrize("shape", [(2, 2), (28, 28), (40, 100), (101, 30)])
def test_the_corners_are_a_twentieth_of_the_edges(shape):
    image = with_corners(shape, (10, 20, 30, 40))
    assert corners(image).tolist() == [[10, 20], [30, 40]]
    many = corners(np.stack([image, 255 - image]))
    assert many.tolist() == [[[10, 20], [30, 40]], [[245, 235], [225, 215]]]
    assert many.dtype == np.float32


def test_an_image_is_light_if_its_corners_are_on_average():
    assert is_light(with_corners((9, 9), (255, 255, 0, 1)))
    assert not is_light(with_corners((9, 9), (255, 255, 0, 0)))
    assert not is_light(with_corners((9, 9), (120, 120, 120, 120)), 120)
    assert is_light(with_corners((9, 9), (121, 120, 120, 120)), 120)


def test_an_image_becomes_smaller_by_averages_and_larger_by_interpolation(monkeypatch):
    pixels = np.arange(32, dtype=np.float32).reshape(4, 8)
    halved = scale_to_fit(pixels, (2, 9))
    assert halved.tolist() == [[4.5, 6.5, 8.5, 10.5], [20.5, 22.5, 24.5, 26.5]]
    monkeypatch.setattr("lenet.images.pixels.CHUNK", 8)
    assert np.array_equal(scale_to_fit(pixels, (2, 9)), halved)
    assert scale_to_fit(pixels, (99, 16)).shape == (8, 16)
    assert scale_to_fit(np.full((1, 2), 7, np.float32), (4, 4)).tolist() == [[7] * 4] * 2
    assert np.array_equal(scale_to_fit(pixels, (4, 8)), pixels)


@pytest.mark.parametrize(
    ("shape", "frame", "expected"),
    [
        ((1, 100), (20, 20), (1, 20)),
        ((100, 1), (20, 20), (20, 1)),
        ((30, 20), (10, 99), (10, 7)),
        ((3, 9), (9, 9), (3, 9)),
    ],
)
def test_proportions_are_kept_and_no_edge_vanishes(shape, frame, expected):
    assert scale_to_fit(np.ones(shape, np.float32), frame).shape == expected


def test_contrast_is_stretched_from_the_noise_to_the_brightest():
    pixels = np.array([[-5, 0, 10, 20, 110]], np.float32)
    assert stretch_contrast(pixels, 10).tolist() == [[0, 0, 0, 26, 255]]  # 25.5, to the even number
    assert stretch_contrast(pixels, 0).tolist() == [[0, 0, 23, 46, 255]]
    assert stretch_contrast(pixels, 100).tolist() == [
        [0, 0, 0, 0, 255]
    ]  # noise counts to a quarter of the peak at most
    assert stretch_contrast(np.zeros((1, 2), np.float32), 5).tolist() == [[0, 0]]


@pytest.mark.parametrize(
    ("size", "shape", "top", "left"),
    [((9, 9), (3, 3), 3, 3), ((9, 9), (4, 2), 3, 4), ((8, 10), (3, 10), 3, 0), ((4, 4), (4, 4), 0, 0)],
)
def test_a_box_is_in_the_middle_with_the_odd_row_or_column_above_or_left(size, shape, top, left):
    image = place(np.full(shape, 9, np.uint8), size, "box", fill=1)
    expected = np.full(size, 1, np.uint8)
    expected[top : top + shape[0], left : left + shape[1]] = 9
    assert image.tolist() == expected.tolist()


def test_by_mass_the_centre_of_mass_is_in_the_middle_as_far_as_there_is_room():
    pixels = np.zeros((3, 5), np.uint8)
    pixels[1, 0] = 200
    image = place(pixels, (9, 9), "mass")
    assert np.argwhere(image).tolist() == [[4, 4]]
    image = place(pixels, (9, 7), "mass")
    assert np.argwhere(image).tolist() == [[4, 2]]  # five columns have room for a start of two at most
    pixels[1, 4] = 100  # a third of the mass: the centre is at 4/3
    assert np.argwhere(place(pixels, (9, 9), "mass")).tolist() == [[4, 3], [4, 7]]


def written(*columns, shape=(120, 300)):
    """Dark upright strokes on paper."""
    image = np.full(shape, 240, np.uint8)
    for column in columns:
        image[30:90, column : column + 8] = 30
        image[84:90, column : column + 24] = 30
    return image


def test_an_image_is_explained_step_by_step():
    framed = frame(written(100), (28, 28), "mass", "dark", "page")
    assert [title for title, _ in framed.steps] == ["image", "object", "scaled", "what the network sees"]
    assert framed.steps[2][1].shape == (20, 8)
    assert np.array_equal(framed.steps[-1][1], framed.seen)
    assert framed.seen.shape == (28, 28)
    assert np.abs(np.array(framed.found.box) - (30, 90, 100, 124)).max() <= 3
    assert np.array_equal(frame(written(100), (28, 28), "mass", "light", "page").seen, 255 - framed.seen)


def test_a_number_is_split_into_its_digits():
    page = written(40, 130, 220)
    whole = frame(page, (28, 28), "mass", "dark", "page")
    assert [box.left for box in whole.found.parts] == pytest.approx([40, 130, 220], abs=4)
    parts = split(page, (28, 28), "mass", "dark", "page")
    single = frame(written(100), (28, 28), "mass", "dark", "page").seen
    assert len(parts) == 3
    for part in parts:
        assert np.abs(part.seen.astype(int) - single).mean() < 4
    assert len(split(written(100), (28, 28), "mass", "dark", "page")) == 1


def test_of_a_pair_of_solid_objects_one_is_seen():
    pair = np.full((100, 240), 250, np.uint8)
    pair[20:80, 20:100] = pair[20:80, 130:220] = 40
    framed = frame(pair, (28, 28), "box", "dark", "page")
    assert len(framed.found.parts) == 2
    assert (framed.seen > 200).sum() > 0.95 * 28 * 18


def test_a_sharp_reduction_takes_the_middle_of_each_area():
    pixels = np.kron(np.arange(6, dtype=np.float32).reshape(2, 3), np.ones((40, 40), np.float32))
    edges = pixels.copy()
    edges[::40] = edges[39::40] = edges[:, ::40] = edges[:, 39::40] = 99
    assert scale_to_fit(edges, (2, 3), True).tolist() == [[0, 1, 2], [3, 4, 5]]
    assert scale_to_fit(edges, (2, 3)).min() > 5
    assert scale_to_fit(pixels, (120, 160), True).shape == (107, 160)


@pytest.mark.parametrize("ground", [20, 235])
def test_a_photo_between_bars_or_in_a_frame_is_no_image_of_the_data_set(ground):
    letter = np.full((280, 280), 255 - ground, np.uint8)
    letter[60:220, 100:180] = ground  # a garment on paper, of the bars' brightness
    framed = letter.copy()
    framed[:12] = framed[-12:] = framed[:, :12] = framed[:, -12:] = ground
    letter[:36] = letter[-36:] = ground
    for image in (letter, framed):
        seen = frame(image, (28, 28), "box", "dark", "photo").seen
        assert (seen[:, 7:21] > 200).mean() > 0.9
        assert (seen[:, :5] == 0).all()


def test_a_slope_of_light_is_no_even_ground():
    slope = np.tile(np.linspace(40, 110, 280, dtype=np.float32)[:, None], (1, 280)).astype(np.uint8)
    slope[40:240, 110:170] = 230
    seen = frame(slope, (28, 28), "box", "dark", "photo").seen
    assert (seen[:, :5] == 0).all()
    assert (seen[:, 12:16] > 150).all()


def test_noise_around_a_small_object_is_no_part_of_it():
    image = np.random.default_rng(0).integers(20, 23, (280, 280)).astype(np.uint8)
    image[100:140, 200:260] = 230
    assert (frame(image, (28, 28), "box", "dark", "photo").seen > 200).sum() > 400
