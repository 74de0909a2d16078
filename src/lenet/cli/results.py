"""The commands about runs: `lenet runs` and `compare`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lenet.cli.options import Json, announce
from lenet.cli.output import note, print_table, say
from lenet.errors import LenetError

if TYPE_CHECKING:
    from lenet.runs.run import Run


def runs(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder of the run directories.")] = Path("runs"),
    json_: Json = False,
) -> None:
    """List the runs in a folder.

    Example: lenet runs
    """
    from lenet.runs.run import find_runs

    if not folder.is_dir():
        raise LenetError(f"no folder {folder}", hint="lenet train creates a run in runs/")
    entries, faults = find_runs(folder)
    for fault in faults:
        note(f"skipped: {fault.message}")
    if json_:
        say(
            json.dumps([(run.summary.to_dict() if run.is_finished else {}) | {"run": str(run.path)} for run in entries])
        )
    elif entries:
        print_table(*runs_table(entries))
    else:
        note(f"no runs in {folder}")


def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN", callback=announce, help="Two or more run directories, or ready-made networks."),
    ],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The file of the chart, .png or .svg.")] = Path(
        "compare.png"
    ),
) -> None:
    """Compare runs.

    Prints a table of the runs and the settings in which they differ, and draws their learning curves in one chart.

    Example: lenet compare runs/first runs/second
    """
    from lenet.analysis import plots
    from lenet.runs.opening import load

    entries = [load(run) for run in runs]
    plots.save_comparison(entries, out)
    print_table(*runs_table(entries))
    differing = plots.differences(entries)
    if differing:
        say("\nsettings that differ")
        print_table(
            ["setting", *plots.run_names(entries)],
            [[name, *map(str, values)] for name, values in differing.items()],
        )
    note(f"wrote {out}")


def runs_table(runs: Sequence["Run"]) -> tuple[list[str], list[list[str]]]:
    """The titles and rows of a table of runs, finished or not."""
    from lenet import ready

    titles = ["run", "data", "model", "recipe", "epochs", "parameters", "train acc", "test acc", "seconds", "images/s"]
    rows = []
    for run in runs:
        numbers = ["unfinished", "", "", ""]
        if run.is_finished:
            summary = run.summary
            forms = {"train_accuracy": ".4f", "test_accuracy": ".4f", "seconds": ".1f", "images_per_second": ",.0f"}
            numbers = [format(getattr(summary, name), form) for name, form in forms.items()]
        rows.append(
            [
                run.path.name if run.path.parent == ready.FOLDER else str(run.path),
                run.resolved.data,
                run.resolved.model.name,
                run.config.recipe,
                str(run.config.epochs),
                f"{run.resolved.model.parameters:,}",
                *numbers,
            ]
        )
    return titles, rows
