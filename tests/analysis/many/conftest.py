"""A folder of images of several kinds, some of which cannot be read."""

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(scope="session")
def photos(tiny, tmp_path_factory):
    """Forty files in two folders: images as they are, moved, large, in colour; and files that are none."""
    folder, random = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    for name in ("a", "b"):
        (folder / name).mkdir()
    for number in range(40):
        path = folder / "ab"[number % 2] / f"{number}.{'jpg' if number % 3 else 'png'}"
        image = tiny.test.images[number]
        if number % 8 == 1:
            image = np.roll(image, 3, axis=0)
        if number % 8 == 2:
            image = random.integers(0, 256, (40, 50, 3), np.uint8)
        Image.fromarray(image).save(path)
    (folder / "a" / "6.png").write_bytes(b"")
    (folder / "b" / "11.jpg").write_text("<html>")
    (folder / "b" / "13.jpg").write_bytes((folder / "b" / "13.jpg").read_bytes()[:200])
    return folder
