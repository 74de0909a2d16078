"""Counts and lists of names in messages."""

from collections.abc import Iterable

from lenet.files.untrusted import printable

NAMED = 8  # names in a list


def listed(names: Iterable[str], total: int | None = None) -> str:
    """Return the first names, and how many more there are.

    Args:
        names: All, or at least the first of them.
        total: How many there are, if not all are in `names`.
    """
    everything = [printable(name) for name in names]
    more = (len(everything) if total is None else total) - NAMED
    return ", ".join(everything[:NAMED]) + (f" and {more:,} more" if more > 0 else "")


def sentence(name: str, reason: str) -> str:
    """Return a reason that names the file, as errors do, or one that continues the name."""
    return printable(reason if reason.startswith(name) else f"{name} {reason}")


def count(number: int, one: str, many: str | None = None) -> str:
    """Return a number with what is counted, such as "1 image" or "2,000 images"."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
