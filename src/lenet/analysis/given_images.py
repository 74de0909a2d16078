"""The images that a user gives: files, whole folders, archives and tables, arrays in memory; labelled where folders say so.

    for image in find_images([Path("photos/")], classes).images:
        pixels = preprocessing.apply(image.read(), image.name)

Nothing is decoded here, and what cannot be read is an error when it is read, so one bad image does not hide the others.
"""

import os
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, TypeAlias

from numpy.typing import NDArray

from lenet.data.own.names import is_image, natural_key
from lenet.errors import LenetError, RunError, quoted
from lenet.runs.opening import is_image as begins_like_an_image
from lenet.runs.opening import is_run

if TYPE_CHECKING:
    from PIL.Image import Image

    from lenet.data.own.collection import Collection, Item

ImageSource: TypeAlias = "str | os.PathLike[str] | bytes | Image | NDArray[Any]"

MAX_NAMED = 3  # folders named in a note


class Given(NamedTuple):
    """One image, not yet read.

    Args:
        name: what answers and errors call it.
        read: gives a path, an image file's content, or pixels; raises LenetError.
        label: the class that its folder or table gives it, one of the network's; else None.
        row: its number, from 1, where it comes from a table or an array of pixels.
    """

    name: str
    read: Callable[[], Any]
    label: str | None = None
    row: int | None = None


@dataclass(frozen=True)
class GivenImages:
    """What was found.

    Attributes:
        images: all images, in natural order.
        notes: sentences for the user about what was left aside.
    """

    images: list[Given]
    notes: tuple[str, ...] = ()


def given_images(images: Sequence[ImageSource]) -> list[Given]:
    """Return the images of a call from Python: files keep their path as a name, others have their number."""
    return [_given(image, number) for number, image in enumerate(images, start=1)]


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
        is_picture = is_image(str(run)) or begins_like_an_image(Path(run))
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
    known = {_simple(name): name for name in classes}
    are_classes = sum(_simple(path.name) in known for path in paths if path.is_dir()) > 1
    for path in paths:
        if not path.is_dir() and (is_image(path.name) or begins_like_an_image(path) or not path.exists()):
            images.append(_given(path))
            continue
        own = known.get(_simple(path.name)) if are_classes and path.is_dir() else None
        try:
            found = _in_collection(path, known, own)
        except LenetError as error:
            images.append(Given(str(path), _raiser(error)))
            continue
        images += found.images
        notes += found.notes
    return GivenImages(images, tuple(notes))


def _given(image: ImageSource, number: int = 0) -> Given:
    if isinstance(image, str | os.PathLike):
        return Given(os.fspath(image), lambda: Path(image))
    return Given(f"image {number}", lambda: image)


def _in_collection(path: Path, known: dict[str, str], own: str | None) -> GivenImages:
    """All images in a folder, an archive or a table."""
    from lenet.data.own.collection import read_collection

    collection = read_collection(path, skip_bad=True, for_training=False)
    labels = [known.get(_simple(item.label)) if item.label else own for item in collection.items]
    order = list(range(len(collection.items)))
    if collection.arrays is None:
        order.sort(key=lambda i: natural_key(collection.items[i].name))
    images = [_item(collection, i, labels[i]) for i in order]
    images += [Given(_name(path, bad.name), _raiser(LenetError(f"{bad.name} {bad.reason}"))) for bad in collection.bad]
    return GivenImages(images, (*collection.notes, *_unknown(collection.items, labels)))


def _item(collection: "Collection", i: int, label: str | None) -> Given:
    item = collection.items[i]
    if collection.arrays is not None:
        return Given(item.name, lambda: collection.read(i), label, i + 1)
    file = collection.path / item.name
    return Given(_name(collection.path, item.name), lambda: file if file.is_file() else collection.read(i), label)


def _name(path: Path, name: str) -> str:
    """What answers call an image: its path, if it is in a folder."""
    return str(path / name) if path.is_dir() else name


def _unknown(items: "Sequence[Item]", labels: Sequence[str | None]) -> list[str]:
    """A note about labels that the network does not have, if it has others."""
    unknown = Counter(item.label for item, label in zip(items, labels, strict=True) if item.label and label is None)
    if not unknown or not any(labels):
        return []
    names = sorted(filter(None, unknown), key=natural_key)
    named = ", ".join(names[:MAX_NAMED]) + (", …" if len(names) > MAX_NAMED else "")
    return [f"{sum(unknown.values()):,} images have a label that is no class of the network: {named}"]


def _simple(name: str | None) -> str:
    """A class's name as folders are named: Ankle boot and ankle_boot are the same."""
    return re.sub(r"[\s_/-]+", " ", (name or "").casefold()).strip()


def _raiser(error: LenetError) -> Callable[[], NoReturn]:
    def fail() -> NoReturn:
        raise error

    return fail
