"""What an unknown name of an option, a setting, a model or a data set probably means."""

import difflib
from collections.abc import Iterable

# What other programs call an option or a setting.
OTHER_NAMES = {
    "lr": "learning-rate",
    "rate": "learning-rate",
    "dataset": "data",
    "data-path": "data",
    "dataset-path": "data",
    "num-epochs": "epochs",
    "n-epochs": "epochs",
    "epoch": "epochs",
    "bs": "batch-size",
    "batch": "batch-size",
    "wd": "weight-decay",
    "l2": "weight-decay",
    "output": "out",
    "output-dir": "out",
    "arch": "model",
    "net": "model",
    "network": "model",
    "gpu": "device",
    "cuda": "device",
    "random-seed": "seed",
    "random-state": "seed",
    "val": "validation",
    "num-workers": "threads",
    "workers": "threads",
    "n-jobs": "threads",
    "image-size": "size",
    "img-size": "size",
}


def nearest(name: str, choices: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the choice that is probably meant.

    One that is spelled with other dashes, that other programs call so, that has the name as initials, that begins with it, or
    that resembles it.

    Args:
        name: What was given.
        choices: What there is.
        cutoff: How much a choice must resemble the name, from 0 to 1.
    """
    wanted = _plain(name)
    known = {_plain(choice): choice for choice in choices}
    for meant in (wanted, OTHER_NAMES.get(wanted, "")):
        if meant in known:
            return known[meant]
    initials = [full for plain, full in known.items() if "-" in plain and _initials(plain) == wanted]
    begun = [full for plain, full in known.items() if len(wanted) > 2 and plain.startswith(wanted)]
    for candidates in (initials, begun):
        if len(candidates) == 1:
            return candidates[0]
    close = difflib.get_close_matches(wanted, known, n=1, cutoff=cutoff)
    return known[close[0]] if close else None


def _plain(name: str) -> str:
    return name.strip("-").lower().replace("_", "-")


def _initials(name: str) -> str:
    return "".join(word[0] for word in name.split("-") if word)
