"""A finding: what is wrong with a training, the evidence, and what to do."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from lenet.errors import RunError
from lenet.files import untrusted


@dataclass(frozen=True)
class Finding:
    """Something wrong with a training.

    Attributes:
        name: one of the names in docs/doctor.md.
        message: what is wrong.
        evidence: the numbers that show it, by what they are.
        remedy: what to do.
        epoch: when it was found; a fraction within an epoch.
        step: steps taken until then, 0 before the first.
    """

    name: str
    message: str
    evidence: Mapping[str, Any]
    remedy: str
    epoch: float = field(default=0, kw_only=True)
    step: int = field(default=0, kw_only=True)

    def __str__(self) -> str:
        return f"{self.name}: {self.message}\n  evidence  {self.numbers}\n  remedy    {self.remedy}"

    @property
    def numbers(self) -> str:
        """The evidence as text."""
        return ", ".join(f"{name} {_formatted(value)}" for name, value in self.evidence.items())

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as a line of metrics.jsonl holds it."""
        return {"kind": "finding", **asdict(self)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Finding":
        """Return the finding that `to_dict` described.

        Raises:
            RunError: if `values` are something else.
        """
        kinds = {"name": str, "message": str, "evidence": Mapping, "remedy": str, "epoch": int | float, "step": int}
        entries = {name: value for name, value in values.items() if name != "kind"}
        if set(entries) != set(kinds) or not all(isinstance(entries[name], kind) for name, kind in kinds.items()):
            raise RunError(
                f"a finding is {untrusted.printable(dict(values))}", hint=f"expected the entries {', '.join(kinds)}"
            )
        return cls(**entries)


def _formatted(value: Any) -> str:
    if isinstance(value, float) and math.isfinite(value):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
