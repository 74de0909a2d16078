"""Class folders: ROOT/dog/1.png, or ROOT/train/dog/1.png with splits, in a folder or an archive."""

from collections import Counter
from collections.abc import Iterable
from pathlib import PurePosixPath

from lenet.data.own import sniff
from lenet.data.own.items import BadItems, Draft, Item
from lenet.data.own.listing import Files
from lenet.data.own.names import is_image, split_of

MAX_NAMED = 3  # files named in a note


def images(files: Files) -> list[str]:
    """The names of all images: by suffix, and by content where there is none."""
    return [
        name
        for name in files.names
        if is_image(name) or ("." not in name.rpartition("/")[2] and sniff.begins_like_image(files, name))
    ]


def matches(names: list[str]) -> bool:
    """Return whether images are in at least two folders of one level, or in classes below splits."""
    items, _ = _items(names)
    return len({item.label for item in items if item.label is not None}) > 1


def read(files: Files, images: list[str], bad: BadItems) -> Draft:
    """Read class folders.

    Args:
        files: A folder or an archive.
        images: The names of the images in it.
        bad: Takes class folders without images.

    Returns:
        One item an image.

    Raises:
        DataError: A class folder has no images.
    """
    items, prefix = _items(images)
    own = {item.name.rpartition("/")[0] for item in items}
    with_images = {str(parent) for folder in own for parent in (PurePosixPath(folder), *PurePosixPath(folder).parents)}
    known = set(images)
    others = [name for name in files.names if name not in known]
    for folder in sorted({*files.empty, *(str(PurePosixPath(name).parent) for name in others)}):
        if bad.for_training and folder not in with_images and folder.startswith(prefix):
            bad.add(f"folder {folder}", "has no images; expected class folders with images in them", "delete it")
    names = [item.name for item in items]
    return Draft(
        f"{files.kind}class folders",
        items,
        lambda i: files.read(names[i]),
        files=files.sources([]),
        notes=_notes(others),
    )


def _items(names: list[str]) -> tuple[list[Item], str]:
    """Every image with the class and the split that its folders mean, and the folder around them all, with a slash."""
    folders = [name.rpartition("/")[0] for name in names]
    depth = _depth(dict.fromkeys(folders))
    below = {folder: folder.split("/")[depth:] if folder else [] for folder in dict.fromkeys(folders)}
    meanings: dict[str, tuple[str | None, str | None]]  # class and split
    if all(parts and split_of(parts[0]) for parts in below.values()):  # ROOT/train/dog
        meanings = {
            folder: (parts[1] if len(parts) > 1 else None, split_of(parts[0])) for folder, parts in below.items()
        }
    elif all(len(parts) >= 2 and split_of(parts[1]) for parts in below.values()):  # ROOT/dog/train
        meanings = {folder: (parts[0], split_of(parts[1])) for folder, parts in below.items()}
    else:
        meanings = {folder: (parts[0] if parts else None, None) for folder, parts in below.items()}
    prefix = "".join(f"{part}/" for part in names[0].split("/")[:depth]) if names else ""
    return [Item(name, *meanings[folder]) for name, folder in zip(names, folders, strict=True)], prefix


def _depth(folders: Iterable[str]) -> int:
    """How many folders lie around everything, as in archives of a folder: the classes are below them."""
    below = [folder.split("/") if folder else [] for folder in folders]
    depth = 0
    # There is another level in one folder, and no image lies between the two.
    while below and all(len(parts) > depth + 1 for parts in below) and len({parts[depth] for parts in below}) == 1:
        if split_of(below[0][depth]):
            break
        depth += 1
    return depth


def _notes(others: list[str]) -> tuple[str, ...]:
    if not others:
        return ()
    suffixes = Counter(PurePosixPath(name).suffix.lower() or "no suffix" for name in others)
    kinds = ", ".join(f"{count:,} {suffix}" for suffix, count in suffixes.most_common(MAX_NAMED))
    shown = ", ".join(others[:MAX_NAMED]) + (", …" if len(others) > MAX_NAMED else "")
    what = "1 file that is no image is" if len(others) == 1 else f"{len(others):,} files that are no images are"
    return (f"{what} ignored ({kinds}): {shown}",)
