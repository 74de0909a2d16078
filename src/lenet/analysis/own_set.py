"""The user's own labelled images as a set to evaluate a trained network on, made as its own preprocessing says."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lenet.analysis.answer import Unreadable
from lenet.analysis.given_images import Given, in_collection
from lenet.analysis.preparing import Prepared, prepared
from lenet.data.dataset import Dataset
from lenet.errors import DataError
from lenet.files.names import file_name
from lenet.runs.opening import Trained

LABELLED = "labelled"  # the split of images that have no splits


@dataclass(frozen=True, eq=False)
class OwnSet:
    """Labelled images for an evaluation.

    Attributes:
        dataset: the images in the network's size, with the network's classes.
        names: of the images, in their order.
        split: which of the images they are; "labelled" for all of them, if they have no splits.
        unreadable: images that cannot be read, and are left out.
        notes: sentences for the user about what else is left out.
    """

    dataset: Dataset
    names: tuple[str, ...]
    split: str
    unreadable: tuple[Unreadable, ...]
    notes: tuple[str, ...]


def own_set(path: Path, trained: Trained, split: str = "test") -> OwnSet:
    """Read labelled images for an evaluation.

    Args:
        path: a folder, an archive or a table.
        trained: the network, whose classes the labels name.
        split: which of the images, if they have splits; otherwise all are taken.

    Raises:
        DataError: no image has a label that is a class of the network, or none of them can be read.
    """
    found = in_collection(path, trained.classes)
    splits = {image.split for image in found.images} - {None}
    of_split = [image for image in found.images if not splits or image.split == split or image.is_bad]
    labelled = [image for image in of_split if image.label is not None or image.is_bad]
    if not any(image.label for image in labelled):
        raise _without_labels(path, trained, split if splits else LABELLED, of_split)
    seen, labels, names, unreadable = [], [], [], []
    for batch in prepared(labelled, trained.preprocessing):
        for each in batch:
            if isinstance(each, Prepared):
                seen.append(each.parts[0].seen)
                labels.append(trained.classes.index(str(each.image.label)))
                names.append(each.image.name)
            else:
                unreadable.append(each)
    if not seen:
        raise DataError(f"no image of {path} can be read: {unreadable[0].error.message}", hint=unreadable[0].error.hint)
    name = file_name(path.absolute().stem)
    dataset = Dataset(name, np.stack(seen), np.array(labels, np.int64), trained.classes)
    return OwnSet(dataset, tuple(names), split if splits else LABELLED, tuple(unreadable), found.notes)


def _without_labels(path: Path, trained: Trained, split: str, images: list[Given]) -> DataError:
    if not images:
        return DataError(f"{path} has no {split} images", hint="--split train and --split validation take the others")
    classes = ", ".join(trained.classes[:10]) + (", …" if len(trained.classes) > 10 else "")
    return DataError(
        f"no image of {path} has a label that is a class of the network",
        hint=f"put the images into folders named {classes}; lenet predict takes images without labels",
    )
