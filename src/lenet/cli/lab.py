"""The commands that repeat trainings over seeds: `lenet lab` and `lenet reproduce`."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from lenet.cli.options import DataDir, Json
from lenet.cli.output import note, report, table

Quiet = Annotated[bool, typer.Option("--quiet", help="No line for each training.")]


def lab(
    experiment: Annotated[
        str | None,
        typer.Argument(metavar="EXPERIMENT", help="Which; without it, all are listed. all: one after another."),
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(metavar="N", help="Trainings of each variation: the seeds 0 to N - 1.  [default: 5]", min=1),
    ] = None,
    epochs: Annotated[int | None, typer.Option(metavar="N", help="Epochs, instead of the recipe's.", min=1)] = None,
    recipe: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Recipe, for activations, noise and strangers.  [default: fast]"),
    ] = None,
    data: Annotated[str | None, typer.Option(metavar="NAME", help="Data set.  [default: fashion-mnist]")] = None,
    data_dir: DataDir = None,
    classes: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help="For activations: the classes to show, such as 0,9 or Sandal,Bag."),
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where reports and runs go.")] = Path("runs/lab"),
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Do an exercise of the chapter.

    A table over seeds, what it says in words, and a picture, written as Markdown, JSON and PNG. The runs are kept: called
    again it goes on where it was stopped, and what one experiment has trained no other trains again.

    Example: lenet lab pooling --seeds 5
    """
    from lenet.analysis.lab import laboratory

    given: dict[str, Any] = {
        "seeds": seeds,
        "epochs": epochs,
        "recipe": recipe,
        "data": data,
        "classes": [part.strip() for part in classes.split(",")] if classes else (),
    }
    if experiment is None:
        table(["experiment", "what it asks"], [[name, each.question] for name, each in laboratory.EXPERIMENTS.items()])
        return
    for name in laboratory.EXPERIMENTS if experiment == "all" else [experiment]:
        taken = laboratory.EXPERIMENTS[name].options if experiment == "all" else given
        with _repeatable():
            result, figure = laboratory.perform(
                name,
                **{option: given[option] for option in taken},
                data_dir=data_dir,
                folder=out / "runs",
                progress="quiet" if quiet else "auto",
            )
        report(result, result.save(out, figure), json_)


def reproduce(
    seeds: Annotated[int, typer.Option(metavar="N", help="Trainings of each recipe: the seeds 0 to N - 1.", min=1)] = 5,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where report and runs go.")] = Path("runs/reproduction"),
    data_dir: DataDir = None,
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Compare every published result of the chapter with what it is here.

    Trains the published recipes over seeds on Fashion-MNIST, and says for each published figure whether it falls into the
    95 % interval of one run here. Writes the table as Markdown and JSON, and a chart with every seed's curve. Called again it
    goes on where it was stopped.

    Example: lenet reproduce --seeds 5
    """
    from lenet.analysis import reproduction

    with _repeatable():
        result, figure = reproduction.reproduce(
            seeds=seeds, folder=out / "runs", data_dir=data_dir, progress="quiet" if quiet else "auto"
        )
    report(result, result.save(out, figure), json_)


@contextlib.contextmanager
def _repeatable() -> Iterator[None]:
    """After Ctrl-C or its like in a sweep: says that the same command goes on, and exits as a shell expects."""
    from lenet.training.sweep import SweepInterrupted

    try:
        yield
    except SweepInterrupted as stop:
        note(f"{stop}\nhint: the same command goes on")
        raise typer.Exit(stop.exit_code) from None
