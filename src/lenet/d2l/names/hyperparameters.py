"""The helpers by which the book's classes are written."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any


def add_to_class(Class: type) -> Callable[[Any], None]:
    """A decorator that makes a function a method of a class that is there already."""

    def wrapper(obj: Any) -> None:
        setattr(Class, obj.__name__, obj)

    return wrapper


class HyperParameters:
    """Keeps the arguments of `__init__`."""

    def save_hyperparameters(self, ignore: Sequence[str] = ()) -> None:
        """Makes the caller's arguments, but for `ignore`, attributes; all of them together are `hparams`."""
        frame = inspect.currentframe()
        caller = frame.f_back if frame else None
        values = caller.f_locals if caller else {}
        left_out = {*ignore, "self"}
        self.hparams = {
            name: value for name, value in values.items() if name not in left_out and not name.startswith("_")
        }
        for name, value in self.hparams.items():
            setattr(self, name, value)
