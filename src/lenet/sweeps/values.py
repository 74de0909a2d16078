"""The values of settings as they are written: text, TOML or Python, checked, each mistake named with its entry.

values_of("activation", "relu,tanh", "--vary activation=relu,tanh")  # ["relu", "tanh"]
"""

import contextlib
import dataclasses
import math
import typing
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lenet.config import FIELDS, TYPES, checked
from lenet.errors import ConfigError, LenetError, choices_hint
from lenet.settings import SEEDS, checked_number

DEFAULT = "default"  # as a value: the setting as the base has it
# The fields that no sweep takes, and why.
FIXED = {
    "seed": "use --seeds instead: --seeds 10 or --seeds 0,3,7",
    "threads": "every training of a sweep has one thread",
    "snapshots": "the runs of a sweep have no snapshots",
    "strict": "a sweep records the doctor's findings with each run and continues",
}
SETTABLE = tuple(name for name in FIELDS if name not in FIXED)
WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


@contextlib.contextmanager
def naming(where: str) -> Iterator[None]:
    """Put where an entry was written before the message of its error."""
    try:
        yield
    except LenetError as error:
        raise type(error)(f"{where}: {error.message}" if where else error.message, hint=error.hint) from error


def field_name(text: Any, where: str) -> str:
    """Return the field of TrainConfig that an option or a key names; ConfigError if there is none that sweeps take."""
    with naming(where):
        if not isinstance(text, str):
            raise ConfigError(f"{text!r} is not the name of a setting; expected text", hint="such as 'activation'")
        name = text.strip().removeprefix("--").replace("-", "_")
        if name in FIXED:
            raise ConfigError(f"{text} cannot be set in a sweep", hint=FIXED[name])
        if name not in FIELDS:
            options = [each.replace("_", "-") for each in SETTABLE]
            raise ConfigError(f"unknown setting {text!r}", hint=choices_hint(text, options))
    return name


def by_field(given: Mapping[Any, Any], where: str) -> dict[str, tuple[str, Any]]:
    """Return each setting's entry, for messages, and what was given for it, by field.

    Args:
        given: by an option, a key or a field.
        where: the place of all of them.

    Raises:
        ConfigError: for a setting that no sweep takes, or one that is given twice, in two spellings.
    """
    entries: dict[str, tuple[str, Any]] = {}
    for text, value in given.items():
        name = field_name(text, where)
        if name in entries:
            hint = f"leave {text} out, or the other spelling of it"
            raise ConfigError(f"{where}: {text} is given twice", hint=hint)
        entries[name] = (f"{where} {text}", value)
    return entries


def converted(name: str, value: Any) -> Any:
    """Return a value in its field's type; ConfigError for an invalid one."""
    if isinstance(value, str) and TYPES[name] is bool:
        value = WORDS.get(value.strip().lower(), value)
    if isinstance(value, str) and value == DEFAULT and DEFAULT not in FIELDS[name].metadata["choices"]:
        return None
    return None if value is None else checked(name, value.strip() if isinstance(value, str) else value)


def values_of(name: str, given: Any, where: str) -> list[Any]:
    """Return the values of a varied setting.

    Args:
        name: of the field.
        given: a list; or text such as "relu,tanh", for a field that is a list of numbers itself "6,16/12,32".
        where: the place where it was written, for messages.

    Raises:
        ConfigError: for an invalid value, a value given twice, or an empty list.
    """
    is_list = any(typing.get_origin(kind) is tuple for kind in (TYPES[name], *typing.get_args(TYPES[name])))
    text = given if isinstance(given, str) else ""
    if isinstance(given, str):
        given = [part for part in given.split("/" if is_list else ",") if part.strip()]
    elif not isinstance(given, Iterable) or isinstance(given, Mapping):
        given = [given]
    with naming(where):
        try:
            values = [converted(name, value) for value in given]
        except ConfigError as error:
            if not is_list or "," not in text or "/" in text:
                raise
            hint = f"separate lists by slashes: {name.replace('_', '-')}={text.replace(',', '/')}"
            raise ConfigError(error.message, hint=hint) from error
        if not values:
            raise ConfigError(f"{name} has no values", hint="separate several by commas: activation=relu,tanh")
        for number, value in enumerate(values):
            if value in values[:number]:
                raise ConfigError(f"{name} contains {text_of(value)} twice", hint="name each value once")
    return values


def seeds_of(given: Any) -> tuple[int, ...]:
    """Return the seeds for a number of them, for several, or for either as text.

    Raises:
        ConfigError: for no seeds, a seed given twice, or an invalid seed.
    """
    if isinstance(given, str):
        given = given.split(",") if "," in given else given.strip()
        given = [part for part in given if part.strip()] if isinstance(given, list) else given
    try:
        if isinstance(given, str | int):
            limits = dataclasses.replace(SEEDS, least=1, below=None, most=100_000)
            return tuple(range(checked_number("seeds", given, int, limits)))
        if not isinstance(given, Iterable) or isinstance(given, Mapping):
            raise ConfigError(f"seeds is {given!r}; expected a number, or several seeds")
        seeds = tuple(checked_number("seeds", each, int, SEEDS) for each in given)
        if not seeds or len(set(seeds)) != len(seeds):
            what = "contains the same seed twice" if seeds else "is empty"
            raise ConfigError(f"seeds {what}; expected a number, or different seeds")
    except ConfigError as error:
        raise ConfigError(error.message, hint="such as lenet sweep --seeds 10 or lenet sweep --seeds 0,3,7") from None
    return seeds


def text_of(value: Any) -> str:
    """Return a value as it is typed: `0.004`, `6,16`, `true`; None is `default`."""
    if value is None:
        return DEFAULT
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list):
        return ",".join(map(text_of, value)) or "none"
    return (
        f"{value:g}" if isinstance(value, float) and math.isclose(float(f"{value:g}"), value, rel_tol=0) else str(value)
    )
