"""What one training needs: where it is recorded, what it computes with, and its surroundings."""

import time
from dataclasses import dataclass, field

from lenet.display.protocol import Display
from lenet.engines.choice import MakeEngine, make_engine
from lenet.runs import stop_request
from lenet.runs.recorder import Recorder
from lenet.training.interrupts import Interrupt
from lenet.training.setup import Setup


@dataclass(frozen=True)
class Session:
    """The surroundings of a training.

    Attributes:
        display: shows what happens.
        interrupt: set when the training is to stop.
        began: when the training was called, by time.perf_counter(): the summary counts its seconds from then.
        chart: whether to draw the learning curve at the end.
        make_engine: makes the engine; by default one that computes this training alone.
    """

    display: Display
    interrupt: Interrupt
    began: float = field(default_factory=time.perf_counter)
    chart: bool = True
    make_engine: MakeEngine = make_engine


@dataclass(frozen=True)
class Job:
    """One training.

    Attributes:
        recorder: of its run.
        setup: data, network and engine.
        session: its surroundings.
    """

    recorder: Recorder
    setup: Setup
    session: Session

    @property
    def is_stopping(self) -> bool:
        """Whether a signal came, or a file in the run directory asks to stop."""
        interrupt = self.session.interrupt
        if not interrupt.is_set() and stop_request.is_requested(self.recorder.path):
            interrupt.set()
        return interrupt.is_set()
