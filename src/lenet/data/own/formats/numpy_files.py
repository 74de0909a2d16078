"""npz and npy files: Keras' x_train, MedMNIST's train_images, KMNIST's arr_0 in pairs of files, one file for each class."""

import io
import math
import zipfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from lenet.data import mapped
from lenet.data.own.formats import arrays, words
from lenet.data.own.items import BadItems, Draft
from lenet.data.own.listing import Files
from lenet.data.own.streams import MAX_TOTAL, check_ratio, has_number, unpacked
from lenet.errors import DataError
from lenet.files.untrusted import printable

KINDS = ("npz", "npy")
MAX_HEADER = 10_000  # bytes
MAX_ARRAYS = 1000
QUICK_DRAW = "full_numpy_bitmap_"
HINT = "name the arrays x_train, y_train, x_test, y_test, or images and labels"


@dataclass(frozen=True, eq=False)
class Named:
    """An array of a file."""

    file: str
    key: str  # "" for a npy file
    values: NDArray[Any]

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"{self.key} of {self.file}" if self.key else self.file

    @property
    def split(self) -> str | None:
        """The split that its name or else its file's says."""
        return words.split(self.key) or words.split(PurePosixPath(self.file).stem)

    @property
    def role(self) -> str | None:
        """Whether it holds images or labels, by its name or else its file's or else its shape."""
        stem = PurePosixPath(self.file).stem
        role = words.role(self.key) or words.role(stem)
        by_shape = "labels" if self.values.ndim == 1 or self.values.shape[1:] == (1,) else "images"
        if self.values.dtype.kind in "US":
            return role if role == "names" else "labels"
        return by_shape if role is None or (role == "images" and by_shape == "labels") else role


def read(files: Files, names: list[str], _bad: BadItems) -> Draft:
    """Read npz and npy files.

    Args:
        files: Where they are.
        names: Which.

    Returns:
        One item an image.

    Raises:
        DataError: An array is pickled, truncated or of another kind, or there are no images.
    """
    if len(names) == 1:
        names = _with_others(files, names[0])
    found = [array for name in names for array in _read_file(files, name)]
    by_role: dict[str | None, list[Named]] = defaultdict(list)
    for array in found:
        by_role[array.role].append(array)
    images, labels = by_role["images"], by_role["labels"]
    if not images:
        what = ", ".join(f"{array.key or array.file} {array.values.shape}" for array in found[:8]) or "no arrays"
        raise DataError(f"{names[0]} has no array of images; it has {what}", hint=HINT)
    kind = f"{files.kind}{' and '.join(sorted({'npz' if array.key else 'npy' for array in found}))} arrays"
    sources = files.sources(names)
    if not labels and len(images) > 1 and not any(array.split for array in images):
        parts = [arrays.Part(a.name, a.values, np.full(len(a.values), _class_of(a.file))) for a in images]
        return arrays.draft(f"{kind}, one for each class", parts, sources)
    words.check_one_set(files, names)
    parts = [arrays.Part(a.name, a.values, _labels_of(a, images, labels), a.split) for a in images]
    return arrays.draft(kind, parts, sources, _class_names(by_role["names"]))


def _labels_of(images: Named, all_images: list[Named], labels: list[Named]) -> NDArray[Any] | None:
    """The labels that belong to images: of the same file and split, or of the same words."""
    key = words.rest(f"{images.file} {images.key}")
    same_split = [array for array in labels if array.split == images.split]
    exact = [array for array in same_split if words.rest(f"{array.file} {array.key}") == key]
    in_file = [array for array in same_split if array.file == images.file]
    for candidates in (exact, in_file, same_split):
        if len(candidates) == 1:
            return candidates[0].values
    if len(all_images) == len(labels) == 1:
        return labels[0].values
    if labels and images.split != "test":
        names = ", ".join(array.name for array in same_split or labels)
        raise DataError(f"the labels of {images.name} cannot be told from {names}", hint=HINT)
    return None


def _class_names(candidates: list[Named]) -> dict[int, str] | None:
    if len(candidates) != 1 or candidates[0].values.dtype.kind not in "US" or candidates[0].values.ndim != 1:
        return None
    return {number: str(name) for number, name in enumerate(candidates[0].values.astype(str).tolist())}


def _class_of(file: str) -> str:
    return PurePosixPath(file).stem.removeprefix(QUICK_DRAW)


