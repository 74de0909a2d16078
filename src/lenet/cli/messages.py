"""Errors as messages: `error: …` and `hint: …` on stderr, and the exit code. Warnings as `note: …`."""

import contextlib
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import typer

from lenet.cli.output import note
from lenet.errors import LenetError, RunWarning
from lenet.near_misses import nearest

USAGE_ERROR: Any = typer.BadParameter.__base__  # an unknown option, or one without a value
MISTAKE, BUG = 2, 1  # exit codes: for what the user can fix, and for what only lenet's authors can


@contextlib.contextmanager
def warnings_as_notes() -> Iterator[None]:
    """Print warnings about runs as lines that begin with `note:`, without the line of Python that raised them."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", RunWarning)
        others = warnings.showwarning

        def show(message: Any, category: type[Warning], *place: Any, **more: Any) -> None:
            if issubclass(category, RunWarning):
                note(f"note: {message}")
            else:
                others(message, category, *place, **more)

        warnings.showwarning = show
        yield


def print_error(error: Exception, command: str) -> int:
    """Print what is wrong and what to do; return the exit code.

    command: the name of the command, such as `data show`, for the hint of an error that has none.
    """
    code = MISTAKE
    help_ = f"{' '.join(filter(None, ('lenet', command)))} --help"
    if isinstance(error, LenetError):
        message, hint = error.message, error.hint or f"{help_} explains the options"
    elif isinstance(error, USAGE_ERROR):
        message, hint = _usage(error, help_)
    elif _is_out_of_memory(error):
        message, hint = "this program is out of memory", "close other programs, or process less at a time"
    else:
        message, hint = f"{type(error).__name__}: {error}", "this is a bug in lenet; --debug shows the traceback"
        code = BUG
    note(f"error: {message}\nhint: {hint}")
    return code


def _usage(error: Exception, help_: str) -> tuple[str, str]:
    """Message and hint for a command line that typer could not read."""
    context, name = getattr(error, "ctx", None), getattr(error, "option_name", None)
    if context and hasattr(error, "possibilities"):
        options = [option for each in context.command.get_params(context) for option in each.opts + each.secondary_opts]
        meant = nearest(name or "", options, cutoff=0.7)
        return f"unknown option {name}", (f"did you mean {meant}? " if meant else "") + f"{help_} lists the options"
    text = error.format_message().rstrip(".").replace("'", "")  # type: ignore[attr-defined]
    message = text[0].lower() + text[1:]
    usage = f"usage: {' '.join(context.get_usage().split()[1:])}" if context else f"{help_} explains the options"
    return message, usage


def _is_out_of_memory(error: Exception) -> bool:
    """Whether an unhandled error means out of memory; never imports PyTorch."""
    memory = sys.modules.get("lenet.engines.memory")
    return memory.is_out_of_memory(error) if memory else isinstance(error, MemoryError)
