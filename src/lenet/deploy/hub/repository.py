"""What a repository on the Hub must be like before a push, and hold after it."""

import hashlib
from pathlib import PurePosixPath
from typing import Any

from lenet.errors import RunError
from lenet.files import untrusted
from lenet.files.untrusted import printable
from lenet.runs.hub import client
from lenet.runs.hub.checks import CONFIG, DANGEROUS, WEIGHTS
from lenet.runs.hub.fetch import download


def must_be_replaceable(repository: str, present: set[str], branch: str | None) -> None:
    """Raise RunError for a repository with another library's network, or with files that lenet would refuse to open.

    Args:
        repository: user/name.
        present: the paths of its files.
        branch: that is pushed to; None for the main one.
    """
    pickles = sorted(name for name in present if PurePosixPath(name).suffix.lower() in DANGEROUS)
    if pickles:
        raise RunError(
            f"{repository} has {printable(pickles[0])}, with which lenet would refuse to open it",
            hint="delete that file on its page first, or push to another name",
        )
    if CONFIG not in present:
        return
    try:
        path = download(repository, CONFIG, branch)
        values = untrusted.parse_json(untrusted.read(path, untrusted.MAX_JSON))
    except (ValueError, RunError):  # no JSON, or too large
        values = None
    if not isinstance(values, dict) or values.get("library_name") != "lenet":
        raise RunError(
            f"{repository} holds another library's network: its {CONFIG} is not lenet's", hint="push to another name"
        )


def must_hold(server: Any, repository: str, commit: str, weights: bytes) -> None:
    """Raise RunError unless the server says that a commit has these weights.

    Args:
        server: the client.
        repository: user/name.
        commit: that was made.
        weights: the content of model.safetensors.
    """
    info = server.model_info(repository, revision=commit, files_metadata=True, timeout=client.TIMEOUT)
    stored = next((each for each in info.siblings or () if each.rfilename == WEIGHTS), None)
    if stored is not None and stored.lfs is not None:
        is_same = stored.lfs.sha256 == hashlib.sha256(weights).hexdigest()
    else:
        blob = hashlib.sha1(b"blob %d\0" % len(weights) + weights, usedforsecurity=False).hexdigest()
        is_same = stored is not None and stored.blob_id in (None, blob)
    if not is_same:
        raise RunError(f"{repository} holds another {WEIGHTS} than was pushed, in commit {commit}", hint="push again")
