"""The CPU engine against the reference: gradients, losses, states, bits, and what it refuses."""

import ctypes
import dataclasses
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from engines import STILL, cpu_engine
from made_up import network_of, noise, taught

from lenet.configuration import configure
from lenet.data.plan import Plan, plan
from lenet.engines import kernels
from lenet.engines.cpu import CpuEngine
from lenet.errors import EngineError
from lenet.images.preprocess import Preprocessing

VARIANTS = list(kernels.variants())


# Batches of one group of 16 images and of several, partial ones, and one of more than 64 groups: two rounds.
@pytest.mark.parametrize(
    ("model", "batch_size"),
    [*(("lenet", size) for size in (10, 32, 100, 256, 1100)), ("lenet-bn", 32), ("lenet-bn", 1100), ("small", 100)],
)
@pytest.mark.parametrize("variant", VARIANTS)
def test_the_bits_do_not_depend_on_threads_or_chunks(variant, model, batch_size):
    dataset = taught(noise(max(250, batch_size + 10), (28, 28), 10))
    config = configure("fast", model=model, batch_size=batch_size, flip=True, shift=2, dropout=0.3, threads=1)
    epoch = plan(config, 0, len(dataset))
    alone = cpu_engine(config, dataset, variant=variant)
    losses = [alone.train_steps(epoch, step, step + 1).losses[0] for step in range(epoch.num_steps)]
    for threads in (1, 2, 3, 7, 40):
        engine = cpu_engine(dataclasses.replace(config, threads=threads), dataset, variant=variant)
        stats = engine.train_steps(epoch, 0, epoch.num_steps)
        assert stats.losses.tolist() == losses
        assert all(np.array_equal(alone.state_dict()[name], value) for name, value in engine.state_dict().items())


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("num_threads", [1, 3])
@pytest.mark.parametrize("share", [0.25, 4.0])
def test_a_gradient_is_scaled_by_its_norm_over_all_weights(tiny, num_threads, variant, share):
    """Of one sum in float64, so the factor is the same whatever the threads; a gradient below the norm keeps its bits."""

    def gradient(**settings):
        config = configure("fast", batch_size=100, threads=num_threads, **settings)
        engine = cpu_engine(config, tiny.train, variant)
        engine.train_steps(plan(config, 0, len(tiny.train)), 0, 1)
        return engine.optimizer.gradient

    free = gradient()
    norm = np.linalg.norm(free.astype(np.float64))
    factor = np.float32(min(1, share * norm / (norm + 1e-6)))
    assert np.array_equal(gradient(clip_norm=share * norm), free * factor)


def test_logits_do_not_depend_on_threads_or_company(tiny):
    engine = cpu_engine(configure("fast", threads=1), tiny.train)
    whole = engine.logits(tiny.test.images)
    three = cpu_engine(configure("fast", threads=3), tiny.train)
    assert np.array_equal(three.logits(tiny.test.images), whole)
    for some in (slice(0, 1), slice(3, 20), slice(100, 133), slice(0, 0)):
        assert np.array_equal(engine.logits(tiny.test.images[some]), whole[some])


def test_threads_are_those_of_the_config(tiny):
    engine = cpu_engine(configure("fast", threads=3), tiny.train)
    engine.train_steps(plan(engine.config, 0, len(tiny.train)), 0, 2)
    engine.logits(tiny.test.images)
    assert engine.threads == 3


@pytest.mark.skipif(sys.platform != "linux", reason="counts threads in /proc")
def test_as_many_threads_as_asked_for_and_none_afterwards():
    dataset = noise(64 * 40, (28, 28), 10)
    engine = cpu_engine(configure("book-sgd", batch_size=256, threads=3), dataset)
    counts = []

    def tasks():
        return len(list(Path("/proc/self/task").iterdir()))

    done = threading.Event()

    def watch():
        while not done.is_set():
            counts.append(tasks())
            time.sleep(0.0005)

    watcher = threading.Thread(target=watch)
    watcher.start()
    time.sleep(0.01)
    before = tasks()
    epoch = plan(engine.config, 0, len(dataset))
    for _ in range(3):
        engine.train_steps(epoch, 0, epoch.num_steps)  # the watcher counts meanwhile: Python is free
    assert tasks() == before
    done.set()
    watcher.join()
    assert max(counts) == before + 2


def test_not_a_number_stops_the_chunk_and_leaves_the_weights(tiny):
    config = configure("book-sgd", batch_size=50, learning_rate=1e38)
    engine = cpu_engine(config, tiny.train)
    epoch = plan(config, 0, len(tiny.train))
    stats = engine.train_steps(epoch, 0, epoch.num_steps)
    assert len(stats.losses) < epoch.num_steps
    assert np.isfinite(stats.losses[:-1]).all()
    assert not np.isfinite(stats.losses[-1])
    assert engine.optimizer.num_steps == len(stats.losses) - 1
    again = cpu_engine(config, tiny.train)
    again.train_steps(epoch, 0, len(stats.losses) - 1)
    for name, value in again.state_dict().items():
        assert np.array_equal(value, engine.state_dict()[name], equal_nan=True)


