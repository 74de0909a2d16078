"""The command `lenet export`: a trained network, or the numbers of runs, in the form that another program takes."""

from pathlib import Path
from typing import Annotated, Any

import typer

from lenet.cli import messages
from lenet.cli.card import Licence, Title
from lenet.cli.options import RUN_HELP, DataDir, announce
from lenet.cli.output import note, say
from lenet.deploy.targets import TARGETS


def export(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN",
            callback=announce,
            help=f"{RUN_HELP} For tensorboard, mlflow and csv, any number of run directories, and of folders that hold some, "
            "such as a sweep's.",
        ),
    ],
    to: Annotated[str, typer.Option(metavar="TARGET", help=f"What to write: {', '.join(TARGETS)}.")],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH", help="Where to write it; by default under the run's name in this folder. It must not exist."
        ),
    ] = None,
    batch: Annotated[
        str | None,
        typer.Option(metavar="N", help="onnx: images at once, or dynamic for any number.  [default: 1]"),
    ] = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="onnx: run onnx's checker, and compare what onnxruntime and OpenCV compute over the whole test set with "
            "what lenet computes. Nothing is written if it differs, and the exit code is 1.",
        ),
    ] = False,
    int8: Annotated[
        bool, typer.Option("--int8", help="c: compute in 8-bit integers: a quarter of the memory, and no floats.")
    ] = False,
    accept_loss: Annotated[
        bool,
        typer.Option(
            "--accept-loss",
            help="c: write integers that cost more than 0.3 points of accuracy on the test images, too.",
        ),
    ] = False,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The data set of --check, --int8 and the card, if not the run's own; a weights file needs one.",
        ),
    ] = None,
    data_dir: DataDir = None,
    title: Title = None,
    licence: Licence = None,
    tracking_uri: Annotated[
        str | None,
        typer.Option(
            metavar="URI",
            help="mlflow: the store, http://HOST:5000 or sqlite:///mlflow.db.  [default: MLFLOW_TRACKING_URI, or else "
            "mlflow.db in this folder]",
        ),
    ] = None,
    experiment: Annotated[
        str | None, typer.Option(metavar="NAME", help="mlflow: the experiment.  [default: lenet]")
    ] = None,
) -> None:
    """Write a trained network, or the numbers of runs, for other programs.

    onnx: one file for onnxruntime, OpenCV, browsers and converters. It takes pixels divided by 255, contains the
    normalisation, and computes logits and probabilities.

    c: a folder with C99 sources for microcontrollers and everything else. They need no library and little memory, and take
    the bytes of an image.

    hub-folder: what lenet push would push: weights, config.json, lenet.json, the model card and its images.

    tensorboard: event files with every number of the training, and the settings for the tab HPARAMS (the extra
    tensorboard).

    mlflow: runs in an experiment of a tracking server or database, with settings, metrics and tags (the extra mlflow). What
    is there already is not written twice.

    csv: two tables, runs.csv with a row for each run, and points.csv with every number of metrics.jsonl.

    Example: lenet export runs/first --to onnx --check
    """
    from lenet.deploy import targets

    given: dict[str, Any] = {"batch": batch, "check": check, "data": data, "data_dir": data_dir}
    given |= {"int8": int8, "accept_loss": accept_loss}
    given |= {"title": title, "licence": licence, "tracking_uri": tracking_uri, "experiment": experiment}
    options = {name: value for name, value in given.items() if value is not None and value is not False}
    try:
        exported = targets.export(runs, to, out, **options)
    except targets.CheckError as error:
        messages.print_error(error, "export")
        raise typer.Exit(messages.BUG) from error
    for text in exported.notes:
        say(text)
    if exported.path is not None:
        note(f"wrote {exported.path}")
