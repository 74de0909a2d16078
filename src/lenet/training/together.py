"""Trainings that a GPU takes together: each runs its own loop in a thread, and their steps are computed at once.

    together = Together(len(tasks))
    with together.seat(number) as seat:  # in the thread of each training
        run_once(config, splits, folder, dataclasses.replace(session, make_engine=seat.make_engine))

A training computes nothing by itself: it asks, and waits. Once all that are not finished wait, the last of them computes
everything that was asked. So no training needs to know of the others, and one may end earlier than they do.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.config import TrainConfig
from lenet.data.dataset import Dataset, Images
from lenet.data.plan import Plan
from lenet.engines import Engine, Stats
from lenet.engines.choice import make_engine
from lenet.engines.state import Stateful
from lenet.images.preprocess import Preprocessing
from lenet.networks import Network, gradients
from lenet.networks.forward import as_input, forward

OUTPUTS_AT_ONCE = 250  # images; keeps the windows of a convolution at some tens of megabytes


@dataclass(eq=False)
class Request:
    """What a training waits for.

    Attributes:
        kind: what is computed at once: requests of the same kind.
        compute: takes all requests of a kind, and sets `result` or `error` of each.
        what: the argument of this one.
        member: who asks.
        result: once it is computed.
        error: why it could not be.
        is_done: whether there is a result or an error.
    """

    kind: tuple[Any, ...]
    compute: "Callable[[list[Request]], None]"
    what: Any
    member: "Member | None" = None
    result: Any = None
    error: Exception | None = None
    is_done: bool = False


class Together:
    """Some trainings, each in a thread of its own.

    Args:
        count: how many; every one of them takes a seat.
    """

    def __init__(self, count: int) -> None:
        self._seated = count
        self._waiting: list[Request] = []
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def seat(self, number: int) -> Iterator["Seat"]:
        """Take part with a training until it is over, for whatever reason; its number decides its place among the others."""
        try:
            yield Seat(self, number)
        finally:
            with self._changed:
                self._seated -= 1
                self._compute_if_all_wait()

    def ask(self, request: Request) -> Any:
        """Return the result of a request once all others wait, too.

        Raises:
            Exception: what the computation raised.
        """
        with self._changed:
            self._waiting.append(request)
            self._compute_if_all_wait()
            while not request.is_done:
                self._changed.wait()
        if request.error is not None:
            raise request.error
        return request.result

    def _compute_if_all_wait(self) -> None:
        """Computes all requests if every training that is not over has one."""
        if not self._waiting or len(self._waiting) < self._seated:
            return
        kinds: dict[tuple[Any, ...], list[Request]] = {}
        for request in self._waiting:
            kinds.setdefault(request.kind, []).append(request)
        self._waiting = []
        for requests in kinds.values():
            try:
                requests[0].compute(requests)
            except Exception as error:  # of any kind: each training ends by it as if it had computed alone
                for request in requests:
                    request.error = error
            for request in requests:
                request.is_done = True
        self._changed.notify_all()


@dataclass(frozen=True, eq=False)
class Seat:
    """The place of one training among others."""

    together: Together
    number: int

    def make_engine(
        self,
        name: str,
        network: Network,
        dataset: Dataset | None,
        config: TrainConfig,
        preprocessing: Preprocessing,
        device: str,
    ) -> Engine:
        """Return an engine that computes with those of the others; the arguments are those of `make_engine`."""
        if name != "cuda" or dataset is None:
            return make_engine(name, network, dataset, config, preprocessing, device)
        from lenet.pytorch.cuda.many import common

        member = Member(self.together, network, dataset, config, preprocessing, device)
        data = (id(dataset.images), id(dataset.targets), len(dataset))
        kind = ("engine", network.architecture, data, preprocessing, device, common(config))
        engine: Engine = self.together.ask(Request(kind, _make_all, (self.number, member)))
        return engine


class Member(Stateful):
    """The engine of one training among several. See Engine; what it computes, it asks for."""

    def __init__(
        self,
        together: Together,
        network: Network,
        dataset: Dataset,
        config: TrainConfig,
        preprocessing: Preprocessing,
        device: str,
    ) -> None:
        self.together, self.dataset, self.config = together, dataset, config
        self.initial, self.preprocessing, self.device = network, preprocessing, device
        self.micro_batch: int | None = None
        self.many: Any = None  # a CudaMany, once all trainings are known
        self.number = 0

    @property
    def network(self) -> Network:
        """A copy of the network with its present weights."""
        return Network(self.initial.architecture, self.optimizer.arrays()["weights"].copy())

    @property
    def evaluated(self) -> Network:
        """A copy of the network that is evaluated and saved: with the averaged weights if the training averages them."""
        arrays = self.optimizer.arrays()
        return Network(self.initial.architecture, arrays.get("average", arrays["weights"]).copy())

    def train_steps(self, plan: Plan, start: int, stop: int) -> Stats:
        """Take the steps `start` to `stop - 1` of the plan, with the other trainings that take the same ones."""
        kind = ("steps", id(self.many), start, stop, plan.batch_size, len(plan.order))
        stats: Stats = self.together.ask(Request(kind, _take_steps, plan, self))
        return stats

    def logits(self, images: Images) -> NDArray[np.float32]:
        """Return logits (N, num_classes) of uint8 images (N, height, width)."""
        address = images.__array_interface__["data"][0]
        kind = ("logits", id(self.many), address, images.shape, images.strides)
        logits: NDArray[np.float32] = self.together.ask(Request(kind, _compute_logits, images, self))
        return logits

    def outputs(self, images: Images) -> list[NDArray[np.float32]]:
        """Return the output of every layer, (N, *shape) each, for uint8 images (N, height, width); computed in NumPy."""
        network = self.evaluated
        starts = range(0, max(len(images), 1), OUTPUTS_AT_ONCE)
        parts = [
            forward(network, as_input(images[start : start + OUTPUTS_AT_ONCE], self.preprocessing)) for start in starts
        ]
        return [np.concatenate(outputs) for outputs in zip(*parts, strict=True)]

    def input_gradient(self, images: Images, classes: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the gradient of one logit of each image with respect to the network's input; computed in NumPy."""
        return gradients.of_images(self.evaluated, images, classes, self.preprocessing)