def test_a_logit_of_minus_infinity_is_no_loss_that_is_not_a_number(tiny):
    config = configure("book-sgd", batch_size=50, learning_rate=STILL, model="softmax")
    engine = cpu_engine(config, tiny.train)
    engine.network.tensors["1.bias"][tiny.train.labels.max()] = -float("inf")
    chosen = np.flatnonzero(tiny.train.labels != tiny.train.labels.max())[:50]
    stats = engine.train_steps(Plan(chosen, None, None, np.full(1, STILL), 50), 0, 1)
    assert np.isfinite(stats.losses).all()


def test_the_structures_are_those_of_the_library():
    sizes = (ctypes.c_int32 * 4)()
    kernels.library().lenet_sizes(sizes)
    mirrored = (kernels.Network, kernels.Images, kernels.Plan, kernels.Optimizer)
    assert [*sizes] == [ctypes.sizeof(each) for each in mirrored]


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
@pytest.mark.parametrize("pooling", ["max", "avg"])
def test_weights_that_are_not_numbers_are_seen_in_the_loss(tiny, activation, pooling):
    config = configure("book-sgd", batch_size=50, activation=activation, pooling=pooling)
    engine = cpu_engine(config, tiny.train)
    engine.network.tensors["0.weight"][0, 0, 2, 2] = float("nan")
    stats = engine.train_steps(plan(config, 0, len(tiny.train)), 0, 3)
    assert len(stats.losses) == 1
    assert np.isnan(stats.losses[0])


class TestBadArrays:
    @pytest.fixture
    def engine(self, tiny):
        return cpu_engine(configure("book-sgd", batch_size=50), tiny.train)

    @pytest.mark.parametrize(
        ("change", "part"),
        [
            ({"order": np.full(1000, 1000)}, "the order has an image 1000"),
            ({"order": np.full(1000, -1)}, "the order has an image -1"),
            ({"order": np.arange(1000, dtype=np.int16)}, "the order of the plan are int16"),
            ({"order": np.arange(2000).reshape(1000, 2)}, "the order of the plan are int64 of shape (1000, 2)"),
            ({"order": np.arange(10)}, "an order of 10 images"),
            ({"order": list(range(1000))}, "the order of the plan are list"),
            ({"flips": np.zeros(999, bool)}, "the flips of the plan are bool of shape (999,)"),
            ({"flips": np.zeros(1000)}, "the flips of the plan are float64"),
            ({"shifts": np.zeros(1000, np.int64)}, "the shifts of the plan are int64 of shape (1000,)"),
            ({"shifts": np.full((1000, 2), 10**12)}, "a shift of 1000000000000 pixels"),
            ({"learning_rates": np.zeros(20, np.float32)}, "the learning rates of the plan are float32"),
            ({"batch_size": 0}, "steps 0 to 2"),
        ],
    )
    def test_a_plan_is_checked_before_the_kernels_see_it(self, engine, change, part):
        epoch = dataclasses.replace(plan(engine.config, 0, 1000), **change)
        with pytest.raises(EngineError) as caught:
            engine.train_steps(epoch, 0, 2)
        assert part in caught.value.message

    @pytest.mark.parametrize(("start", "stop"), [(0, 0), (-1, 2), (5, 4), (0, 21)])
    def test_steps_outside_the_plan(self, engine, start, stop):
        with pytest.raises(EngineError, match=f"steps {start} to {stop} of a plan of 20"):
            engine.train_steps(plan(engine.config, 0, 1000), start, stop)

    def test_strides_do_not_matter(self, engine, tiny):
        epoch = plan(engine.config, 0, 1000)
        twice = np.repeat(epoch.order, 2)[::2]
        assert not twice.flags.c_contiguous
        odd = dataclasses.replace(epoch, order=twice)
        other = cpu_engine(engine.config, tiny.train)
        assert engine.train_steps(odd, 0, 3).losses.tolist() == other.train_steps(epoch, 0, 3).losses.tolist()
        images = np.asfortranarray(tiny.test.images)
        assert np.array_equal(engine.logits(images), engine.logits(tiny.test.images))

    @pytest.mark.parametrize(
        "images",
        [
            np.zeros((3, 28, 27), np.uint8),
            np.zeros((3, 28, 28), np.float32),
            np.zeros((3, 28, 28, 3), np.uint8),
            np.zeros((28, 28), np.uint8),
            None,
        ],
    )
    def test_images_of_another_shape(self, engine, images):
        with pytest.raises(EngineError, match=r"expected uint8 of shape \(N, 28, 28\)"):
            engine.logits(images)

    def test_labels_outside_the_classes(self, tiny):
        config = configure("book-sgd")
        with pytest.raises(EngineError, match="has a label 9; the network has 5 classes"):
            CpuEngine(network_of("lenet", num_classes=5), tiny.train, config, Preprocessing(tiny.train.size))

    def test_a_variant_that_is_not_here(self, tiny):
        with pytest.raises(EngineError) as caught:
            CpuEngine(network_of("lenet"), None, configure("fast"), Preprocessing((28, 28)), variant="mmx")
        assert caught.value.hint == f"this processor runs {', '.join(VARIANTS)}"

    def test_more_threads_than_the_kernels_have(self, tiny):
        engine = cpu_engine(configure("book-sgd", batch_size=50, threads=1000), tiny.train)
        assert len(engine.train_steps(plan(engine.config, 0, 1000), 0, 1).losses) == 1


def test_the_trainer_takes_it_and_says_so(tiny_run):
    assert tiny_run.resolved.engine == "cpu"
    assert tiny_run.resolved.engine_reason == f"auto: own kernels for {VARIANTS[0]}"
