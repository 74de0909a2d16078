"""Graphs of steps: on a GPU they have the bits of steps that are called; elsewhere graphs note what they would replay."""

import contextlib

import numpy as np
import pytest
import torch
from cuda_engines import cuda_engine

from lenet.configuration import configure
from lenet.data.plan import plan
from lenet.errors import EngineError
from lenet.images.preprocess import Preprocessing
from lenet.pytorch.cuda import stage
from lenet.pytorch.cuda.engine import CudaEngine
from lenet.pytorch.cuda.replay import UNROLLED, Replay

SETTINGS = [
    {"recipe": "fast", "ema": 0.9},
    {"recipe": "book-sgd", "momentum": 0.9, "learning_rate": 0.05},
    {"recipe": "fast", "model": "lenet-bn", "dropout": 0.3, "flip": True, "augment": "light"},
]


class NotedGraph:
    """Calls the steps that were captured."""

    def __init__(self):
        self.calls, self.replays = [], 0

    def replay(self):
        self.replays += 1
        for step, count in self.calls:
            step(count)


class NotedStream:
    def wait_stream(self, other):
        pass


@pytest.fixture
def noted(monkeypatch):
    """PyTorch's graphs and streams, replaced on the CPU; all graphs by the steps that they hold."""
    graphs = []
    capturing = []

    @contextlib.contextmanager
    def graph(made, pool, stream, capture_error_mode):
        graphs.append(made)
        capturing.append(made)
        yield
        capturing.pop()

    monkeypatch.setattr(torch.cuda, "CUDAGraph", NotedGraph)
    monkeypatch.setattr(torch.cuda, "Stream", lambda device: NotedStream())
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: NotedStream())
    monkeypatch.setattr(torch.cuda, "stream", lambda stream: contextlib.nullcontext())
    monkeypatch.setattr(torch.cuda, "graph_pool_handle", lambda: "a pool")
    monkeypatch.setattr(torch.cuda, "graph", graph)
    monkeypatch.setattr(torch.cuda, "set_stream", lambda stream: None)
    modes = ["default"]
    monkeypatch.setattr(torch.cuda, "get_sync_debug_mode", lambda: modes[-1])
    monkeypatch.setattr(torch.cuda, "set_sync_debug_mode", modes.append)
    yield graphs, capturing
    assert modes[-1] == "default"


class Noting:
    """A step that is noted instead of taken while a graph is captured, as on a GPU."""

    def __init__(self, step, capturing):
        self.step, self.capturing = step, capturing
        self.micro_batch = step.micro_batch

    def __call__(self, count):
        if self.capturing:
            self.capturing[-1].calls.append((self.step, count))
        else:
            self.step(count)


def with_graphs(engine, epoch, capturing):
    """The engine's steps as noted graphs."""
    chunks = engine._chunks_for(epoch)
    chunks.replay = Replay(Noting(chunks.replay.step, capturing), torch.device("cuda:0"), engine._keep, engine._go_back)
    return engine


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("rows", [1, 3, 100])
def test_graphs_are_captured_once_and_change_nothing(tiny, noted, settings, rows, monkeypatch):
    """What warms them up is taken back; the bits are those of steps that are called."""
    graphs, capturing = noted
    monkeypatch.setattr(stage, "STAGE_BYTES", rows * 37 * 28 * 28 * 4)
    config = configure(**settings, batch_size=37)
    epoch = plan(config, 0, len(tiny.train))  # 28 steps, the last of one image less 36
    called, replayed = cuda_engine(config, tiny.train), cuda_engine(config, tiny.train)
    with_graphs(replayed, epoch, capturing)
    for start, stop in ((0, 20), (20, 28), (0, 20)):
        losses = [engine.train_steps(epoch, start, stop).losses for engine in (called, replayed)]
        assert np.array_equal(*losses)
    assert torch.equal(called.vectors.state, replayed.vectors.state)
    sizes = [len(each.calls) for each in graphs]
    unrolled = [UNROLLED] if rows >= UNROLLED else []
    assert sizes == [*unrolled, 1, 1]  # whole batches, then the last one's
    if rows == 100:
        assert [each.replays for each in graphs] == [2 + 0 + 2, 4 + 7 + 4, 1]


def test_a_capture_that_fails_leaves_the_state_as_it_was(tiny, noted, monkeypatch):
    config = configure("fast", batch_size=37)
    epoch = plan(config, 0, len(tiny.train))
    engine = with_graphs(cuda_engine(config, tiny.train), epoch, noted[1])
    before = engine.vectors.state.clone()

    @contextlib.contextmanager
    def graph(made, pool, stream, capture_error_mode):
        yield
        raise RuntimeError("CUDA error: operation not permitted when stream is capturing")

    monkeypatch.setattr(torch.cuda, "graph", graph)
    with pytest.raises(EngineError, match="cannot be captured as a CUDA graph: CUDA error: operation not") as caught:
        engine.train_steps(epoch, 0, 5)
    assert "--engine reference" in caught.value.hint
    assert torch.equal(engine.vectors.state, before)


@pytest.mark.gpu
@pytest.mark.parametrize("settings", SETTINGS)
def test_graphs_on_a_gpu_have_the_bits_of_steps_that_are_called(tiny, settings):
    if not torch.cuda.is_available():
        pytest.skip("needs a GPU")
    config = configure(**settings, batch_size=37)
    epoch = plan(config, 0, len(tiny.train))
    called, replayed = (cuda_engine(config, tiny.train, "cuda:0") for _ in range(2))
    called._chunks_for(epoch).replay._stream = None
    losses = [engine.train_steps(epoch, 0, epoch.num_steps).losses for engine in (called, replayed)]
    assert np.array_equal(*losses)
    assert torch.equal(called.vectors.state, replayed.vectors.state)
    assert len(replayed._chunks.replay._graphs) == 3


@pytest.mark.gpu
def test_a_network_whose_steps_no_graph_can_hold_is_refused(tiny):
    """It reads a number from the device in its forward pass."""
    if not torch.cuda.is_available():
        pytest.skip("needs a GPU")

    class Reads(torch.nn.Sequential):
        def forward(self, images):
            return super().forward(images) * (2.0 if float(images.sum()) > 0 else 1.0)

    net = Reads(torch.nn.Flatten(), torch.nn.Linear(28 * 28, 10))
    engine = CudaEngine(net, tiny.train, configure("fast"), Preprocessing((28, 28)), "cuda:0")
    with pytest.raises(EngineError, match="cannot be captured") as caught:
        engine.train_steps(plan(engine.config, 0, len(tiny.train)), 0, 2)
    assert "--engine reference" in caught.value.hint