def _make_all(requests: list[Request]) -> None:
    """One CudaMany for trainings that are alike."""
    from lenet.pytorch.cuda.many import CudaMany

    # In the order of their numbers, so that a training has the same place each time.
    requests = sorted(requests, key=lambda request: int(request.what[0]))
    members: list[Member] = [request.what[1] for request in requests]
    first = members[0]
    networks, configs = [each.initial for each in members], [each.config for each in members]
    many = CudaMany(networks, first.dataset, configs, first.preprocessing, first.device)
    for number, (member, request) in enumerate(zip(members, requests, strict=True)):
        member.many, member.number, member.optimizer, member.notice = many, number, many.states[number], many.notice
        request.result = member


def _take_steps(requests: list[Request]) -> None:
    members = [_member(request) for request in requests]
    start, stop = requests[0].kind[2:4]
    plans = {member.number: request.what for member, request in zip(members, requests, strict=True)}
    stats = members[0].many.train_steps(plans, start, stop)
    for member, request in zip(members, requests, strict=True):
        request.result = stats[member.number]


def _compute_logits(requests: list[Request]) -> None:
    members = [_member(request) for request in requests]
    logits = members[0].many.logits(requests[0].what)  # of all networks, also of those that did not ask
    for member, request in zip(members, requests, strict=True):
        request.result = logits[member.number]


def _member(request: Request) -> Member:
    if request.member is None:
        raise TypeError("a request of nobody")
    return request.member
