"""The command `lenet train`."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from lenet.cli.options import Json, flag, settings_options
from lenet.cli.output import note, say
from lenet.config import FIELDS, checked
from lenet.configuration import configure
from lenet.errors import ConfigError
from lenet.recipes import DEFAULT_RECIPE

RESUMABLE = ("data_dir", "epochs", "teacher")  # the settings that can be changed with --resume


@settings_options(FIELDS)
def train(
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The run directory; by default runs/DATE-TIME-DATA-MODEL.")
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(metavar="RUN", help="Resume an interrupted run; with --epochs, also a finished one."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print warnings and errors only.")] = False,
    live: Annotated[
        bool, typer.Option("--live", help="Serve a page on this machine that shows the network while it learns.")
    ] = False,
    json_: Json = False,
    **settings: Any,
) -> None:
    """Train a network.

    Saves weights, metrics and a chart in a run directory.

    Without options: the recipe fast on Fashion-MNIST, or on the built-in digits if Fashion-MNIST is not available. An option
    changes one setting of the recipe. Your own images are trained by the recipe own, which depends on their size and number.

    Example: lenet train --data mnist --recipe book-sgd --epochs 2 --out runs/first
    """
    if resume is None:  # before anything large is imported
        recipe, data = settings.pop("recipe"), settings.pop("data")
        config = configure(recipe or DEFAULT_RECIPE, data=data, **settings)
        check_data(config.data)
    else:
        changes = _changes(out, settings)

    from lenet.display.choice import choose_display
    from lenet.explorer.live import Live
    from lenet.training import resume as resuming
    from lenet.training import train as training
    from lenet.training.interrupts import Interrupted

    progress = choose_display("quiet" if quiet else "auto", sys.stderr if json_ or quiet else sys.stdout)
    served = Live(progress) if live else None
    try:
        if served:
            progress = served
        if resume is None:
            run = training.train(data, recipe=recipe, out=out, progress=progress, **settings)
        else:
            run = resuming.resume(resume, **changes, progress=progress)
    except Interrupted as stop:
        raise typer.Exit(stop.exit_code) from None
    finally:
        if served:
            served.close()
            if served.url and not quiet:
                note(f"{served.url} is served until nobody has looked at it for ten minutes")
    if json_:
        say(json.dumps(run.summary.to_dict()))


def check_data(name: str) -> None:
    from lenet.data.catalogue import find_entry
    from lenet.data.own.path import own_path

    if own_path(name) is None and name.lower() != "auto":
        find_entry(name)


def _changes(out: Path | None, settings: dict[str, Any]) -> dict[str, Any]:
    """The settings that a resumed run changes; raises ConfigError for those that it cannot."""
    given = {name: value for name, value in settings.items() if value is not None}
    fixed = [flag(name) for name in given if name not in RESUMABLE] + ["--out"] * (out is not None)
    if fixed:
        raise ConfigError(
            f"--resume keeps the settings of the run; {fixed[0]} cannot change them",
            hint="leave it out, or start a new training without --resume",
        )
    return {name: checked(name, value) for name, value in given.items()}
