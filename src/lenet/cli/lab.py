"""The commands that train with several seeds: `lenet lab` and `lenet reproduce`."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from lenet.cli.options import DataDir, Json, Ray, on_ray
from lenet.cli.output import note, print_report, print_table

Quiet = Annotated[bool, typer.Option("--quiet", help="Do not print a line for each training.")]


def lab(
    experiment: Annotated[
        str | None,
        typer.Argument(metavar="EXPERIMENT", help="The name of an experiment, or all; without it, they are listed."),
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(metavar="N", help="Trainings of each variation, with the seeds 0 to N - 1.  [default: 5]", min=1),
    ] = None,
    epochs: Annotated[int | None, typer.Option(metavar="N", help="Epochs, instead of the recipe's.", min=1)] = None,
    recipe: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="The recipe, for activations, rate-range, noise and strangers.  [default: fast]"
        ),
    ] = None,
    data: Annotated[str | None, typer.Option(metavar="NAME", help="Data set.  [default: fashion-mnist]")] = None,
    data_dir: DataDir = None,
    classes: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help="For activations: the classes to show, such as 0,9 or Sandal,Bag."),
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="The folder of reports and runs.")] = Path("runs/lab"),
    ray: Ray = None,
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Run an exercise of the chapter.

    Prints a table over seeds and its conclusions, and writes them and a chart as Markdown, JSON and PNG. The runs are kept:
    the same command resumes an interrupted experiment, and experiments share the runs they have in common.

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
        print_table(
            ["experiment", "question"], [[name, each.question] for name, each in laboratory.EXPERIMENTS.items()]
        )
        return
    with on_ray(ray) as executor:
        for name in laboratory.EXPERIMENTS if experiment == "all" else [experiment]:
            taken = laboratory.EXPERIMENTS[name].options if experiment == "all" else given
            with _repeatable():
                result, figure = laboratory.perform(
                    name,
                    **{option: given[option] for option in taken},
                    data_dir=data_dir,
                    folder=out / "runs",
                    progress="quiet" if quiet else "auto",
                    executor=executor,
                )
            print_report(result, result.save(out, figure), json_)


def reproduce(
    seeds: Annotated[
        int, typer.Option(metavar="N", help="Trainings of each recipe, with the seeds 0 to N - 1.", min=1)
    ] = 5,
    out: Annotated[Path, typer.Option(metavar="DIR", help="The folder of report and runs.")] = Path(
        "runs/reproduction"
    ),
    data_dir: DataDir = None,
    ray: Ray = None,
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Compare the chapter's published results with runs here.

    Trains the published recipes with several seeds on Fashion-MNIST, and prints for each published figure whether it lies in
    the 95 % prediction interval of one run here. Writes the table as Markdown and JSON, and a chart with the curve of every
    seed. The same command resumes an interrupted comparison. With --ray, the trainings are done side by side on one thread
    each, and so are their speeds.

    Example: lenet reproduce --seeds 5
    """
    from lenet.analysis import reproduction

    with _repeatable(), on_ray(ray) as executor:
        result, figure = reproduction.reproduce(
            seeds=seeds,
            folder=out / "runs",
            data_dir=data_dir,
            progress="quiet" if quiet else "auto",
            executor=executor,
        )
    print_report(result, result.save(out, figure), json_)


@contextlib.contextmanager
def _repeatable() -> Iterator[None]:
    """After a signal during a sweep: prints how to resume it, and exits with the code that a shell expects."""
    from lenet.training.interrupts import Interrupted

    try:
        yield
    except Interrupted as stop:
        note(f"{stop}\nhint: the same command resumes it")
        raise typer.Exit(stop.exit_code) from None
