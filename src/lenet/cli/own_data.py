"""The commands about people's own images: `lenet data check` and `convert`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lenet.cli.options import DataDir, Json, settings_options
from lenet.cli.output import note, print_table, say
from lenet.cli.progress import Shown

if TYPE_CHECKING:
    from lenet.data.own.items import Collection
    from lenet.data.own.survey import Survey
    from lenet.doctor.finding import Finding
    from lenet.images.preprocess import Preprocessing

Data = Annotated[
    str, typer.Argument(metavar="DATA", help="A folder, archive or file with your images, or a data set's name.")
]
MANY, VERY_MANY = 2000, 100_000  # image files, and images in arrays: they take seconds
SPLITS = ("train", "validation", "test", "")


@settings_options(("size", "fit"), with_defaults=False)
def check_data(
    data: Data,
    data_dir: DataDir = None,
    sheet: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The contact sheet.  [default: DATA-check.png in this folder]")
    ] = None,
    json_: Json = False,
    **settings: Any,
) -> None:
    """Look through data before any training.

    Prints format, splits, sizes, background and the number of images of each class. Finds unreadable and near-empty images,
    copies, also across splits, conflicting labels and imbalance, each with what to do. Writes a contact sheet with images of
    each class, as they are and as the network sees them. The exit code is 0 whatever it finds.

    Example: lenet data check photos/
    """
    from lenet.analysis.contact_sheet import save_contact_sheet
    from lenet.config import checked
    from lenet.data.own.fitting import preprocessing_of
    from lenet.data.own.measuring import survey
    from lenet.doctor.survey_checks import findings

    values = {name: checked(name, value) for name, value in settings.items() if value is not None}
    collection = _collection(data, data_dir, skip_bad=True)
    count, shown = len(collection.items), Shown()
    if collection.arrays is None and count > MANY:
        note(f"looking at {count:,} images")
    surveyed = survey(collection, shown.watch)
    found = findings(surveyed)
    shown.clear()
    if count > VERY_MANY:
        note(f"looked at {count:,} images in {shown.seconds:,.0f} s, {count / shown.seconds:,.0f} a second")
    size = values.get("size")
    made = None
    if surveyed.items:
        made = preprocessing_of(surveyed, size and (size[0], size[-1]), values.get("fit", "pad"))
        path = sheet or Path(f"{Path(data.rstrip('/')).stem or 'data'}-check.png")
        note(f"wrote {save_contact_sheet(surveyed, made, path)}")
    if json_:
        say(json.dumps(_numbers(surveyed, made, found)))
    else:
        _print(surveyed, made, found)


@settings_options(("size", "fit", "skip_bad"), with_defaults=False)
def convert_data(
    data: Data,
    to: Annotated[str, typer.Option("--to", metavar="FORMAT", help="The format: idx, npz, csv or folders.")],
    out: Annotated[Path, typer.Option("--out", metavar="PATH", help="A new file or folder.")],
    data_dir: DataDir = None,
    **settings: Any,
) -> None:
    """Write data in another format.

    IDX files, an npz file, CSVs of pixels, or class folders of PNG images. Splits, classes and pixels are kept; image files
    go into class folders as they are. The formats other than folders need images of one size.

    Example: lenet data convert photos/ --to npz --out photos.npz --size 64
    """
    from lenet.config import checked
    from lenet.data.own.convert import convert
    from lenet.data.own.measuring import readable
    from lenet.doctor.wording import sentence

    values = {name: checked(name, value) for name, value in settings.items() if value is not None}
    skip_bad = bool(values.get("skip_bad"))
    collection = _collection(data, data_dir, skip_bad=skip_bad)
    collection = readable(collection) if skip_bad else collection
    for bad in collection.bad:
        note(f"left out: {sentence(*bad)}")
    size = values.get("size")
    path = convert(collection, to.lower(), out, size=size and (size[0], size[-1]), fit=values.get("fit", "pad"))
    say(f"{path}: {len(collection.items):,} images of {len(collection.classes):,} classes, {to.lower()}")


def _collection(data: str, data_dir: str | None, *, skip_bad: bool) -> "Collection":
    """What the user named: a data set of the catalogue, or else a path."""
    from lenet.data import load
    from lenet.data.own.collection import read_collection
    from lenet.data.own.measuring import as_collection
    from lenet.data.own.path import own_path

    path = own_path(data)
    if path is not None:
        return read_collection(path, skip_bad=skip_bad, for_training=False)
    from lenet.cli.data import download_bar

    return as_collection(load(data, data_dir, progress=download_bar))


def _print(survey: "Survey", made: "Preprocessing | None", findings: "list[Finding]") -> None:
    collection = survey.collection
    count = len(survey.items)
    say(f"{collection.path}: {collection.format}, {count:,} images of {len(collection.classes):,} classes\n")
    if count:
        heights, widths = survey.sizes.T
        sizes = f"{heights.min()}×{widths.min()}"
        if survey.sizes.min(axis=0).tolist() != survey.sizes.max(axis=0).tolist():
            sizes += f" to {heights.max()}×{widths.max()}"
        light, colour = float(survey.is_light.mean()), int(survey.is_colour.sum())
        facts = {
            "sizes": sizes,
            "colours": "none" if not colour else "all" if colour == count else f"in {colour:,} of {count:,} images",
            "background": f"light in {light:.0%}, dark in {1 - light:.0%} of the images",
        }
        if made:
            facts["network"] = f"sees {made.kind}, framing {made.framing}"
        for title, fact in facts.items():
            say(f"{title:<10}  {fact}")
    for each in collection.notes:
        say(f"{'note':<10}  {each}")
    splits = [split for split in SPLITS if split in survey.splits]
    columns = [survey.counts(split) for split in splits]
    rows = [[name, *(f"{column[label]:,}" for column in columns)] for label, name in enumerate(collection.classes)]
    if rows:
        say("")
        total = ["total", *(f"{column.sum():,}" for column in columns)]
        print_table(["class", *(split or "images" for split in splits)], [*rows, total], has_total=True)
    say("")
    for finding in findings:
        say(f"{finding}")
    if not findings:
        say("nothing found")


def _numbers(survey: "Survey", made: "Preprocessing | None", findings: "list[Finding]") -> dict[str, Any]:
    collection = survey.collection
    splits = [split for split in SPLITS if split in survey.splits]
    items = survey.items
    return {
        "path": str(collection.path),
        "format": collection.format,
        "images": len(items),
        "classes": {
            name: {split or "images": int(survey.counts(split)[label]) for split in splits}
            for label, name in enumerate(collection.classes)
        },
        "sizes": [survey.sizes.min(axis=0).tolist(), survey.sizes.max(axis=0).tolist()] if items else [],
        "colour_images": int(survey.is_colour.sum()),
        "light_backgrounds": int(survey.is_light.sum()),
        "preprocessing": made.to_dict() if made else None,
        "notes": list(collection.notes),
        "unreadable": [{"name": bad.name, "reason": bad.reason} for bad in survey.bad],
        "near_empty": [items[i].name for i in survey.near_empty.tolist()],
        "copies": [
            {"name": items[i].name, "of": items[first].name, "equal": bool(survey.same[i] != i)}
            for i, first in survey.all_copies
        ],
        "conflicting": [[items[first].name, items[i].name] for i, first in survey.conflicts(survey.near)],
        "test_in_train": [items[i].name for i, _ in survey.shared(survey.near)],
        "findings": [
            {"name": each.name, "message": each.message, "evidence": dict(each.evidence), "remedy": each.remedy}
            for each in findings
        ],
    }
