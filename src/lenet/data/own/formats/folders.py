"""Class folders: ROOT/dog/1.png, or ROOT/train/dog/1.png with splits, in a folder or an archive."""

from collections import Counter
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
    depth = _depth(names)
    parts = [name.split("/")[depth:-1] for name in names]
    prefix = "".join(f"{part}/" for part in names[0].split("/")[:depth]) if names else ""
    if all(len(folders) >= 1 and split_of(folders[0]) for folders in parts):  # ROOT/train/dog
        return [
            Item(name, folders[1] if len(folders) > 1 else None, split_of(folders[0]))
            for name, folders in zip(names, parts, strict=True)
        ], prefix
    if all(len(folders) >= 2 and split_of(folders[1]) for folders in parts):  # ROOT/dog/train
        return [Item(name, f[0], split_of(f[1])) for name, f in zip(names, parts, strict=True)], prefix
    return [Item(name, f[0] if f else None) for name, f in zip(names, parts, strict=True)], prefix


def _depth(names: list[str]) -> int:
    """How many folders lie around everything, as in archives of a folder: the classes are below them."""
    depth = 0
    while names:
        folders = {tuple(name.split("/")[depth : depth + 2]) for name in names if name.count("/") > depth + 1}
        first = {name.split("/")[depth] if name.count("/") >= depth else None for name in names}
        if len(first) != 1 or not folders or any(name.count("/") <= depth + 1 for name in names):
            return depth
        if split_of(next(iter(first)) or ""):
            return depth
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
