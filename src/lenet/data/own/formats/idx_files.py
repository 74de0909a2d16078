"""IDX files of any size and name: MNIST's, EMNIST's, QMNIST's, pairs of images and labels in one folder."""

import math
from pathlib import PurePosixPath
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from lenet.data import idx, mapped
from lenet.data.own.formats import arrays, emnist, words
from lenet.data.own.formats.class_list import read_class_list
from lenet.data.own.growing import Growing
from lenet.data.own.items import BadItems, Draft
from lenet.data.own.listing import Files
from lenet.data.own.sniff import kinds
from lenet.data.own.streams import CHUNK, MAX_TOTAL, has_number, unpacked
from lenet.errors import DataError

KINDS = ("idx",)
HINT = "get the file again, or leave it away"


def read(files: Files, names: list[str], bad: BadItems) -> Draft:
    """Read IDX files, each one of images with the one of its labels.

    Args:
        files: Where they are.
        names: Which; for a single one, the others of its data set are looked for beside it.
        bad: Says whether labels are needed.

    Returns:
        One item an image.

    Raises:
        DataError: A file is truncated, has no pair, or is of another kind.
    """
    if not files.path.is_dir() and len(names) == 1:
        names = [name for name in files.beside(names[0]) if _family(name) == _family(names[0])]
        names = kinds(files, names).get("idx", [])
    names = words.distinct(names)
    words.check_one_set(files, names)
    read_arrays = {name: read_idx(files, name) for name in names}
    images = [name for name, array in read_arrays.items() if array.ndim > 2 or words.role(_base(name)) == "images"]
    labels = [name for name in read_arrays if name not in images]
    if not images:
        raise DataError(f"{names[0]} holds labels; the images are not beside it", hint="put both into one folder")
    parts = []
    for name in images:
        found = labels_of(name, images, labels)
        if found is None and bad.for_training and words.split(_base(name)) != "test":
            raise DataError(
                f"{name} has no file of labels beside it; expected one named alike, such as "
                f"{_base(name).replace('images', 'labels').replace('idx3', 'idx1')}",
                hint="put both into one folder, with the same words in their names",
            )
        array = read_arrays[name]
        if emnist.is_emnist(name):
            array = array.transpose(0, 2, 1)
        numbers = None if found is None else read_arrays[found]
        # QMNIST's labels have eight columns, of which the first is the class.
        numbers = numbers[:, 0] if numbers is not None and numbers.ndim == 2 else numbers
        parts.append(arrays.Part(name, array, numbers, words.split(_base(name))))
    draft = arrays.draft(
        f"{files.kind}IDX files",
        parts,
        files.sources(names),
        emnist.class_names(files, images[0]) or read_class_list(files, images[0]),
    )
    draft.notes = emnist.notes(images)
    return draft


def read_idx(files: Files, name: str) -> NDArray[Any]:
    """Read an IDX file of any type and number of dimensions, compressed or not.

    Args:
        files: Where it is.
        name: Which.

    Raises:
        DataError: It is truncated, too large, or no IDX file.
    """
    with files.open(name, files.most) as file, unpacked(file, name, MAX_TOTAL) as stream:
        start = stream.read(4)
        if len(start) < 4 or start[:2] != b"\0\0" or start[2] not in idx.TYPES:
            raise DataError(f"{name} is no IDX file: it begins with {start.hex()}", hint=HINT)
        sizes_bytes = stream.read(4 * start[3])
        shape = np.frombuffer(sizes_bytes[: len(sizes_bytes) // 4 * 4], ">u4").tolist()
        dtype = np.dtype(idx.TYPES[start[2]])
        size = math.prod(shape) * dtype.itemsize
        sizes = "×".join(map(str, shape))
        if len(shape) != start[3] or not shape or size > MAX_TOTAL:
            raise DataError(f"{name} announces {sizes or 'no size'}; expected at most {MAX_TOTAL:,} bytes", hint=HINT)
        first, end = len(start + sizes_bytes), file.seek(0, 2) if stream is file else None
        if end is not None and size > mapped.LARGE and end - first == size and has_number(file):
            return np.asarray(np.memmap(file, dtype, "r", first, tuple(shape)))
        if end is not None:
            file.seek(first)
        content = _values(stream, name, size)
    if len(content) != size:
        has = f"{len(content):,}" if len(content) < size else "more"
        raise DataError(
            f"{name} announces {sizes}, {size:,} bytes, and has {has}", hint="it is truncated or damaged; get it again"
        )
    return np.frombuffer(content, dtype).reshape(shape)


def _values(stream: BinaryIO, name: str, size: int) -> Any:
    """The values of a file, and what follows them: in memory, or as a file that is mapped if they are many."""
    content: Any = bytearray()
    while len(content) <= size and (part := stream.read(min(CHUNK, size + 1 - len(content)))):
        content += part
        if len(content) > mapped.LARGE:
            break
    if len(content) <= mapped.LARGE:
        return content
    values = Growing()
    values.append(np.frombuffer(content, np.uint8))
    count = len(content)
    while count <= size and (part := stream.read(min(CHUNK, size + 1 - count))):
        values.append(np.frombuffer(part, np.uint8))
        count += len(part)
    return values.array()


def _base(name: str) -> str:
    return PurePosixPath(name).name


def _family(name: str) -> tuple[str, ...]:
    return words.family(_base(name))


def labels_of(name: str, images: list[str], labels: list[str]) -> str | None:
    """Return the file of labels that belongs to a file of images: of its split, or the only one."""
    same_split = [other for other in labels if words.split(_base(other)) == words.split(_base(name))]
    if len(same_split) == 1:
        return same_split[0]
    return labels[0] if len(images) == len(labels) == 1 else None
