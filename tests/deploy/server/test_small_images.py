"""Small PNGs decoded many at once: as Pillow decodes each."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image
from serving import ask, png

from lenet.deploy.server.small_images import filtered_rows, unfiltered


def with_filters(image, filters):
    """A PNG whose rows have these filters."""
    height, width = image.shape[:2]
    pixels, step = image.reshape(height, -1).astype(np.int64), image.size // (height * width)
    rows = []
    for number, kind in enumerate(filters):
        row, above = pixels[number], pixels[number - 1] if number else np.zeros_like(pixels[0])
        left, corner = (np.concatenate([np.zeros(step, np.int64), each[:-step]]) for each in (row, above))
        base = left + above - corner
        distances = np.abs(base - np.stack([left, above, corner]))
        paeth = np.stack([left, above, corner])[distances.argmin(axis=0), np.arange(len(row))]
        guess = [0, left, above, (left + above) // 2, paeth][kind] if kind < 5 else 0
        rows.append(bytes([kind]) + ((row - guess) % 256).astype(np.uint8).tobytes())
    header = struct.pack(">IIBBBBB", width, height, 8, 2 if step == 3 else 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"".join(rows))), (b"IEND", b"")]
    parts = [
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize("shape", [(28, 28), (7, 9, 3)])
def test_all_filters(shape):
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (12, *shape), np.uint8)
    files = [with_filters(image, generator.integers(0, 5, shape[0])) for image in images]
    assert all(
        np.array_equal(np.asarray(Image.open(io.BytesIO(file))), image)
        for file, image in zip(files, images, strict=True)
    )
    rows = [filtered_rows(file, shape) for file in files]
    assert None not in rows
    assert np.array_equal(unfiltered(rows, shape), images)


def test_what_is_not_plain_is_left_to_others(images):
    image = images[0]
    assert filtered_rows(png(image), (28, 28)) is not None
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG", dpi=(72, 72))
    others = [file.getvalue(), png(image[:20]), png(np.dstack([image] * 3)), png(image)[:-20], png(image)[:-1], b""]
    damaged = bytearray(png(image))
    damaged[60] ^= 1
    for other in (*others, bytes(damaged)):
        assert filtered_rows(other, (28, 28)) is None


def test_an_unknown_filter_is_refused_and_harms_no_other(url, images):
    status, _, answer = ask(url, "/v1/predict", with_filters(images[0], [5] * 28), "image/png")
    assert (status, answer["error"]["code"]) == (422, "bad_image")
    with pytest.raises(ValueError, match=r"."):
        unfiltered([bytes([9]) * 29 * 28], (28, 28))
