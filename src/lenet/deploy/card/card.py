"""The model card of a run: README.md with the Hub's front matter, and its images.

lenet.card("runs/first", out="card")
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lenet.data.dataset import Splits
from lenet.deploy.card import pictures, provenance, results
from lenet.deploy.card.about import About, title_of
from lenet.deploy.card.front_matter import front_matter
from lenet.deploy.card.markup import plain
from lenet.deploy.card.measured import Measured, measure
from lenet.deploy.targets import Exported, must_be_new, name_of, write_new
from lenet.runs.opening import Source

CARD = "README.md"
MISTAKES, EXAMPLE = "mistakes.png", "preprocessing.png"


@dataclass(frozen=True, eq=False)
class Card:
    """A model card.

    Attributes:
        markdown: the text, with front matter.
        images: the contents of its PNG files, by their names, which the text links.
        measured: what it was made of.
    """

    markdown: str
    images: Mapping[str, bytes]
    measured: Measured

    @property
    def files(self) -> dict[str, bytes]:
        """The contents of all its files, by name."""
        return {CARD: self.markdown.encode(), **self.images}


def make_card(measured: Measured, about: About | None = None) -> Card:
    """Make the card of what was measured; the same numbers give the same bytes.

    Args:
        measured: from `measure`.
        about: what the author decides.
    """
    about = about or About()
    images: dict[str, bytes] = {}
    reading = pictures.example(measured) if about.pictures else None
    if reading is not None:
        images[EXAMPLE] = pictures.draw_example(reading)
    mistakes = pictures.draw_mistakes(measured.evaluation) if about.pictures else None
    if mistakes is not None:
        images[MISTAKES] = mistakes
    evaluation = measured.evaluation
    sections = {
        "Data": provenance.data(measured),
        "Training": provenance.training(measured),
        "Accuracy": results.accuracy(measured),
        "Calibration": results.calibration(measured),
        "Confusions": results.confusions(measured),
        "Worst mistakes": _worst(measured, MISTAKES if mistakes is not None else None),
        "Changed images": results.robustness(measured),
        "Unfamiliar images": results.unfamiliar(measured),
        "Preprocessing": provenance.preprocessing(measured, reading, EXAMPLE if reading else None),
        "Limits": provenance.limits(measured),
        "Reproduce": provenance.reproduce(about, measured),
    }
    if not evaluation.num_mistakes:
        del sections["Worst mistakes"]
    body = "\n".join(f"## {name}\n\n{text.rstrip()}\n" for name, text in sections.items())
    heading = f"# {plain(title_of(about, measured))}\n\n{provenance.what_it_is(about, measured)}"
    return Card(f"{front_matter(about, measured)}\n{heading}\n{body}", images, measured)


def card(
    run: Source,
    *others: Source,
    out: str | os.PathLike[str] | None = None,
    data: str | Splits | None = None,
    data_dir: str | None = None,
    **about: Any,
) -> Exported:
    """Write the model card of a trained network: README.md and its images.

    Args:
        run: a run, its directory, or a weights file that lenet wrote.
        *others: runs of the same settings with other seeds, whose accuracy becomes a mean and a standard deviation.
        out: the folder to write, which must not exist; by default the run's name with -card.
        data: the data set to measure on; by default that of the run. A weights file needs one.
        data_dir: the folder of the data set's files.
        **about: `title`, `licence`, `repository` (user/name on the Hub), and `pictures`, False for none.

    Returns:
        Where it was written.

    Raises:
        ConfigError: the runs differ in more than the seed, or an option makes no sense.
        RunError: a run cannot be read, or `out` exists or cannot be written.
        DataError: the data is not there, or does not fit the network.
    """
    from lenet.runs.opening import open_trained

    described = About(**about)
    trained = open_trained(run)
    folder = Path(out) if out is not None else Path(f"{name_of(trained.path)}-card")
    must_be_new(folder)
    measured = measure([trained, *others], data, data_dir)
    made = make_card(measured, described)
    write_new(folder, made.files)
    return Exported(folder, (results.accuracy_in_words(measured),))


def _worst(measured: Measured, image: str | None) -> str:
    """The section on the most confident mistakes."""
    evaluation = measured.evaluation
    shown = evaluation.mistakes[: pictures.WORST]
    lines = [
        f"{len(shown)} of {evaluation.num_mistakes:,} mistakes, the most confident ones: the class → the answer.",
        "",
    ]
    if image is not None:
        lines += [f"![the most confident mistakes]({image})", ""]
    lines += [
        f"- {plain(evaluation.classes[each.label])} → {plain(evaluation.classes[each.predicted])} {each.probability:.1%} "
        f"({plain(each.name) if each.name else f'test image {each.index:,}'})"
        for each in shown
    ]
    return "\n".join(lines)
