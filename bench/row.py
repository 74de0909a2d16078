"""One published measurement, as a row of the tables in docs/benchmarks.md and README.md."""

from dataclasses import dataclass

from recording import RECORDS


@dataclass(frozen=True)
class Row:
    """One measurement: its key for HEADLINES, the figure, the peer beside it, lenet's own target, and the record's name."""

    key: str
    what: str
    figure: str
    record: str
    peer: str = ""
    target: str = ""


def judged(target: str, is_met: bool) -> str:
    return f"{target}: {'met' if is_met else '**not met**'}"


def is_recorded(name: str) -> bool:
    return (RECORDS / f"{name}.log").is_file()
