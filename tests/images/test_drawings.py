"""The test images of our own: many conditions, each an image that follows from its seed."""

import drawings
import pytest

from lenet.images.decode import decode


@pytest.mark.parametrize("kind", drawings.KINDS)
def test_there_are_many_conditions_with_a_sentence_each(kind):
    conditions = drawings.conditions(kind)
    assert len(conditions) >= (100 if kind == "digit" else 70)
    assert all(condition.sentence.endswith(".") for condition in conditions)


def test_an_image_follows_from_condition_label_and_seed():
    first = drawings.draw("vignette", "digit", 5, seed=1)
    assert first == drawings.draw("vignette", "digit", 5, seed=1)
    others = [
        ("vignette", "digit", 5, 3),
        ("vignette", "digit", 6, 1),
        ("lamp", "digit", 5, 1),
        ("vignette", "garment", 5, 1),
    ]
    assert first not in [drawings.draw(condition, kind, label, seed) for condition, kind, label, seed in others]


def test_a_drawing_is_a_file_that_decodes(tmp_path):
    for condition in ("plain", "palette", "transparent", "on_its_side"):
        path = drawings.save(tmp_path, condition, "garment", 9, seed=1)
        assert decode(path, path.name).shape[:2] == (400, 400)


def test_several_objects_stand_side_by_side(tmp_path):
    path = tmp_path / "year.png"
    path.write_bytes(drawings.write_row("digit", [2, 0, 2, 6], seed=1))
    height, width = decode(path, path.name).shape[:2]
    assert width > 2 * height
    assert drawings.write_row("garment", [0, 0], seed=1) != drawings.write_row("garment", [0, 0], seed=3)
