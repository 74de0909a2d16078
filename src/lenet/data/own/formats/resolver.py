"""The files that a manifest means: by path, by Label Studio's and others' URLs, by base name, with or without suffix."""

import posixpath
import re
from collections import defaultdict
from pathlib import PurePosixPath
from urllib.parse import parse_qs, unquote, urlsplit

from lenet.data.own.listing import Files
from lenet.data.own.names import is_image
from lenet.errors import DataError

URL = re.compile(r"(?:[a-z][a-z0-9+]*:/)?/data/|[a-z][a-z0-9+]+://", re.I)
UPLOADED = re.compile(r"^[0-9a-f]{8}-")  # Label Studio puts this before the name of an uploaded file


class Resolver:
    """Finds the files that a manifest names.

    Args:
        files: Where the manifest is.
        manifest: Its name.
    """

    def __init__(self, files: Files, manifest: str) -> None:
        self.files = files
        self.folder = posixpath.dirname(manifest)
        self._index: dict[str, list[str]] | None = None

    def find(self, value: str) -> list[str]:
        """Find the files that a cell may mean.

        Args:
            value: A path relative to the manifest, a URL, a base name, or one without suffix.

        Returns:
            The names of the files; one if it is clear.
        """
        value = value.strip().replace("\\", "/")
        if not value or "\0" in value:
            return []
        if URL.match(value):
            value = _path_of_url(value)
        else:
            direct = posixpath.normpath(posixpath.join(self.folder, value))
            if self.files.has(direct):
                return [direct]
        base = PurePosixPath(value).name.casefold()
        index = self.index
        found = index.get(base) or index.get(UPLOADED.sub("", base)) or []
        return found if len(found) < 2 else _most_alike(found, value)

    @property
    def index(self) -> dict[str, list[str]]:
        """All images by base name, and by stem."""
        if self._index is None:
            self._index = defaultdict(list)
            try:
                names = self.files.everything()
            except DataError:  # a folder with far too much in it: only paths count
                names = []
            for name in filter(is_image, names):
                base = PurePosixPath(name).name.casefold()
                keys = {base, PurePosixPath(base).stem, UPLOADED.sub("", base)}
                for key in keys:
                    self._index[key].append(name)
        return self._index


def _path_of_url(url: str) -> str:
    parts = urlsplit(url)
    local = parse_qs(parts.query).get("d")  # Label Studio's /data/local-files/?d=folder/1.png
    return unquote(local[0] if local else parts.path)


def _most_alike(found: list[str], value: str) -> list[str]:
    """Those whose last folders are most like those of the value."""
    wanted = value.casefold().split("/")[-2::-1]

    def common(name: str) -> int:
        own = name.casefold().split("/")[-2::-1]
        return next(
            (i for i, (a, b) in enumerate(zip(own, wanted, strict=False)) if a != b), min(len(own), len(wanted))
        )

    best = max(map(common, found))
    return [name for name in found if common(name) == best]
