"""The images in the body of a request: image files, IDX files, and JSON with pixels or with files in base64.

`read_small` takes what needs no more than some microseconds; `read` takes everything, and finds the object in each image.
"""

import base64
import binascii
from typing import Any

import numpy as np

from lenet.deploy.server.limits import SMALL, Limits
from lenet.deploy.server.responses import HttpError
from lenet.deploy.server.small_images import filtered_rows, idx_images, is_idx
from lenet.deploy.server.tasks import EXPLAIN, Body, Task
from lenet.files import untrusted
from lenet.images.arrays import from_array
from lenet.images.found import Framed
from lenet.images.levels import SMALL_WHITE
from lenet.images.pixels import Pixels

FORMS = '{"pixels": [[0, 255, …], …]}, or {"images": ["base64 of a file", …]}'
INVERTED = "inverted: its background is the opposite of the training images'"


def read_small(task: Task, limits: Limits) -> bool:
    """Read a small body: set `pixels` or `filtered`, and return True; return False for one that `read` must take.

    Raises:
        HttpError: the body is not JSON.
    """
    if len(task.body) > SMALL:
        return False
    if task.media is Body.IMAGE:
        _read_small_file(task)
    elif b"true" not in task.body and b"false" not in task.body:
        _read_small_json(task)
    count = len(task.filtered) if task.pixels is None else len(task.pixels)
    if count > limits.images:
        task.filtered, task.pixels = [], None
    return 0 < count <= limits.images


def _read_small_file(task: Task) -> None:
    body, shape = task.body, task.network.preprocessing.shape
    rows = filtered_rows(body, shape)
    if rows is not None:
        task.filtered = [rows]
    elif is_idx(body) and (images := idx_images(body)) is not None and images.shape[1:] == shape:
        task.pixels, task.is_list = images, body[3] > 2


def _read_small_json(task: Task) -> None:
    values, shape = parsed(task.body), task.network.preprocessing.shape
    if len(values) == 1 and "pixels" in values and len(shape) == 2:
        task.pixels = _small_pixels(values["pixels"], shape)
    elif len(values) == 1 and "images" in values:
        task.filtered, task.is_list = _small_files(values["images"], shape), True


def _small_files(texts: Any, shape: tuple[int, ...]) -> list[bytes]:
    """The rows of small PNGs in base64; none if one of them is anything else."""
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        return []
    try:
        images = [filtered_rows(binascii.a2b_base64(text, strict_mode=True), shape) for text in texts]
    except ValueError:
        return []
    found = [image for image in images if image is not None]
    return found if len(found) == len(images) else []


def _small_pixels(rows: Any, shape: tuple[int, ...]) -> Pixels | None:
    """Rows of whole numbers as an image of the network's size; None if they are anything else."""
    height, width = shape
    if type(rows) is not list or len(rows) != height:
        return None
    if not all(type(row) is list and len(row) == width for row in rows):
        return None
    try:
        content = b"".join(map(bytes, rows))
    except (TypeError, ValueError):
        return None
    if max(content) <= SMALL_WHITE:  # white may be another number than 255
        return None
    return np.frombuffer(content, np.uint8).reshape(1, height, width)


def read(task: Task, limits: Limits) -> None:
    """Read any body: set `seen` and `warnings`.

    Raises:
        HttpError: it is not JSON, or JSON of another form, or has too many images.
        ImageError: an image cannot be read, is too large, or shows nothing.
    """
    if task.pixels is not None:  # found not to be framed
        sources: list[Any] = list(task.pixels)
    elif task.media is Body.IMAGE:
        sources = _files(task)
    else:
        sources = _json_images(task, limits)
    if task.kind == EXPLAIN and len(sources) != 1:
        raise HttpError("bad_value", f"the body has {len(sources)} images; expected one", "send them one by one")
    if len(sources) > limits.images:
        count = f"{len(sources):,} images; expected at most {limits.images}"
        raise HttpError("too_large", f"the body has {count}", "send several requests")
    seen = []
    for number, source in enumerate(sources):
        framed = task.network.preprocessing.explain(source, f"image {number}" if task.is_list else "the image")
        seen.append(framed.seen)
        task.warnings.append(_warnings(framed))
    task.seen = np.stack(seen)


def parsed(body: bytes) -> dict[str, Any]:
    """Return the object in a body. Raises HttpError if it is no JSON, or no object."""
    try:
        values = untrusted.parse_json(body)
    except ValueError as error:
        message = f"the body is not JSON: {untrusted.printable(error)}"
        raise HttpError("bad_json", message, f"expected {FORMS}; an image file is sent as it is") from error
    if not isinstance(values, dict):
        raise HttpError("bad_value", f"the body is a JSON {type(values).__name__}; expected an object", FORMS)
    return values


def _files(task: Task) -> list[Any]:
    if not is_idx(task.body):
        return [task.body]
    images = idx_images(task.body)
    if images is None:
        message = "the body is an IDX file whose size does not fit its dimensions, or has other than 3 channels"
        raise HttpError("bad_image", message, "expected uint8 of (N, height, width), or (N, height, width, 3)")
    task.is_list = task.body[3] > 2
    return list(images)


def _json_images(task: Task, limits: Limits) -> list[Any]:
    values = parsed(task.body)
    if set(values) not in ({"pixels"}, {"images"}):
        names = untrusted.printable(sorted(values))
        raise HttpError("bad_value", f"the body has the entries {names}; expected pixels or images", FORMS)
    if "pixels" in values:
        return [_pixels(values["pixels"])]
    images = values["images"]
    if not isinstance(images, list) or not 1 <= len(images) <= limits.images:
        what = f"{len(images)} entries" if isinstance(images, list) else type(images).__name__
        raise HttpError("bad_value", f"images is {what}; expected a list of 1 to {limits.images} texts", FORMS)
    task.is_list = True
    return [_decoded(text, number) for number, text in enumerate(images)]


def _pixels(values: Any) -> Pixels:
    if not _are_numbers(values):
        message = "pixels is not a list of rows of numbers of one length"
        raise HttpError("bad_value", message, "expected (height, width) or (height, width, channels) as nested lists")
    try:
        array = np.array(values)
    except (ValueError, OverflowError) as error:
        raise HttpError("bad_value", f"pixels: {untrusted.printable(error)}", "expected rows of one length") from error
    if array.dtype.kind not in "iuf" or array.ndim not in (2, 3):
        message = f"pixels has {array.ndim} dimensions of {array.dtype}; expected 2 or 3 of numbers"
        raise HttpError("bad_value", message, "expected (height, width) or (height, width, channels) as nested lists")
    return from_array(array, "pixels")


def _are_numbers(values: Any) -> bool:
    """Whether nested lists hold nothing but numbers; true and false are none."""
    if isinstance(values, list):
        return all(map(_are_numbers, values))
    return isinstance(values, int | float) and not isinstance(values, bool)


def _decoded(text: Any, number: int) -> bytes:
    if not isinstance(text, str):
        raise HttpError("bad_value", f"images[{number}] is {type(text).__name__}; expected a text in base64", FORMS)
    if text.startswith("data:"):
        text = text.partition(",")[2]
    try:
        content = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error) as error:
        raise HttpError("bad_value", f"images[{number}] is not base64: {error}", FORMS) from error
    return content


def _warnings(framed: Framed) -> list[str]:
    if framed.found is not None and len(framed.found.parts) > 1:
        return [f"it shows {len(framed.found.parts)} objects of similar size; the answer is for all or the largest"]
    return []
