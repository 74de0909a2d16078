"""The book's helpers for writing classes."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any


def add_to_class(Class: type) -> Callable[[Any], None]:
    """Return a decorator that makes a function a method of an existing class: the book's `add_to_class`.

    Args:
        Class: an existing class.

    Returns:
        The decorator.
    """

    def wrapper(obj: Any) -> None:
        setattr(Class, obj.__name__, obj)

    return wrapper


class HyperParameters:
    """The book's `HyperParameters`: saves the arguments of `__init__`."""

    def save_hyperparameters(self, ignore: Sequence[str] = ()) -> None:
        """Save the caller's arguments, except those in `ignore`, as attributes, and all of them together as `hparams`.

        Args:
            ignore: names of arguments to leave out.
        """
        frame = inspect.currentframe()
        caller = frame.f_back if frame else None
        values = caller.f_locals if caller else {}
        left_out = {*ignore, "self"}
        self.hparams = {
            name: value for name, value in values.items() if name not in left_out and not name.startswith("_")
        }
        for name, value in self.hparams.items():
            setattr(self, name, value)
