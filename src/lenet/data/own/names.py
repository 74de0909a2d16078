"""Names of files and classes: hidden files, splits, images, natural order."""

import re

# What Windows, macOS, and other programs leave in folders; names that begin with a dot are hidden too.
HIDDEN = {"thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx", "$recycle.bin", "@eadir", "__pycache__", "icon\r"}
SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "trn": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
    "tst": "test",
    "t10k": "test",
}
IMAGE_SUFFIXES = {
    *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".dib", ".gif", ".webp", ".tif", ".tiff"),
    *(".ppm", ".pgm", ".pbm", ".pnm", ".avif", ".heic", ".heif"),
}
NUMBER = re.compile("([0-9]{1,18})")


def is_hidden(part: str) -> bool:
    """Return whether the name of a file or folder is one that users do not see."""
    return part.startswith(".") or part.lower() in HIDDEN


def split_of(part: str) -> str | None:
    """Return the split that the name of a folder or column means: "train", "validation", "test" or None."""
    return SPLIT_NAMES.get(part.lower())


def is_image(name: str) -> bool:
    """Return whether a file has the suffix of an image."""
    return name[name.rfind(".") :].lower() in IMAGE_SUFFIXES  # pathlib takes a second for 500,000 names


def natural_key(text: str) -> tuple[list[str | int], str]:
    """The key for natural order: 2 before 10, upper and lower case together."""
    parts: list[str | int] = [*NUMBER.split(text.casefold())]
    parts[1::2] = map(int, parts[1::2])
    return parts, text
