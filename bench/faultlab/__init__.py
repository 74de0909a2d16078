"""The fault laboratory: each module does one kind of harm to lenet, many times, and counts how often nothing was lost.

A module has `examine(short)`, which yields a Row for each kind of fault; `bench/faults.py` joins them to one table.
`short` is the form for every day, of the same kinds and fewer trials. What is random is drawn from a seed.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """A line of the table.

    fault: what was done; trials: how often; survived: how often all was as promised; evidence: what was looked at, with
    the figures found; wanted: the figure to reach in full, such as "24 of 24", if there is one; module and
    commit: what made it.
    """

    fault: str
    trials: int
    survived: int
    evidence: str
    wanted: str = ""
    module: str = ""
    commit: str = ""

    @property
    def is_met(self) -> bool:
        return self.trials > 0 and self.survived == self.trials
