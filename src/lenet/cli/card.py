"""The commands `lenet card` and `lenet push`: the model card of a trained network, and the network on the Hub."""

from pathlib import Path
from typing import Annotated

import typer

from lenet.cli.options import DataDir, RunPath, announce
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
            callback=announce,
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


def push(
    run: RunPath,
    repository: Annotated[
        str, typer.Argument(metavar="USER/NAME", help="The repository on the Hub; it is made if it is not there.")
    ],
    private: Annotated[
        bool, typer.Option("--private", help="Make the repository private; a public one is refused.")
    ] = False,
    branch: Annotated[
        str | None,
        typer.Option(
            "--branch", "--revision", metavar="NAME", help="The branch; it is made if it is not there.  [default: main]"
        ),
    ] = None,
    message: Annotated[str | None, typer.Option(metavar="TEXT", help="Message of the commit.")] = None,
    create_pr: Annotated[bool, typer.Option("--create-pr", help="Open a pull request instead of a commit.")] = False,
    pictures: Annotated[
        bool | None,
        typer.Option(
            "--pictures/--no-pictures",
            help="Show images in the card; by default your own are shown with --private alone.",
        ),
    ] = None,
    no_card: Annotated[bool, typer.Option("--no-card", help="Leave README.md and its images as they are.")] = False,
    data: CardData = None,
    data_dir: DataDir = None,
    title: Title = None,
    licence: Licence = None,
) -> None:
    """Push a trained network to the Hugging Face Hub.

    One commit with the weights (safetensors), config.json, lenet.json and the model card. Then hf://USER/NAME stands for the
    network wherever lenet takes one. Needs lenet[hub] and a token: hf auth login, or HF_TOKEN.

    Example: lenet push runs/first ann/boots --license mit
    """
    from lenet.deploy.hub.push import push as push_run

    pushed = push_run(
        run,
        repository,
        private=private or None,
        branch=branch,
        message=message,
        pull_request=create_pr,
        card=not no_card,
        pictures=pictures,
        data=data,
        data_dir=data_dir,
        title=title,
        licence=licence,
    )
    say(pushed.url)
    note(f"pushed {', '.join(pushed.files)} to {pushed.repository}, branch {pushed.branch}")
    note(f"commit {pushed.commit}, SHA-256 of the weights {pushed.weights_sha256}")
    note(f"open it with {pushed.address}, or what is newest with {pushed.newest}")
