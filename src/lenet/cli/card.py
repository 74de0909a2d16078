"""The command `lenet card`: the model card of a trained network."""

from pathlib import Path
from typing import Annotated

import typer

from lenet.cli.options import DataDir
from lenet.cli.output import note, say

Licence = Annotated[
    str | None,
    typer.Option("--license", metavar="NAME", help="Licence of the network in the Hub's spelling, such as mit."),
]
Title = Annotated[str | None, typer.Option(metavar="TEXT", help="Heading of the card.")]
CardData = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="The data set to measure on, if it is not the run's own; a weights file needs one."
    ),
]


def card(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN",
            help="The run to describe, or a weights file written by lenet; then runs with other seeds and the same settings, "
            "for a mean and a standard deviation.",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Where to write it; by default RUN-card in this folder. It must not exist."
        ),
    ] = None,
    data: CardData = None,
    data_dir: DataDir = None,
    title: Title = None,
    licence: Licence = None,
    no_pictures: Annotated[bool, typer.Option("--no-pictures", help="Write the text alone.")] = False,
) -> None:
    """Write the model card of a trained network.

    README.md with the front matter that the Hugging Face Hub reads, and its images: the data and their fingerprint, the
    command that made it, accuracy with its interval, each class, calibration, confusions, the worst mistakes, changed and
    unfamiliar images, preprocessing, limits.

    Example: lenet card runs/first --license mit
    """
    from lenet.deploy.card.card import card as write_card

    written = write_card(
        *runs, out=out, data=data, data_dir=data_dir, title=title, licence=licence, pictures=not no_pictures
    )
    for text in written.notes:
        say(text)
    note(f"wrote {written.path}")
