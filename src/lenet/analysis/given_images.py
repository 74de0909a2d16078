"""The images that a user gives: files, whole folders, archives and tables, arrays in memory; labelled where folders say so.

    for image in find_images([Path("photos/")], classes).images:
        pixels = preprocessing.apply(image.read(), image.name)

Nothing is decoded here, and what cannot be read is an error when it is read, so one bad image does not hide the others.
"""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, TypeAlias, overload

from numpy.typing import NDArray

from lenet.data.own.names import is_image, natural_key
from lenet.errors import DataError, LenetError, RunError, quoted
from lenet.runs.opening import is_image_file, is_run

if TYPE_CHECKING:
    from PIL.Image import Image

    from lenet.data.own.collection import Collection
    from lenet.data.own.row_items import Coded

ImageSource: TypeAlias = "str | os.PathLike[str] | bytes | Image | NDArray[Any]"

MAX_NAMED = 3  # folders named in a note


class Given(NamedTuple):
    """One image, not yet read.

    Args:
        name: what answers and errors call it.
        read: gives a path, an image file's content, or pixels; raises LenetError.
        label: the class that its folder or table gives it, one of the network's; else None.
        row: its number, from 1, where it comes from a table or an array of pixels.
        split: "train", "validation" or "test", where the images have splits.
        is_bad: whether it is known that it cannot be read.
    """

    name: str
    read: Callable[[], Any]
    label: str | None = None
    row: int | None = None
    split: str | None = None
    is_bad: bool = False


@dataclass(frozen=True)
class GivenImages:
    """What was found.

    Attributes:
        images: all images, in natural order.
        notes: sentences for the user about what was left aside.
    """

    images: Sequence[Given]
    notes: tuple[str, ...] = ()


class _OfArrays(Sequence[Given]):
    """The images of arrays or tables, each made when it is asked for: there may be millions.

    Args:
        collection: the images.
        meanings: the network's class that each label means; None for others.
        own: the class of images without one.
    """

    def __init__(self, collection: "Collection", meanings: Mapping[str | None, str | None], own: str | None) -> None:
        self.collection, self.meanings, self.own = collection, meanings, own

    def __len__(self) -> int:
        return len(self.collection.items)

    @overload
    def __getitem__(self, index: int) -> Given: ...
    @overload
    def __getitem__(self, index: slice) -> list[Given]: ...
    def __getitem__(self, index: int | slice) -> Given | list[Given]:
        if isinstance(index, slice):
            return [self[i] for i in range(len(self))[index]]
        number = range(len(self))[index]
        return _item(self.collection, number, self.meanings[self.collection.items[number].label] or self.own)


def given_image(image: ImageSource, number: int = 1) -> Given:
    """Return one image of a call from Python: a file keeps its path as a name, another has its number."""
    if isinstance(image, str | os.PathLike):
        return Given(os.fspath(image), lambda: Path(image))
    return Given(f"image {number}", lambda: image)


def given_images(images: "str | os.PathLike[str] | Sequence[ImageSource]", classes: Sequence[str] = ()) -> list[Given]:
    """Return the images of a call from Python.

    Args:
        images: as for `given_image`; paths may be those of folders, archives and tables too, and one alone needs no list.
        classes: the network's, which may be the labels of images.
    """
    if isinstance(images, str | os.PathLike):
        return list(find_images([Path(images)], classes).images)
    found: list[Given] = []
    for number, image in enumerate(images, start=1):
        if isinstance(image, str | os.PathLike):
            found += find_images([Path(image)], classes).images
        else:
            found.append(given_image(image, number))
    return found


def check_order(run: Any, image: Any) -> None:
    """Recognise a run and an image that were given the other way round.

    Args:
        run: what was given as the run.
        image: what was given as the image.

    Raises:
        RunError: if the image is a run and the run is none.
    """
    if not isinstance(image, str | os.PathLike) or not is_run(Path(image)):
        return
    if isinstance(run, str | os.PathLike) and not is_run(Path(run)):
        is_picture = is_image(str(run)) or is_image_file(Path(run))
        what = "an image" if is_picture else "not a run directory"
        raise RunError(
            f"{os.fspath(run)} is {what}; the run comes first",
            hint=f"lenet predict {quoted(Path(image))} {quoted(Path(run))}",
        )


