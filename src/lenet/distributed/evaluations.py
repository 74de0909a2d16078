"""Evaluations on the workers of a cluster: each network goes to one of them, its images go to each node once."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from functools import partial
from typing import Any

from lenet.analysis.evaluated import Evaluation
from lenet.analysis.evaluations import MAX_DATA_SETS, Subject
from lenet.distributed.calls import Calls
from lenet.distributed.orders import Shipment
from lenet.distributed.shipping import Shipping
from lenet.errors import LenetError
from lenet.runs.opening import Trained
from lenet.training.interrupts import Interrupt

AHEAD = 3  # networks for each worker that are opened before the first of them is done


def evaluations(calls: Calls, subjects: Iterable[Subject], split: str) -> Iterator[Evaluation | LenetError]:
    """Evaluate networks; see `lenet.analysis.evaluations.Evaluates`.

    Args:
        calls: to the workers.
        subjects: the networks, each with its images.
        split: "test", "train" or "validation", of data sets.

    Yields:
        For each its evaluation or what is wrong with it, in their order.

    Raises:
        EngineError: no node can do anything.
    """
    shipping, answers, never = Shipping(), deque[Future[Any]](), Interrupt()
    for subject in subjects:
        if len(shipping) > MAX_DATA_SETS:
            shipping = Shipping()
        answers.append(_asked(calls, subject, shipping, split))
        while len(answers) > AHEAD * max(1, calls.num_workers()):
            yield calls.wait(answers.popleft(), never)
    while answers:
        yield calls.wait(answers.popleft(), never)


def _asked(calls: Calls, subject: Subject, shipping: Shipping, split: str) -> "Future[Any]":
    """The evaluation under way, or the error."""
    try:
        if isinstance(subject, LenetError):
            raise subject
        trained, images = subject
        # Its weights were read, and so travel with it.
        return calls.ask(None, partial(_ask, trained, shipping.travelling(images), split))
    except LenetError as error:
        answer: Future[Any] = Future()
        answer.set_result(error)
        return answer


def _ask(trained: Trained, shipment: Shipment, split: str, actor: Any) -> Any:
    return actor.evaluate.remote(trained, shipment, split)
