"""The names of classes: text that tells the classes apart and that a terminal can show."""

import unicodedata
from collections.abc import Iterable
from typing import Any

from lenet.errors import DataError

MAX_NAME = 200  # characters in the name of a class


def is_class_name(name: Any) -> bool:
    """Return whether a name can be printed: a control character could change a terminal."""
    return isinstance(name, str) and len(name) <= MAX_NAME and not any(unicodedata.category(c) == "Cc" for c in name)


def checked_class_names(dataset: str, classes: Iterable[Any]) -> tuple[str, ...]:
    """Return the names of classes as text; numbers become text too.

    Args:
        dataset: the name of the data set, for messages.
        classes: the names, in the order of their labels.

    Raises:
        DataError: for a name that is empty, too long or not to be printed, or that two classes have.
    """
    names = tuple(map(str, classes))
    labels: dict[str, int] = {}
    for label, name in enumerate(names):
        if not name or not is_class_name(name):
            what = repr(name if len(name) <= MAX_NAME else f"{name[:MAX_NAME]}…")
            raise DataError(
                f"class {label} of {dataset} has the name {what}; expected 1 to {MAX_NAME} characters without line breaks "
                "or other control characters",
                hint="name each class, such as cat,dog",
            )
        if name in labels:
            raise DataError(
                f"the classes {labels[name]} and {label} of {dataset} have the same name, {name}",
                hint="give each class a name of its own",
            )
        labels[name] = label
    return names
