"""The tables of docs/unknown.md, made from bench/records/unknown.log."""

from collections.abc import Iterator
from typing import Any

from recording import record


def unknown_confidence() -> Iterator[str]:
    """Each network on its test images: coverage, accuracy on the accepted ones, calibration error before and after."""
    yield "| network | accuracy | known | accuracy on these | calibration error before | after |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    for name, row in record("unknown")["networks"].items():
        keys = ("accuracy", "coverage", "accepted_accuracy", "error_before", "error_after")
        yield f"| {name} | {' | '.join(_share(row[key], row['networks'], 2) for key in keys)} |"


def unknown_rejected() -> Iterator[str]:
    """How many images of each kind are unknown, by network."""
    networks = record("unknown")["networks"]
    yield f"| images | {' | '.join(networks)} |"
    yield f"| --- | {' | '.join('---:' for _ in networks)} |"
    first = [next(iter(row["rejected"].values())) for row in networks.values()]
    cells = [_share(value, row["networks"], 1) for value, row in zip(first, networks.values(), strict=True)]
    yield f"| the other data set's test images | {' | '.join(cells)} |"
    cells = [_share(row["rejected_at_99"], row["networks"], 1) for row in networks.values()]
    yield f"| … where exactly 99 % of the own test images are known | {' | '.join(cells)} |"
    cells = [_share(_drawn(row), row["networks"], 1) for row in networks.values()]
    yield f"| photographs of drawings of the other kind | {' | '.join(cells)} |"
    own = [kind for row in networks.values() for kind in list(row["rejected"])[1:] if "photographs" not in kind]
    for kind in dict.fromkeys(own):
        yield f"| {kind} | {' | '.join(_share(row['rejected'][kind], row['networks'], 1) for row in networks.values())} |"


def _drawn(row: dict[str, Any]) -> dict[str, float]:
    """The entry of the photographs, whose name says what was drawn."""
    found: dict[str, float] = next(value for kind, value in row["rejected"].items() if "photographs" in kind)
    return found


def _share(value: dict[str, float], networks: int, digits: int) -> str:
    text = f"{value['mean']:.{digits}%}"
    return text if networks == 1 else f"{text} ± {100 * value['deviation']:.{digits}f}"