def _with_others(files: Files, name: str) -> list[str]:
    """A file that holds only images or labels, and those beside it that are named alike."""
    if words.role(PurePosixPath(name).stem) is None:
        return [name]
    suffix, family = PurePosixPath(name).suffix, words.family(PurePosixPath(name).name)
    beside = [PurePosixPath(other) for other in files.beside(name)]
    return [str(other) for other in beside if other.suffix == suffix and words.family(other.name) == family]


def _read_file(files: Files, name: str) -> list[Named]:
    with files.open(name, files.most) as opened, unpacked(opened, name) as stream:
        file = opened if stream is opened else io.BytesIO(stream.read())
        start = file.read(6)
        if start == np.lib.format.MAGIC_PREFIX:
            return [Named(name, "", read_npy(file, name, file.seek(0, 2)))]
        return [Named(name, key, values) for key, values in _read_npz(file, name)]


def _read_npz(file: BinaryIO, name: str) -> list[tuple[str, NDArray[Any]]]:
    try:
        with zipfile.ZipFile(file) as archive:
            infos = [info for info in archive.infolist() if info.filename.endswith(".npy")]
            if len(infos) > MAX_ARRAYS:
                raise DataError(f"{name} has {len(infos):,} arrays; expected x_train, y_train and the like", hint=HINT)
            size, packed = sum(info.file_size for info in infos), file.seek(0, 2)
            check_ratio(size, packed, name)
            if size > MAX_TOTAL:
                raise DataError(f"{name} unpacks to {size:,} bytes; expected at most {MAX_TOTAL:,}", hint="split it")
            if any(info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for info in infos):
                raise DataError(f"{name} is compressed in an unknown way", hint="save it with numpy.savez_compressed")
            found = []
            for info in infos:
                key = info.filename.removesuffix(".npy")
                with archive.open(info) as member:
                    found.append((key, read_npy(member, f"{printable(key)} of {name}", info.file_size)))
            return found
    except DataError:
        raise
    except Exception as error:  # damaged archives make zipfile raise nearly anything
        raise DataError(f"{name} is truncated or damaged: {printable(error)}", hint="get the file again") from error


def read_npy(file: Any, name: str, size: int) -> NDArray[Any]:
    """Read an array in NumPy's format.

    Args:
        file: The file, at any place if it can seek backwards.
        name: What errors call it.
        size: Its size in bytes.

    Raises:
        DataError: It is pickled, truncated, or no array.
    """
    form = np.lib.format
    try:
        file.seek(0)
        version = form.read_magic(file)
        header = form.read_array_header_1_0 if version == (1, 0) else form.read_array_header_2_0
        shape, is_fortran, dtype = header(file, max_header_size=MAX_HEADER)
    except Exception as error:  # NumPy's parser of headers raises nearly anything
        raise DataError(f"{name} is no array, or damaged: {printable(error)}", hint="get the file again") from error
    if dtype.hasobject:
        raise DataError(
            f"{name} holds pickled objects, which could run any program; expected numbers",
            hint="save it again with a plain dtype: numpy.savez(FILE, x_train=images.astype('uint8'), …); images of "
            "different sizes belong into files",
        )
    if dtype.kind not in "buifUS":
        raise DataError(f"{name} has the dtype {dtype}; expected numbers or text")
    num_bytes = math.prod(shape) * dtype.itemsize
    if min(shape, default=0) < 0 or num_bytes > size - file.tell():
        raise DataError(
            f"{name} is truncated: its header announces {'×'.join(map(str, shape))} {dtype}, {num_bytes:,} bytes; "
            f"{size - file.tell():,} follow",
            hint="get the file again",
        )
    if num_bytes > mapped.LARGE and has_number(file):
        order: Any = "F" if is_fortran else "C"
        return np.asarray(np.memmap(file, dtype, "r", file.tell(), shape, order))
    content = np.empty(num_bytes, np.uint8) if num_bytes <= mapped.LARGE else mapped.in_file((num_bytes,), np.uint8)
    view, position = memoryview(content.data), 0
    while position < num_bytes:
        if not (part := file.readinto(view[position : position + (1 << 24)])):
            raise DataError(f"{name} is truncated", hint="get the file again")
        position += part
    return np.ndarray(shape, dtype, content.data, order="F" if is_fortran else "C")
