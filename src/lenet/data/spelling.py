"""The names under which people have the files of a data set: 7-Zip, browsers and web sites change them.

`train-images-idx3-ubyte.gz` is also found as `train-images.idx3-ubyte`, `train_images_idx3_ubyte`,
`train-images-idx3-ubyte (1).gz`, `test-images-idx3-ubyte` (for `t10k-…`), or in a folder of its own name.
"""

import re
from collections.abc import Sequence
from pathlib import Path

COPY = re.compile(r"[ _-]*\(\d+\)|[ _-]+copy\b")  # what browsers and file managers add
SUFFIXES = re.compile(r"(\.(gz|idx|bin|dat))+$")
TYPE = re.compile(r"-?idx\d(-ubyte|-int)?$")


def find(folder: Path, name: str) -> Path | None:
    """Return the file of that name in another spelling, or None.

    Args:
        folder: where to look: in it, and in a folder in it that has the name itself.
        name: the name, without .gz.
    """
    for path in _listed(folder):
        if _key(path.name) == _key(name):
            if path.is_file():
                return path
            for inner in _listed(path):
                if _key(inner.name) == _key(name) and inner.is_file():
                    return inner
    return None


def alike(folder: Path, names: Sequence[str]) -> list[str]:
    """Return what a folder holds that could be files of these names, by its own names.

    Args:
        folder: where to look.
        names: the names, without .gz.
    """
    keys = {_key(name) for name in names}
    return [path.name for path in _listed(folder) if _key(path.name) in keys]


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _key(name: str) -> str:
    """What the spellings of one name have in common."""
    plain = SUFFIXES.sub("", COPY.sub("", name.lower()))
    words = re.sub("[^a-z0-9]+", "-", plain).strip("-")
    return TYPE.sub("", re.sub("^test-", "t10k-", words))
