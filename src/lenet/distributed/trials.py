"""Trials of a search on the workers of a cluster.

A worker does an epoch, answers with loss and accuracy, and keeps what it needs for the next one. The trials' storage, and so
every decision, is with lenet's own process: workers need no file of it.
"""

import itertools
import threading
from functools import partial
from typing import Any

from lenet.config import TrainConfig
from lenet.data.dataset import Splits
from lenet.distributed.calls import Calls
from lenet.distributed.orders import Order, Shipment
from lenet.distributed.shipping import Shipping
from lenet.errors import LenetError
from lenet.training.interrupts import Interrupt
from lenet.training.teacher import open_teacher
from lenet.training.trials import Judged

_numbers = itertools.count()  # of the trials of this process, so that a worker never takes one for another


class RemoteTrials:
    """Trials on a cluster; a `Trials` of lenet.training.trials.

    Args:
        calls: to the workers.
    """

    def __init__(self, calls: Calls) -> None:
        self.calls = calls
        self._shipping, self._mutex = Shipping(), threading.Lock()

    def num_workers(self) -> int:
        """Return how many trials can be trained at a time at present."""
        return self.calls.num_workers()

    def epochs(self, config: TrainConfig, splits: Splits, interrupt: Interrupt) -> Judged:
        """Train on a worker; if it dies, on another one, which does all epochs again.

        Args:
            config: the settings.
            splits: the data; the images that judge stand in the place of the test set.
            interrupt: ends the iterator at once.

        Yields:
            Loss and accuracy after each epoch.

        Raises:
            EngineError: no node can train.
            LenetError: as `lenet.training.trials.judged` raises it.
        """
        with self._mutex:
            shipment = self._shipping.travelling(splits)
        teacher = None if config.teacher is None else open_teacher(config.teacher).sha256
        order = Order(next(_numbers), config, shipment.key, "", splits.name, {}, teacher)
        try:
            for epoch in range(1, config.epochs + 1):
                answer = self.calls.ask(order.number, partial(_ask, order, epoch, shipment))
                judged = self.calls.wait(answer, interrupt)
                if judged is None:
                    return
                if isinstance(judged, LenetError):
                    raise judged
                yield judged
        finally:
            self.calls.end(order.number)


def _ask(order: Order, epoch: int, shipment: Shipment, actor: Any) -> Any:
    return actor.epoch.remote(order, epoch, shipment)
