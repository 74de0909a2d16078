"""The command `lenet predict`: answers for images, folders and tables, printed as they come, or written in parts."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from lenet.cli.options import Device, Json, RunPath
from lenet.cli.output import note, say
from lenet.errors import ConfigError

TOP = 3  # classes that are printed


def predict(
    run: RunPath,
    images: Annotated[
        list[Path],
        typer.Argument(metavar="IMAGE", help="Image files, folders of them, archives, or a CSV or array of pixels."),
    ],
    top: Annotated[
        int | None, typer.Option(metavar="N", help="How many classes to print.  [default: 3]", min=1)
    ] = None,
    show: Annotated[
        bool,
        typer.Option(
            "--show",
            help="Write NAME-seen.png in this folder: what was found in the image, and each step to what the network sees.",
        ),
    ] = False,
    split: Annotated[
        bool,
        typer.Option("--split", help="Read parts of similar size from left to right, such as the digits of a number."),
    ] = False,
    table: Annotated[
        str | None,
        typer.Option(
            "--csv",
            metavar="FILE",
            help="Write the answers as CSV to FILE, or to stdout if it is -: ImageId,Label for rows of pixels, as Kaggle "
            "wants it; file,label,probability,unknown for files.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Classify all images in a folder, however many, on all cores, and write the answers into DIR, in parts: "
            "file, label, probability, unknown, error. The same command goes on where it stopped.",
        ),
    ] = None,
    form: Annotated[
        str, typer.Option("--format", metavar="NAME", help="With --out: csv or parquet (extra parquet).")
    ] = "csv",
    ray: Annotated[
        str | None,
        typer.Option(
            "--ray",
            metavar="auto|HOST:PORT",
            help="With --out: classify on the Ray cluster with its head there, whose nodes all see the folder; auto: on the "
            "one that runs here, or else on one that is started on this machine.",
        ),
    ] = None,
    device: Device = "auto",
    json_: Json = False,
) -> None:
    """Classify your own images.

    Prints the most probable classes. An image is first made similar to the training images: turned upright, made grey, the
    object in it found, inverted if its background is light and theirs is dark, scaled and centred.

    All images in a folder are classified, decoded by several threads; where its folders are named after the classes, the
    accuracy is printed too. A bad image is named on stderr, the others are classified, and the exit code is 2. Where an image
    shows several parts of similar size, their number is printed; --split reads them. On a terminal, a line shows the progress
    of many images whose answers go to a file.

    A calibrated network (lenet train --validation N, or lenet calibrate) prints `unknown` for an image that is unlike those
    that it was trained on, with the reason, before the nearest classes.

    For many files, --out has all cores work, and writes the answers in memory that does not grow with their number; --ray has
    a cluster work. After Ctrl-C, or whatever else stopped it, the same command goes on: every file has one answer.

    Example: lenet predict runs/first boot.png --show
    """
    from lenet.analysis.given_images import check_order

    if table is not None and json_:
        raise ConfigError("--csv and --json cannot be used together", hint="leave one of them out")
    if out is not None:
        from lenet.cli.predict_folder import Answers, predict_into

        if len(images) > 1 or split or show or table or top is not None:
            hint = "leave --top, --split, --show and --csv out, and name one folder"
            raise ConfigError("--out takes one folder, and writes all answers itself", hint=hint)
        check_order(run, images[0])
        predict_into(run, images[0], Answers(out, form, device, json_), ray)
        return
    if ray is not None or form != "csv":
        raise ConfigError("--ray and --format are for --out", hint="add --out answers: the folder of the answers")

    from lenet.analysis.answer import Unreadable
    from lenet.analysis.given_images import find_images
    from lenet.analysis.prediction import predict_each
    from lenet.analysis.score import Score
    from lenet.cli import answers
    from lenet.cli.progress import Progress
    from lenet.runs.opening import open_trained

    check_order(run, images[0])
    trained = open_trained(run)
    found = find_images(images, trained.classes)
    for text in found.notes:
        note(f"note: {text}")
    csv = None if table is None else answers.Table(table, found.images)
    score, hints, shown = Score(), set[str](), Counter[str]()
    is_faulty = has_parts = False
    stream = predict_each(trained, found.images, split=split, explain=show, device=device)
    with Progress(len(found.images), prints=table in (None, answers.STDOUT)) as progress:
        for image, answer in zip(found.images, stream, strict=True):
            if csv:
                csv.add(image, answer)
            elif json_:
                answers.print_json(answer)
            else:
                answers.print_line(answer, top or TOP)
            if isinstance(answer, Unreadable):
                is_faulty = True
                progress.clear()
                answers.print_error(answer, hints)
            else:
                score.add(answer)
                has_parts |= answer.parts[0].num_parts > 1
                if show:
                    from lenet.analysis.strip import save_strip

                    progress.clear()
                    note(f"wrote {save_strip(answer, Path(), shown)}")
            progress.advance()
    if has_parts and not split:
        note("note: --split reads the parts of an image one by one, from left to right")
    if csv:
        csv.finish()
    if score.num_images:
        answers.print_score(score, trained.classes, note if csv or json_ else say)
    if is_faulty:
        raise typer.Exit(2)
