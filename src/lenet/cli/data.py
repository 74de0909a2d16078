"""The commands about data sets: `lenet data list`, `show`, `fetch`, `verify` and `import`."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from lenet.cli.options import DataDir
from lenet.cli.output import note, print_table, say
from lenet.errors import DataError

Name = Annotated[str, typer.Argument(metavar="NAME", help="The data set.")]


def list_data(data_dir: DataDir = None) -> None:
    """List the data sets and where they are.

    Example: lenet data list
    """
    from lenet.data import CATALOGUE
    from lenet.data.archive import cached_archive
    from lenet.data.locate import cached_folder, locate

    rows, faults = [], {}
    for name, entry in CATALOGUE.items():
        absent = f"download, {entry.download_size / 1e6:.0f} MB" if entry.sources else "generated when needed"
        if entry.archive and cached_archive(entry).is_file():
            absent = "cache, unpacked when needed"
        try:
            located = locate(name, data_dir)
            place = located.source if located and not located.holds_another() else absent
        except DataError as error:  # of the user's folder
            faults[error.message] = error.hint
            cached = cached_folder(entry)
            place = cached.source if cached.count() == len(cached.files) else absent
        rows.append(
            [name, f"{entry.num_train:,}", f"{entry.num_test:,}", str(len(entry.classes)), entry.licence, place]
        )
    for message, hint in faults.items():
        note(f"warning: {message}\nhint: {hint}")
    print_table(["name", "train", "test", "classes", "licence", "where"], rows)


def show_data(
    name: Name,
    data_dir: DataDir = None,
    plot: Annotated[
        bool, typer.Option("--plot", help="Write images of each class to NAME.png in this folder.")
    ] = False,
) -> None:
    """Describe a data set.

    Example: lenet data show digits --plot
    """
    import numpy as np

    from lenet import data
    from lenet.data.catalogue import find_entry

    entry = find_entry(name)
    splits = data.load(name, data_dir, progress=download_bar)
    say(f"{entry.title} ({entry.name})\n{entry.description}\n")
    facts = {
        "licence": entry.licence,
        "homepage": entry.homepage,
        "read from": splits.source,
        "train": f"{len(splits.train):,} images",
        "test": f"{len(splits.test):,} images",
        "size": "{}×{}, uint8".format(*splits.train.size),
        "fingerprint": splits.fingerprint,
    }
    for title, fact in facts.items():
        say(f"{title:<11}  {fact}")
    counts = [np.bincount(dataset.labels, minlength=len(entry.classes)) for dataset in splits]
    print_table(
        ["label", "class", "train", "test"],
        [
            [str(label), title, f"{counts[0][label]:,}", f"{counts[1][label]:,}"]
            for label, title in enumerate(entry.classes)
        ],
    )
    if plot:
        from lenet.analysis import plots

        note(f"wrote {plots.save_samples(splits.train, Path())}")


def fetch(
    name: Name,
    force: Annotated[bool, typer.Option("--force", help="Replace the files that are in the cache.")] = False,
) -> None:
    """Download a data set into the cache.

    Files are checked by SHA-256; those in the cache are kept.

    Example: lenet data fetch fashion-mnist
    """
    from lenet.data import fetch

    located = fetch.fetch(name, force=force, progress=download_bar)
    say(f"{located.entry.title}: {located.folder} ({located.source})")


def verify(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="The data set; by default all that are on this machine.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Check the files of a data set, and repair the cache.

    Files are checked by SHA-256. One that is damaged or missing in the cache is fetched again, or else removed; your own
    files are never changed. The exit code is 2 if a damaged file could not be replaced.

    Example: lenet data verify fashion-mnist
    """
    from lenet.data import fetch

    if name is None:
        sets, errors = fetch.verify_all(data_dir, progress=download_bar)
    else:
        sets, errors = [fetch.verify(name, data_dir, progress=download_bar)], []
    faults = []
    for check in (check for checks in sets for check in checks):
        say(f"{'ok  ' if check.fault is None else 'new ' if check.is_fixed else 'BAD '}  {check.path}")
        if check.is_fixed:
            note(f"{check.fault}; {check.outcome}")
        elif check.fault:
            faults.append(DataError("; ".join(filter(None, (check.fault, check.outcome))), hint=check.hint))
    faults += errors
    if faults:
        raise DataError("; ".join(dict.fromkeys(fault.message for fault in faults)), hint=faults[0].hint)


def import_data(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder of the four files, .gz or not.")],
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only this data set; by default all that are found.")
    ] = None,
) -> None:
    """Copy your own files into the cache.

    Only complete data sets are copied, recognised by their content and checked by SHA-256; the folder is not changed.

    Example: lenet data import ~/downloads/FashionMNIST
    """
    from lenet.data.importing import import_folder

    imported, faults = import_folder(folder, name)
    for fault in faults:
        note(f"skipped: {fault.message}")
    for located in imported:
        say(f"{located.entry.title}: {located.folder}")


def download_bar(file: str, num_bytes: int) -> Any:
    """A bar on stderr for a file being downloaded."""
    from lenet.display.choice import choose_display

    return choose_display("auto", sys.stderr).download(file, num_bytes)