def find_images(paths: Sequence[Path], classes: Sequence[str]) -> GivenImages:
    """Find the images that paths name: files, and all images in folders, archives and tables.

    Args:
        paths: what the user typed.
        classes: the network's. Folders with such names label the images in them.
    """
    images: list[Given] = []
    notes: list[str] = []
    known = _known(classes)
    folders = {path for path in paths if os.path.isdir(path)}  # noqa: PTH112 (Path.is_dir raises for names that no file can have)
    are_classes = sum(_simple(path.name) in known for path in folders) > 1
    for path in paths:
        if path not in folders and (is_image(path.name) or is_image_file(path) or not os.path.lexists(path)):
            images.append(given_image(path))
            continue
        own = known.get(_simple(path.name)) if are_classes and path in folders else None
        try:
            found = in_collection(path, classes, own)
        except LenetError as error:
            images.append(_bad(str(path), error))
            continue
        if len(paths) == 1:
            return found
        images += found.images
        notes += found.notes
    return GivenImages(images, tuple(notes))


def in_collection(path: Path, classes: Sequence[str], own: str | None = None) -> GivenImages:
    """Find all images in a folder, an archive or a table.

    Args:
        path: what the user typed.
        classes: the network's.
        own: the class of images that have no label.

    Raises:
        DataError: it holds no images, or is of no known format.
    """
    from lenet.data.own.collection import read_collection
    from lenet.data.own.row_items import coded

    collection = read_collection(path, skip_bad=True, for_training=False)
    known = coded(collection.items)
    meanings = _meanings(known.labels, classes)
    notes = (*collection.notes, *_unknown(known, meanings))
    if collection.arrays is not None and not collection.bad:
        return GivenImages(_OfArrays(collection, meanings, own), notes)
    order = list(range(len(collection.items)))
    if collection.arrays is None:
        order.sort(key=lambda i: natural_key(collection.items[i].name))
    images = [_item(collection, i, meanings[collection.items[i].label] or own) for i in order]
    images += [_bad(_name(path, bad.name), DataError(f"{bad.name} {bad.reason}")) for bad in collection.bad]
    return GivenImages(images, notes)


def _known(classes: Sequence[str]) -> dict[str, str]:
    """The network's classes by their names, also in simple spelling."""
    return {_simple(name): name for name in classes} | {name: name for name in classes}


def _meanings(labels: Sequence[str | None], classes: Sequence[str]) -> dict[str | None, str | None]:
    """The class that each label means, None for no label and for labels that the network does not have.

    Where no label is the name of a class and all are numbers of classes, as in tables of Fashion-MNIST, they mean those.
    """
    given = {label for label in labels if label}
    known = _known(classes)
    found: dict[str | None, str | None] = {label: known.get(label) or known.get(_simple(label)) for label in given}
    numbers: dict[str | None, str | None] = {str(number): name for number, name in enumerate(classes)}
    if not any(found.values()) and given <= numbers.keys():
        found |= numbers
    return {label: found.get(label) for label in labels}


def _item(collection: "Collection", i: int, label: str | None) -> Given:
    item = collection.items[i]
    if collection.arrays is not None:
        return Given(item.name, lambda: collection.read(i), label, i + 1, item.split)
    return Given(_name(collection.path, item.name), lambda: collection.read(i), label, None, item.split)


def _name(path: Path, name: str) -> str:
    """What answers call an image: its path, if it is in a folder."""
    return str(path / name) if path.is_dir() else name


def _unknown(known: "Coded", meanings: Mapping[str | None, str | None]) -> list[str]:
    """A note about labels that the network does not have, if it has others."""
    names = sorted((label for label, meaning in meanings.items() if label and meaning is None), key=natural_key)
    if not names or not any(meanings.values()):
        return []
    named = ", ".join(names[:MAX_NAMED]) + (", …" if len(names) > MAX_NAMED else "")
    return [f"{sum(map(known.count, names)):,} images have a label that is no class of the network: {named}"]


def _simple(name: str | None) -> str:
    """A class's name as folders are named: Ankle boot and ankle_boot are the same."""
    return re.sub(r"[\s_/-]+", " ", (name or "").casefold()).strip()


def _bad(name: str, error: LenetError) -> Given:
    def fail() -> NoReturn:
        raise error

    return Given(name, fail, is_bad=True)
