"""The entry point of the command line: the table of commands, exit codes, signals.

Each command is one function in this folder, which parses its options, calls the library and prints. Results go to stdout,
everything else to stderr. A user's mistake ends with `error: …`, `hint: …` and exit code 2.
"""

import contextlib
import inspect
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from lenet.cli import messages, output
from lenet.cli.conversion import Command, ConvertsHere
from lenet.errors import ConfigError, choices_hint
from lenet.registry import resolve
from lenet.version import __version__

# The function of each command, whose module is imported when the command is used. Its docstring is the command's help.
COMMANDS = {
    "train": "lenet.cli.train:train",
    "evaluate": "lenet.cli.evaluate:evaluate",
    "predict": "lenet.cli.predict:predict",
    "explore": "lenet.cli.explore:explore",
    "watch": "lenet.cli.explore:watch",
    "calibrate": "lenet.cli.evaluate:calibrate",
    "export": "lenet.cli.export:export",
    "serve": "lenet.cli.serve:serve",
    "card": "lenet.cli.card:card",
    "push": "lenet.cli.card:push",
    "import-weights": "lenet.cli.models:import_weights",
    "show": "lenet.cli.models:show",
    "networks": "lenet.cli.models:networks",
    "runs": "lenet.cli.results:runs",
    "compare": "lenet.cli.results:compare",
    "reproduce": "lenet.cli.lab:reproduce",
    "lab": "lenet.cli.lab:lab",
    "sweep": "lenet.cli.sweep:sweep",
    "tune": "lenet.cli.tune:tune",
    "data list": "lenet.cli.data:list_data",
    "data show": "lenet.cli.data:show_data",
    "data fetch": "lenet.cli.data:fetch",
    "data verify": "lenet.cli.data:verify",
    "data import": "lenet.cli.data:import_data",
    "data check": "lenet.cli.own_data:check_data",
    "data convert": "lenet.cli.own_data:convert_data",
}
GROUPS = {
    "": """Train, evaluate and use the small convolutional networks of the LeNet family.

    Example: lenet train --data fashion-mnist --recipe fast""",
    "data": """List, fetch, check and convert data sets.

    Example: lenet data list""",
}


class Group(ConvertsHere, TyperGroup):
    """The commands of COMMANDS that begin with the group's name, each made when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the group's commands and of the groups in it."""
        words = self.name.split() if self.name else []
        names = [name.split() for name in COMMANDS]
        return list(dict.fromkeys(name[len(words)] for name in names if name[: len(words)] == words))

    def get_command(self, ctx: Any, name: str) -> Any:
        """Return the command or group of that name, or None."""
        return command(f"{self.name or ''} {name}".strip()) if name in self.list_commands(ctx) else None

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse what precedes the command; no arguments at all print the help. Raises ConfigError for an unknown command."""
        names = self.list_commands(ctx)
        if args and not args[0].startswith("-") and args[0] not in names:
            raise ConfigError(f"unknown command {args[0]!r}", hint=choices_hint(args[0], names))
        return super().parse_args(ctx, args or ["--help"])


def command(name: str = "") -> Any:
    """Make the command or group of that name; the empty name is lenet itself."""
    function = resolve(COMMANDS, name) if name in COMMANDS else None
    text, example = inspect.cleandoc(function.__doc__ if function else GROUPS[name]).split("\n\nExample: ")
    app = typer.Typer(
        name=name,
        cls=Group,
        help=text,
        epilog=f"Example: {example}",
        add_completion=False,
        rich_markup_mode=None,  # otherwise typer imports rich for help and errors
    )
    if function:
        app.command(name.split()[-1], cls=Command, help=text, epilog=f"Example: {example}")(function)
        return typer.main.get_command(app)
    if not name:
        app.callback()(_options)
    return typer.main.get_group(app)


def _version(wanted: bool) -> None:
    if wanted:
        output.say(f"lenet {__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error; may stand anywhere.")] = False,
) -> None:
    pass


@contextlib.contextmanager
def exit_on_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP raise SystemExit, so that files under way are tidied up as after Ctrl-C.

    A signal that is ignored, as under nohup, stays ignored.
    """

    def leave(number: int, frame: Any) -> NoReturn:
        raise SystemExit(128 + number)

    before = {}
    if threading.current_thread() is threading.main_thread():
        numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
        before = {number: signal.signal(number, leave) for number in numbers if not _is_ignored(number)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_ignored(number: int) -> bool:
    return signal.getsignal(number) in (signal.SIG_IGN, None)


def main() -> NoReturn:
    """Run the command of sys.argv, and exit; errors become messages and exit codes."""
    arguments = sys.argv[1:]
    until = arguments.index("--") if "--" in arguments else len(arguments)
    debug = "--debug" in arguments[:until]
    arguments = [a for a in arguments[:until] if a != "--debug"] + arguments[until:]
    output.replace_unprintable()
    try:
        with exit_on_signals(), messages.warnings_as_notes():
            code = command().main(arguments, prog_name="lenet", standalone_mode=False) or 0
    except Exception as error:
        if debug:
            traceback.print_exc()
        code = messages.print_error(error, _name(arguments))
    sys.exit(code)


def _name(arguments: list[str]) -> str:
    """The command that the arguments begin with, or the empty name."""
    names = (" ".join(arguments[:length]) for length in (2, 1))
    return next((name for name in names if name in COMMANDS or name in GROUPS), "")


if __name__ == "__main__":
    main()
