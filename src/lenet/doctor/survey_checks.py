"""Checks of people's own images before any training: `lenet data check`. docs/data.md describes them."""

from collections.abc import Callable
from itertools import islice

import numpy as np

from lenet.data.own.survey import Copies, Survey
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
    pairs = survey.conflicts(survey.near)
    if not len(pairs):
        return None
    equal = len(survey.conflicts(survey.same))
    return Finding(
        "conflicting-labels",
        f"{count(len(pairs), 'image is', 'images are')} in two classes: the same image{'' if equal else ', nearly,'} has two "
        "labels",
        {"equal": equal, "nearly equal": len(pairs) - equal, "pairs": _listed(survey, pairs, "{first} and {image}")},
        "keep each in the class that is right",
    )


def shared_by_splits(survey: Survey) -> Finding | None:
    """Test or validation images that are also training images."""
    num_held = int(np.count_nonzero(survey.in_split("test", "validation")))
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
            "images": _listed(survey, shared, "{image}"),
        },
        "remove them from one of the splits; without given splits lenet keeps copies on one side",
    )


def duplicates(survey: Survey) -> Finding | None:
    """Images that occur more than once in a split."""
    copies = survey.copies(survey.near)
    if len(copies) <= data_checks.SHARED * len(survey.items):
        return None
    equal = len(survey.copies(survey.same))
    return Finding(
        "duplicates",
        f"{count(len(copies), 'image is a copy', 'images are copies')} of others",
        {
            "equal": equal,
            "nearly equal": len(copies) - equal,
            "images": _listed(survey, copies, "{image} like {first}"),
        },
        "delete the copies, if they were not meant to count twice",
    )


def near_empty(survey: Survey) -> Finding | None:
    """Images that show nothing."""
    images = survey.near_empty
    if not len(images):
        return None
    return Finding(
        "near-empty",
        f"{count(len(images), 'image shows', 'images show')} next to nothing: all pixels are alike",
        {"images": listed((survey.items[i].name for i in images[:NAMED].tolist()), len(images))},
        "look at them on the contact sheet, and delete what is no example of its class",
    )


def grounds(survey: Survey) -> Finding | None:
    """A background that differs between the splits, or tells the class."""
    parts = {"training": survey.in_split("train"), "held-out": survey.in_split("test", "validation")}
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


def _listed(survey: Survey, copies: Copies, form: str) -> str:
    """Some images that are the same as others, and how many more there are."""
    items = survey.items
    named = (form.format(image=items[image].name, first=items[first].name) for image, first in islice(copies, NAMED))
    return listed(named, len(copies))
