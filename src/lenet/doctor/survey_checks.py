"""Checks of people's own images before any training: `lenet data check`. docs/data.md describes them."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lenet.data.own.survey import Survey
from lenet.doctor import class_checks, data_checks
from lenet.doctor.finding import Finding
from lenet.doctor.wording import NAMED, count, listed, sentence

ONE_GROUND = 0.9  # of the images


def unreadable(survey: Survey) -> Finding | None:
    """Files that are no images, damaged, or without a label that makes sense."""
    if not survey.bad:
        return None
    return Finding(
        "unreadable",
        f"{count(len(survey.bad), 'image')} cannot be used",
        {"reasons": "; ".join(sentence(bad.name, bad.reason) for bad in survey.bad[:NAMED])},
        "delete them or save them again; --skip-bad leaves them out",
    )


def conflicting_labels(survey: Survey) -> Finding | None:
    """Images that occur in two classes."""
    pairs = [(survey.items[a].name, survey.items[b].name) for a, b in survey.conflicts(survey.near)]
    if not pairs:
        return None
    equal = len(survey.conflicts(survey.same))
    return Finding(
        "conflicting-labels",
        f"{count(len(pairs), 'image is', 'images are')} in two classes: the same image{'' if equal else ', nearly,'} has two "
        "labels",
        {"equal": equal, "nearly equal": len(pairs) - equal, "pairs": listed(f"{a} and {b}" for a, b in pairs)},
        "keep each in the class that is right",
    )


def shared_by_splits(survey: Survey) -> Finding | None:
    """Test or validation images that are also training images."""
    num_held = int(np.isin(survey.splits, ["test", "validation"]).sum())
    shared = survey.shared(survey.near)
    if len(shared) <= data_checks.SHARED * num_held:
        return None
    equal = len(survey.shared(survey.same))
    return Finding(
        "test-in-train",
        f"{len(shared):,} of the {num_held:,} held-out images are {'' if equal else 'nearly '}the same as training images, "
        "so their accuracy is too high",
        {
            "equal": equal,
            "nearly equal": len(shared) - equal,
            "images": listed(survey.items[i].name for i in shared),
        },
        "remove them from one of the splits; without given splits lenet keeps copies on one side",
    )


def duplicates(survey: Survey) -> Finding | None:
    """Images that occur more than once in a split."""
    first = _first_in_split(survey, survey.near)
    copies = np.flatnonzero(first != np.arange(len(first)))
    if len(copies) <= data_checks.SHARED * len(survey.items):
        return None
    equal = int((_first_in_split(survey, survey.same) != np.arange(len(first))).sum())
    pairs = (f"{survey.items[i].name} like {survey.items[first[i]].name}" for i in copies)
    return Finding(
        "duplicates",
        f"{count(len(copies), 'image is a copy', 'images are copies')} of others",
        {"equal": equal, "nearly equal": len(copies) - equal, "images": listed(pairs)},
        "delete the copies, if they were not meant to count twice",
    )


def near_empty(survey: Survey) -> Finding | None:
    """Images that show nothing."""
    names = [survey.items[i].name for i in survey.near_empty]
    if not names:
        return None
    return Finding(
        "near-empty",
        f"{count(len(names), 'image shows', 'images show')} next to nothing: all pixels are alike",
        {"images": listed(names)},
        "look at them on the contact sheet, and delete what is no example of its class",
    )


def grounds(survey: Survey) -> Finding | None:
    """A background that differs between the splits, or tells the class."""
    held = np.isin(survey.splits, ["test", "validation"])
    parts = {"training": survey.splits == "train", "held-out": held}
    shares = {name: float(survey.is_light[part].mean()) for name, part in parts.items() if part.any()}
    if len(shares) == 2 and abs(shares["training"] - shares["held-out"]) > ONE_GROUND:
        return Finding(
            "other-ground",
            "training and held-out images have opposite backgrounds: light on dark in one, dark on light in the other",
            {f"light grounds, {name} images": share for name, share in shares.items()},
            "invert one of the two",
        )
    by_class = {
        name: float(survey.is_light[survey.labels == label].mean())
        for label, name in enumerate(survey.collection.classes)
        if (survey.labels == label).sum() >= class_checks.FEW
    }
    light = [name for name, share in by_class.items() if share > ONE_GROUND]
    dark = [name for name, share in by_class.items() if share < 1 - ONE_GROUND]
    if not light or not dark or len(light) + len(dark) < len(by_class):
        return None
    return Finding(
        "ground-tells-class",
        "some classes have a light background and the others a dark one: a network may learn the background alone",
        {"light": listed(light), "dark": listed(dark)},
        "take images of all classes on the same backgrounds",
    )


CHECKS: tuple[Callable[[Survey], Finding | None], ...] = (
    unreadable,
    class_checks.unlabelled,
    class_checks.too_few,
    class_checks.missing_in_a_split,
    conflicting_labels,
    shared_by_splits,
    duplicates,
    near_empty,
    class_checks.imbalance,
    grounds,
    class_checks.labels_of_arrays,
)


def findings(survey: Survey) -> list[Finding]:
    """Apply all checks.

    Args:
        survey: What was measured.

    Returns:
        What is wrong, the most serious first.
    """
    return [finding for finding in (check(survey) for check in CHECKS) if finding]


def _first_in_split(survey: Survey, groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each image, the first of its group that is in the same split."""
    first: dict[tuple[int, str], int] = {}
    keys = zip(groups.tolist(), survey.splits.tolist(), strict=True)
    return np.array([first.setdefault(key, i) for i, key in enumerate(keys)], np.int64)
