"""The names that columns have: of files, labels, splits, pixels."""

import re

FILES = [
    "file_name",
    "filename",
    "file",
    "filepath",
    "filepaths",
    "file_path",
    "path",
    "image_path",
    "img_path",
    "image_name",
    "img_name",
    "image_file",
    "imagename",
    "image",
    "img",
    "images",
    "image_id",
    "imageid",
    "id_code",
    "photo",
    "picture",
    "url",
    "image_url",
    "name",
    "id",
]
LABELS = [
    "label",
    "labels",
    "class",
    "class_name",
    "classname",
    "category",
    "category_name",
    "target",
    "targets",
    "choice",
    "tag",
    "species",
    "breed",
    "diagnosis",
    "emotion",
    "letter",
    "digit",
    "character",
    "class_label",
    "label_name",
    "annotation",
    "class_id",
    "label_id",
    "class_index",
    "y",
]
SPLITS = ["split", "subset", "set", "partition", "usage", "phase", "data_set", "dataset", "fold_name"]
PIXELS = "pixels"
NUMBERS = {"", "id", "index", "unnamed:0", "imageid", "rowid"}
PIXEL = re.compile(r"(pixel|pix|px|p|x|f|v|col|column|feature)?[_ ]?\d+(x\d+)?")
ROW_AND_COLUMN = re.compile(r"(\d{1,4})x(\d{1,4})")


def normalize(name: str) -> str:
    """Bring the name of a column to lower case and underscores."""
    return re.sub(r"[\s\-.]+", "_", name.strip().lower())


def is_number(name: str) -> bool:
    """Return whether a column of this name numbers the rows."""
    return name.replace("_", "") in NUMBERS


def find(header: list[str], names: list[str], taken: tuple[int | None, ...] = ()) -> int | None:
    """The column with the first of some names that occurs; underscores do not matter.

    Args:
        header: The names of the columns, normalized.
        names: In the order of preference.
        taken: Columns that are something else.

    Returns:
        The number of the column, or None.
    """
    plain = [name.replace("_", "") for name in header]
    return next(
        (i for name in names for i, column in enumerate(plain) if column == name.replace("_", "") and i not in taken),
        None,
    )
