"""The command `lenet predict`: answers for images, folders of images, and tables of pixels, printed as they come."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from lenet.cli.options import Device, Json, RunPath
from lenet.cli.output import note, say
from lenet.errors import ConfigError


def predict(
    run: RunPath,
    images: Annotated[
        list[Path],
        typer.Argument(metavar="IMAGE", help="Image files, folders of them, archives, or a CSV or array of pixels."),
    ],
    top: Annotated[int, typer.Option(metavar="N", help="How many classes to print.", min=1)] = 3,
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

    Example: lenet predict runs/first boot.png --show
    """
    if table is not None and json_:
        raise ConfigError("--csv and --json cannot be used together", hint="leave one of them out")

    from lenet.analysis.answer import Unreadable
    from lenet.analysis.given_images import check_order, find_images
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
                answers.print_line(answer, top)
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
