"""The bounds of a searched value: a range of numbers, or some choices, checked against the limits of its field.

range_of("learning_rate", "1e-4..1e-1:log", whole=False)  # Range(0.0001, 0.1, None, True)
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lenet.config import checked
from lenet.errors import ConfigError
from lenet.sweeps.values import text_of

if TYPE_CHECKING:
    from optuna.trial import Trial

EXAMPLE = "learning-rate=1e-4..1e-1:log, channels=4..32, batch-size=16..128:step=16 or activation=relu,tanh"


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both included.

    Attributes:
        low: the smallest; two whole numbers stand for whole numbers only.
        high: the largest.
        step: between two neighbours; None for all numbers.
        log: whether each order of magnitude is as likely as another.
    """

    low: float
    high: float
    step: float | None = None
    log: bool = False

    def suggest(self, trial: "Trial", name: str) -> Any:
        """Let Optuna choose a number."""
        if isinstance(self.low, int) and isinstance(self.high, int):
            return trial.suggest_int(name, self.low, self.high, step=int(self.step or 1), log=self.log)
        return trial.suggest_float(name, self.low, self.high, step=self.step, log=self.log)

    def __str__(self) -> str:
        step = f":step={text_of(self.step)}" if self.step else ""
        return f"{text_of(self.low)}..{text_of(self.high)}{':log' if self.log else ''}{step}"


@dataclass(frozen=True)
class Choices:
    """Some values, in no order.

    Attributes:
        values: as JSON can hold them; lists of numbers are text, such as "6,16".
    """

    values: tuple[Any, ...]

    def suggest(self, trial: "Trial", name: str) -> Any:
        """Let Optuna choose one."""
        return trial.suggest_categorical(name, self.values)

    def __str__(self) -> str:
        texts = [text_of(value) for value in self.values]
        return ("/" if any("," in text for text in texts) else ",").join(texts)


def range_of(name: str, text: str, *, whole: bool) -> Range:
    """Return a range such as `1e-4..1e-1:log` or `16..128:step=16`.

    Args:
        name: the field, whose limits hold for both ends.
        text: as it was typed.
        whole: whether it has whole numbers only.

    Raises:
        ConfigError: for anything else.
    """
    bounds, *options = text.strip().split(":")
    low, high = (_number(name, part, whole) for part in bounds.split("..", 1))
    step, log = None, False
    for option in options:
        if option.strip() == "log":
            log = True
        elif option.strip().startswith("step="):
            step = _step(name, option.strip().removeprefix("step="), whole)
        else:
            raise ConfigError(
                f"{option!r} after the range is unknown; expected log or step=N", hint=f"such as {EXAMPLE}"
            )
    if low >= high:
        raise ConfigError(f"the range {bounds} is empty; expected the smaller bound first", hint=f"such as {EXAMPLE}")
    if log and low <= 0:
        raise ConfigError(f"the range {bounds} is logarithmic; expected a lower bound above 0", hint="leave :log out")
    if step and log:
        raise ConfigError(f"{text} has steps and is logarithmic; expected one of them", hint="leave :log or :step out")
    if step and not math.isclose(round((high - low) / step) * step, high - low):
        raise ConfigError(f"steps of {step:g} from {low:g} do not end at {high:g}", hint="choose bounds that fit")
    return Range(low, high, step, log)


def _number(name: str, text: str, whole: bool) -> Any:
    """A bound, within the limits of the field."""
    value = checked(name, text.strip())
    number = value[0] if isinstance(value, tuple) and len(value) == 1 else value
    if not isinstance(number, int if whole else float):
        raise ConfigError(f"{text!r} cannot be a bound of {name}; expected a number", hint=f"such as {EXAMPLE}")
    return number


def _step(name: str, text: str, whole: bool) -> Any:
    try:
        step = int(text) if whole else float(text)
    except ValueError:
        step = 0
    if not (math.isfinite(step) and step > 0):
        kind = "a whole number" if whole else "a number"
        raise ConfigError(f"the step of {name} is {text}; expected {kind} above 0", hint=f"such as {EXAMPLE}")
    return step
