"""The commands about trained networks: `lenet evaluate`, `runs` and `compare`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lenet.cli.options import DataDir, Device, Json, RunPath, announce
from lenet.cli.output import note, print_table, say
from lenet.errors import LenetError, quoted

if TYPE_CHECKING:
    from lenet.analysis.evaluated import Evaluation, Reliability
    from lenet.runs.run import Run


def evaluate(
    run: RunPath,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="A data set other than the run's own, or a folder, archive or table of your own labelled images; a weights "
            "file needs one.",
        ),
    ] = None,
    data_dir: DataDir = None,
    split: Annotated[str, typer.Option(metavar="NAME", help="Which images: test, train or validation.")] = "test",
    plot: Annotated[
        bool,
        typer.Option("--plot", help="Write the confusion matrix and the most confident errors as PNG files."),
    ] = False,
    device: Device = "auto",
    json_: Json = False,
) -> None:
    """Measure a trained network.

    Prints accuracy and loss, how far the probabilities can be trusted and how many of the images are known, precision and
    recall of each class, the confusion matrix, and the most confident errors.

    Your own images are made similar to the training images, as lenet predict does it. A bad one is named on stderr, and the
    exit code is 2.

    Example: lenet evaluate runs/first --plot
    """
    from lenet.analysis import evaluation
    from lenet.cli.answers import print_error

    result = evaluation.evaluate(run, data, split=split, data_dir=data_dir, device=device)
    if plot:
        from lenet.analysis import plots

        for path in plots.save_evaluation(run, result):
            note(f"wrote {path}")
    hints = set[str]()
    for image in result.unreadable:
        print_error(image, hints)
    if json_:
        say(json.dumps(result.to_dict()))
    else:
        _print_evaluation(result)
    if result.unreadable:
        raise typer.Exit(2)


def calibrate(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run directory.")],
    data_dir: DataDir = None,
    device: Device = "auto",
    json_: Json = False,
) -> None:
    """Let a finished run say what it does not know.

    Corrects its confidence on the images that it held out, and decides from which outlier score on an image is unknown. Both
    are stored in its model.safetensors, and used by lenet predict and evaluate. A training that holds out images does this at
    its end: with --validation N, or data with validation images.

    Example: lenet calibrate runs/first
    """
    from lenet.analysis import calibrate as calibration

    result = calibration.calibrate(run, data_dir=data_dir, device=device)
    if json_:
        say(json.dumps(result.numbers()))
        return
    say(
        f"calibrated on {result.num_held_out:,} held-out images, of which {result.coverage:.0%} are known; "
        f"temperature {result.temperature:.3f}"
    )
    note(f"lenet evaluate {quoted(run)} measures it on the test images")


def _print_evaluation(result: "Evaluation") -> None:
    say(
        f"{result.data}, {result.num_images:,} {result.split} images: "
        f"accuracy {result.accuracy:.4f}, loss {result.loss:.4f}"
    )
    say(f"{_reliability(result.reliability)}\n")
    rows = zip(result.classes, result.precision, result.recall, result.support, strict=True)
    print_table(
        ["class", "precision", "recall", "images"],
        [[name, f"{p:.4f}", f"{r:.4f}", f"{n:,}"] for name, p, r, n in rows],
    )
    say("\nconfusion matrix: a row for each true class, a column for each predicted one")
    print_table(
        ["", "", *map(str, range(len(result.classes)))],
        [[str(label), result.classes[label], *map(str, row)] for label, row in enumerate(result.confusion.tolist())],
    )
    say(f"\nmost confident of {result.num_mistakes:,} errors")
    print_table(
        ["image", "true", "predicted", "probability"],
        [
            [m.name or str(m.index), result.classes[m.label], result.classes[m.predicted], f"{m.probability:.4f}"]
            for m in result.mistakes[:10]
        ],
    )


def _reliability(found: "Reliability") -> str:
    """How far the probabilities can be trusted, in one line."""
    text = f"expected calibration error {found.error:.2%}"
    if found.coverage is None:
        return f"{text}; not calibrated (lenet calibrate RUN)"
    text += f" ({found.uncalibrated_error:.2%} before, temperature {found.temperature:.2f}); "
    text += f"known {found.coverage:.1%} of the images"
    return text if found.accepted_accuracy is None else f"{text}, accuracy on these {found.accepted_accuracy:.4f}"


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
