"""What a setting is made of: a field with its default, help text, choices and limits; and numbers checked against them."""

import math
import os
import types
import typing
from collections.abc import Iterable
from dataclasses import Field, dataclass, field
from typing import Any

from lenet.errors import ConfigError, choices_hint


@dataclass(frozen=True)
class Limits:
    """What a number may be: above `above`, at least `least`, below `below`, at most `most`; None for no limit."""

    above: float | None = None
    least: float | None = None
    below: float | None = None
    most: float | None = None

    def allow(self, number: float) -> bool:
        """Return whether a number is within the limits."""
        return (
            (isinstance(number, int) or math.isfinite(number))  # isfinite fails for an int beyond the largest float
            and (self.above is None or number > self.above)
            and (self.least is None or number >= self.least)
            and (self.below is None or number < self.below)
            and (self.most is None or number <= self.most)
        )

    def __str__(self) -> str:
        words = {"above": self.above, "at least": self.least, "below": self.below, "at most": self.most}
        return " and ".join(f"{word} {limit:g}" for word, limit in words.items() if limit is not None)


BALANCED = "balanced"  # of class_weights: as the data decides
POSITIVE, COUNT, NATURAL = Limits(above=0), Limits(least=1), Limits(least=0)
SHARE = Limits(least=0, below=1)
SEEDS = Limits(least=0, below=2**63)
EPOCHS = Limits(least=1, below=8001)  # so that metrics.jsonl can be read in bounded memory


def setting(
    default: Any,
    text: str,
    *,
    choices: Iterable[str] = (),
    limits: Limits = Limits(),
    decides: bool = True,
    added: bool = False,
) -> Any:
    """Return a field of TrainConfig.

    Args:
        default: its default.
        text: the help text of its flag.
        choices: the values that a text may have, if it is one of a few.
        limits: of a number.
        decides: whether a training's numbers depend on it (but for the seed).
        added: whether runs of earlier versions lack it; they were trained with the default.
    """
    metadata = {"help": text, "choices": tuple(choices), "limits": limits, "decides": decides, "added": added}
    return field(default=default, metadata=metadata)


def added_setting(default: Any, text: str, **options: Any) -> Any:
    """Return a field that runs of earlier versions lack; they were trained with the default.

    Args:
        default: its default.
        text: the help text of its flag.
        **options: of `setting`.
    """
    return setting(default, text, added=True, **options)


def checked_value(spec: Field[Any], kind: Any, value: Any) -> Any:
    """Return the value of a setting in its field's type.

    Args:
        spec: the field.
        kind: its type, perhaps with None.
        value: as it was given, perhaps as text.

    Raises:
        ConfigError: for a value that is not possible, naming the field, the value and what is expected.
    """
    name, meta = spec.name, spec.metadata
    options = typing.get_args(kind) if isinstance(kind, types.UnionType) else (kind,)
    if value is None and type(None) in options:
        return None
    if options[0] == tuple[int, ...]:
        return checked_numbers(name, value, meta["limits"])
    if options[0] == tuple[float, ...]:
        return checked_weights(name, value, meta["limits"])
    if options[0] is bool:
        if not isinstance(value, bool):
            raise ConfigError(f"{name} is {value!r}; expected True or False")
        return value
    if options[0] is str:
        text = os.fsdecode(value) if isinstance(value, os.PathLike) else str(value)
        if meta["choices"] and text not in meta["choices"]:
            raise ConfigError(f"unknown {name} {text!r}", hint=choices_hint(text, meta["choices"]))
        return text
    return checked_number(name, value, options[0], meta["limits"])


def checked_numbers(name: str, value: Any, limits: Limits) -> tuple[int, ...]:
    """Return whole numbers given as a list, as one number, or as text such as "6,16" or "none".

    Raises:
        ConfigError: for anything else.
    """
    if isinstance(value, str) and value.strip().lower() == "none":
        value = []
    elif isinstance(value, str):
        value = [part for part in value.replace(" ", "").split(",") if part]
    elif isinstance(value, int):
        value = [value]
    try:
        return tuple(checked_number(name, part, int, limits) for part in value)
    except TypeError:
        raise ConfigError(f"{name} is {value!r}; expected whole numbers, such as 6,16") from None


def checked_weights(name: str, value: Any, limits: Limits) -> tuple[float, ...] | str:
    """Return numbers given as a list or as text such as "1,2.5", or the word "balanced".

    Raises:
        ConfigError: for anything else.
    """
    if isinstance(value, str) and value.strip().lower() == BALANCED:
        return BALANCED
    parts = value.replace(" ", "").split(",") if isinstance(value, str) else value
    if not isinstance(parts, Iterable):
        raise ConfigError(f"{name} is {value!r}; expected {BALANCED}, or a number for each class, such as 1,2.5")
    return tuple(checked_number(name, part, float, limits) for part in parts)


def checked_number(name: str, value: Any, kind: type, limits: Limits) -> Any:
    """Return a number, also one given as text, as `kind`.

    Raises:
        ConfigError: for anything else, or a number outside of the limits.
    """
    try:
        number = kind(value)
        exact = not isinstance(value, bool) and (isinstance(value, str) or number == value)
    except (TypeError, ValueError, OverflowError):
        exact, number = False, 0
    if not exact or not limits.allow(number):
        expected = f"{'a whole number' if kind is int else 'a number'} {limits}".strip()
        raise ConfigError(f"{name} is {value}; expected {expected}")
    return number


def checked_interval(text: str | None) -> tuple[float, float]:
    """Return steps and seconds between two checkpoints, infinite where not set, of text such as "500" or "30s".

    Raises:
        ConfigError: for any other text.
    """
    given = text or "inf"
    in_seconds = given.endswith("s")
    try:
        number = float(given.removesuffix("s")) if in_seconds or given == "inf" else int(given)
    except ValueError:
        number = 0
    if not number > 0:
        raise ConfigError(
            f"checkpoint_every is {given!r}; expected steps, such as 500, or seconds, such as 30s",
            hint="leave it out to save at the ends of epochs only",
        )
    return (math.inf, number) if in_seconds else (number, math.inf)
