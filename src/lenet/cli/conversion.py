"""Converts the texts of a command line. typer would do it with pydantic, whose import takes 50 ms and 14 MB."""

import functools
import inspect
from pathlib import Path
from typing import Any, get_args

from typer.core import TyperCommand

from lenet.errors import ConfigError


class ConvertsHere:
    """Mixed into a typer command or group: its options and arguments are converted by `_convert`, not by pydantic."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the options and arguments, --help included."""
        params: list[Any] = super().get_params(ctx)  # type: ignore[misc]
        callback = getattr(self, "callback", None)
        declared = inspect.signature(callback).parameters if callback else {}
        for param in params:
            annotation = declared[param.name].annotation if param.name in declared else bool
            param.process_value = functools.partial(_process, param, annotation)
        return params


class Command(ConvertsHere, TyperCommand):
    """A command without pydantic."""


def _process(param: Any, annotation: Any, ctx: Any, value: Any) -> Any:
    """What typer's process_value does: converts, checks that a required value is there, calls the callback."""
    if value is not None and value != ():
        value = _convert(param, annotation, value)
    elif param.required:
        usage = " ".join(ctx.get_usage().split()[1:])
        name = param.metavar if param.param_type_name == "argument" else param.opts[0]
        raise ConfigError(f"{name} is missing", hint=f"usage: {usage}")
    return param.callback(ctx, param, value) if param.callback else value


def _convert(param: Any, annotation: Any, value: Any) -> Any:
    """Convert a text, or each of several, to the type of its annotation; raise ConfigError if it is not one."""
    if isinstance(value, list | tuple):
        return [_convert(param, annotation, each) for each in value]
    declared = get_args(annotation)[0] if get_args(annotation) else annotation  # from Annotated
    kinds = get_args(declared) or (declared,)  # from int | None or list[Path]
    kinds = tuple(inner for kind in kinds for inner in get_args(kind) or (kind,))  # from list[str] | None
    if not isinstance(value, str) or str in kinds:
        return value
    if Path in kinds:
        return Path(value)
    kind, expected = (int, "a whole number") if int in kinds else (float, "a number")
    if param.min is not None:
        expected += f" at least {param.min}"
    try:
        number = kind(value)
    except ValueError:
        number = None
    if number is None or (param.min is not None and number < param.min):
        raise ConfigError(f"{param.opts[0]} is {value}; expected {expected}")
    return number
