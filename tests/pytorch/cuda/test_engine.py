"""The engine cuda against the reference, float64 and the CPU engine; and its own promises."""

import dataclasses

import numpy as np
import pytest
import torch
from cuda_engines import cuda_engine, made_engine
from engines import RECIPES, STILL, network_for, training_set
from made_up import SMALL_NETWORKS, noise
from oracle import UNIT, check, errors_against_float64
from references import Float64Engine, engine_of
from torch import nn

from lenet.configuration import configure
from lenet.data.dataset import Dataset
from lenet.data.plan import Plan, plan
from lenet.engines.cpu import CpuEngine
from lenet.errors import EngineError
from lenet.images.preprocess import Preprocessing
from lenet.networks.network import split
from lenet.pytorch.cuda import stage
from lenet.pytorch.cuda.engine import CudaEngine
from lenet.pytorch.modules import to_module
from lenet.pytorch.reference import ReferenceEngine
from lenet.pytorch.tensors import layer_over_batch

# On the CPU some of the recipes in every test, and all in the long ones; on a GPU all.
SOME = [
    each if number in (1, 6, 8, 10) else pytest.param(each, marks=pytest.mark.proof)
    for number, each in enumerate(RECIPES)
]


def states_equal(one, two):
    mine, other = one.state_dict(), two.state_dict()
    return mine.keys() == other.keys() and all(np.array_equal(other[name], mine[name]) for name in mine)


@pytest.mark.parametrize("settings", SOME)
def test_the_first_twenty_losses_are_golden(tiny, settings, device):
    """Their error against the reference in float64 is at most twice that of the reference in float32."""
    config, train = configure(**settings, batch_size=37), training_set(settings, tiny.train)
    epoch = plan(config, 0, len(train))
    golden = engine_of(Float64Engine, config, train).train_steps(epoch, 0, 20)
    plain = engine_of(ReferenceEngine, config, train).train_steps(epoch, 0, 20)
    ours = cuda_engine(config, train, device).train_steps(epoch, 0, 20)
    assert np.abs(ours.losses - golden.losses).max() <= 2 * max(np.abs(plain.losses - golden.losses).max(), 4 * UNIT)
    assert np.ptp(golden.losses) > 1e-2  # the weights did move
    assert ours.num_correct == plain.num_correct
    assert ours.sizes.tolist() == plain.sizes.tolist()


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("lenet", {}),
        ("lenet-avg", {}),
        ("lenet-avg", {"activation": "tanh", "hidden": ()}),
        ("softmax", {"in_channels": 3}),
        ("mlp", {"hidden": (40, 30, 20, 10), "activation": "sigmoid"}),
    ],
)
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_every_gradient_against_float64(name, arguments, smoothing, device):
    """At full size, a whole batch of 255: at most twice the error of PyTorch on the CPU."""
    dataset = noise(255, (28, 28), 10, arguments.get("in_channels", 1))
    settings = {"model": name, "batch_size": 255, "label_smoothing": smoothing}
    engine = made_engine(dataset, settings, device, **arguments)
    model = to_module(engine.network)
    logits = engine.logits(dataset.images)
    stats = engine.train_steps(Plan(np.arange(255), None, None, np.full(1, STILL), 255), 0, 1)
    gradient = split(engine.vectors.gradient.cpu().double().numpy(), engine.network.architecture.parameter_shapes)
    found = gradient | {"loss": stats.losses[0], "logits": logits.astype(np.float64)}
    check(*errors_against_float64(model, dataset, smoothing, found, engine.preprocessing))


@pytest.mark.parametrize("settings", SOME)
@pytest.mark.parametrize("from_ours", [True, False])
def test_a_checkpoint_opens_in_the_cpu_engine_and_back(tiny, settings, from_ours, device):
    """Ten steps on one, ten on the other: as near to float64 as twenty on the reference, within the oracle's bound."""
    config, train = configure(**settings, batch_size=37), training_set(settings, tiny.train)
    epoch = plan(config, 0, len(train))
    golden = engine_of(Float64Engine, config, train).train_steps(epoch, 0, 20).losses[10:]
    plain = engine_of(ReferenceEngine, config, train).train_steps(epoch, 0, 20).losses[10:]
    engines = [cuda_engine(config, train, device), engine_of(CpuEngine, config, train)]
    first, second = engines if from_ours else engines[::-1]
    first.train_steps(epoch, 0, 10)
    state = first.state_dict()
    second.load_state_dict(state)
    assert states_equal(first, second)
    losses = second.train_steps(epoch, 10, 20).losses
    assert np.abs(losses - golden).max() <= 2 * max(np.abs(plain - golden).max(), 4 * UNIT)


@pytest.mark.parametrize("settings", [RECIPES[1], RECIPES[6], RECIPES[8], {"recipe": "fast", "model": "lenet-bn"}])
def test_the_same_seed_gives_the_same_bits_in_whatever_chunks(tiny, settings, device, monkeypatch):
    config = configure(**settings, batch_size=37)
    epoch = plan(config, 0, len(tiny.train))
    one, two, three = (cuda_engine(config, tiny.train, device) for _ in range(3))
    whole = one.train_steps(epoch, 0, epoch.num_steps)
    again = two.train_steps(epoch, 0, epoch.num_steps)
    monkeypatch.setattr(stage, "STAGE_BYTES", 3 * 37 * 28 * 28 * 4)  # three steps to a stage
    monkeypatch.setattr(stage, "SLAB_PIXELS", 50 * 28 * 28)
    parts = [three.train_steps(epoch, start, min(start + 8, epoch.num_steps)) for start in range(0, epoch.num_steps, 8)]
    assert three._chunks.stage.rows == 3
    assert whole.losses.tolist() == again.losses.tolist() == np.concatenate([part.losses for part in parts]).tolist()
    assert whole.num_correct == sum(part.num_correct for part in parts)
    assert states_equal(one, two)
    assert states_equal(one, three)


def test_images_that_are_sent_give_the_bits_of_images_on_the_device(tiny, device, monkeypatch):
    """As on a device whose memory is too small; the user is told."""
    config = configure("fast", batch_size=37, flip=True, augment="light")
    epoch = plan(config, 0, len(tiny.train))
    resident = cuda_engine(config, tiny.train, device)
    monkeypatch.setattr("lenet.pytorch.cuda.placing.free_memory", lambda device: 1000.0)
    sent = cuda_engine(config, tiny.train, device)
    assert resident.placed.is_resident
    assert not sent.placed.is_resident
    assert resident.notice == ""
    assert sent.notice == "its memory is too small for 0.0 GB of images, which are sent as they are needed"
    monkeypatch.setattr(stage, "STAGE_BYTES", 3 * 37 * 28 * 28 * 4)
    losses = [engine.train_steps(epoch, 0, epoch.num_steps).losses for engine in (resident, sent)]
    assert np.array_equal(*losses)
    assert states_equal(resident, sent)


def test_images_that_find_no_memory_after_all_are_sent(tiny, monkeypatch):
    real = torch.Tensor.to

    def to(self, *arguments, **options):
        if self.dtype == torch.uint8 and len(self) == len(tiny.train):
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return real(self, *arguments, **options)

    monkeypatch.setattr(torch.Tensor, "to", to)
    assert not cuda_engine(configure("fast"), tiny.train).placed.is_resident


class Bad(nn.Module):
    """A network whose loss is NaN from the image on that is all white."""

    def __init__(self):
        super().__init__()
        self.normalization = nn.BatchNorm2d(1)
        self.dense = nn.Linear(28 * 28, 10)

    def forward(self, images):
        logits = self.dense(self.normalization(images).flatten(1))
        return logits / (images.amin((1, 2, 3)) < 1)[:, None]


@pytest.mark.parametrize("bad", [0, 1, 11, 26])
def test_a_loss_that_is_not_finite_ends_the_chunk_and_changes_nothing(tiny, bad, device):
    """The last loss is the bad one; weights, moments and buffers are those before its step, to the bit."""
    config = configure("fast", batch_size=37, normalize=False)
    epoch = plan(config, 0, len(tiny.train))
    images = tiny.train.images.copy()
    images[epoch.order[epoch.batch(bad)][3]] = 255
    dataset = Dataset("white", images, tiny.train.labels, tiny.train.classes)
    torch.manual_seed(0)
    networks = [Bad() for _ in range(2)]
    networks[1].load_state_dict(networks[0].state_dict())
    ours, good = (CudaEngine(each, dataset, config, Preprocessing((28, 28)), device) for each in networks)
    stats = ours.train_steps(epoch, 0, epoch.num_steps)
    assert len(stats.losses) == len(stats.sizes) == bad + 1
    assert not np.isfinite(stats.losses[-1])
    assert ours.optimizer.num_steps == bad
    if bad:
        expected = good.train_steps(epoch, 0, bad)
        assert stats.losses[:-1].tolist() == expected.losses.tolist()
        assert stats.num_correct == expected.num_correct
    assert states_equal(ours, good)
    assert any(name.endswith("running_mean") for name in ours.state_dict())


def test_the_loss_of_a_diverging_training_ends_its_chunk_as_on_the_cpu(tiny, device):
    config = configure("book-sgd", batch_size=37, learning_rate=1e25, activation="relu")
    epoch = plan(config, 0, len(tiny.train))
    ours, cpu = cuda_engine(config, tiny.train, device), engine_of(CpuEngine, config, tiny.train)
    losses = [engine.train_steps(epoch, 0, epoch.num_steps).losses for engine in (ours, cpu)]
    assert len(losses[0]) == len(losses[1]) < epoch.num_steps
    assert ours.optimizer.num_steps == cpu.optimizer.num_steps


@pytest.mark.parametrize("name", SMALL_NETWORKS)
@pytest.mark.parametrize("settings", [{"optimizer": "sgd", "learning_rate": 0.1}, {"ema": 0.9}])
def test_every_kind_of_layer_is_trained_as_by_the_reference(name, settings, device):
    """Batch normalization with its running statistics, and dropout by the plan's keys, are in them."""
    networks = [SMALL_NETWORKS[name]() for _ in range(2)]
    shape = networks[0].architecture
    dataset = noise(60, shape.input_shape[1:], shape.num_classes, shape.input_shape[0])
    config = configure("fast", batch_size=16, dropout=0.5, **settings)
    epoch = plan(config, 0, len(dataset))
    preprocessing = Preprocessing(dataset.size, 0.3, 0.35)
    ours = CudaEngine(networks[0], dataset, config, preprocessing, device)
    theirs = ReferenceEngine(networks[1], dataset, config, preprocessing)
    stats = [engine.train_steps(epoch, 0, epoch.num_steps) for engine in (ours, theirs)]
    np.testing.assert_allclose(stats[0].losses, stats[1].losses, rtol=1e-5)
    mine, other = (engine.state_dict() for engine in (ours, theirs))
    assert mine.keys() == other.keys()
    for part in other:
        np.testing.assert_allclose(mine[part], other[part], rtol=2e-3, atol=2e-5, err_msg=part)
    np.testing.assert_allclose(ours.logits(dataset.images), theirs.logits(dataset.images), rtol=1e-3, atol=1e-4)
    outputs = ours.outputs(dataset.images), theirs.outputs(dataset.images)
    for one, two in zip(*outputs, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-3, atol=1e-4)
    gradients = [engine.input_gradient(dataset.images, dataset.labels) for engine in (ours, theirs)]
    np.testing.assert_allclose(gradients[0], gradients[1], rtol=1e-3, atol=1e-5)
    assert np.array_equal(ours.evaluated.weights, ours.optimizer.arrays()["average" if config.ema else "weights"])


@pytest.mark.parametrize("size", [1, 7, 50, 95, 96, 1000])
def test_a_batch_in_parts_has_the_gradient_of_the_whole(tiny, size, device):
    config = configure("fast", batch_size=96, label_smoothing=0.1, class_weights=tuple(range(1, 11)))
    epoch = plan(config, 0, len(tiny.train))
    whole, parts = (cuda_engine(config, tiny.train, device) for _ in range(2))
    parts.micro_batch = size
    last = epoch.num_steps - 1
    for step in (0, last):
        expected, found = (engine.train_steps(epoch, step, step + 1) for engine in (whole, parts))
        scale = whole.vectors.gradient.abs().max()
        assert (parts.vectors.gradient - whole.vectors.gradient).abs().max() <= 1e-6 * scale
        np.testing.assert_allclose(found.losses, expected.losses, rtol=1e-6)
        whole.load_state_dict(parts.state_dict())


class Narrow(nn.Module):
    """Refuses more than some images at a time."""

    def __init__(self, most):
        super().__init__()
        self.most = most

    def forward(self, images):
        if len(images) > self.most and self.training:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return images


def narrow_engine(tiny, most, device, *layers):
    torch.manual_seed(0)
    net = nn.Sequential(Narrow(most), *layers, nn.Flatten(), nn.Linear(28 * 28, 10))
    return CudaEngine(net, tiny.train, configure("fast", batch_size=96), Preprocessing((28, 28)), device)


def test_a_step_that_does_not_fit_is_taken_in_parts(tiny, device):
    """96, 48, 24: the bits are those of an engine that was told so from the start."""
    found, told = narrow_engine(tiny, 20, device), narrow_engine(tiny, 1000, device)
    epoch = plan(found.config, 0, len(tiny.train))
    told.micro_batch = 12
    losses = [engine.train_steps(epoch, 0, 5).losses for engine in (found, told)]
    assert found.micro_batch == 12
    assert np.array_equal(*losses)
    assert states_equal(found, told)


def test_what_does_not_fit_at_all_leaves_the_weights_alone(tiny, device):
    engine = narrow_engine(tiny, 0, device)
    before = engine.state_dict()
    with pytest.raises(EngineError, match="out of memory in a step of one image at a time"):
        engine.train_steps(plan(engine.config, 0, len(tiny.train)), 0, 2)
    assert all(np.array_equal(each, before[name]) for name, each in engine.state_dict().items())
    normalized = narrow_engine(tiny, 50, device, nn.BatchNorm2d(1))
    with pytest.raises(EngineError, match=r"cannot be divided because of 1 \(BatchNorm2d\)"):
        normalized.train_steps(plan(engine.config, 0, len(tiny.train)), 0, 2)


def test_a_lost_device_ends_a_training_with_a_hint(tiny, monkeypatch):
    """The message is CUDA's own."""
    engine = narrow_engine(tiny, 1000, "cpu")
    message = (
        "CUDA error: an illegal memory access was encountered\nCUDA kernel errors might be asynchronously reported"
    )

    def lost(self, images):
        raise RuntimeError(message)

    monkeypatch.setattr(Narrow, "forward", lost)
    with pytest.raises(EngineError, match="was lost in the training's steps: CUDA error: an illegal") as caught:
        engine.train_steps(plan(engine.config, 0, len(tiny.train)), 0, 2)
    assert "--resume" in caught.value.hint


def test_an_evaluation_waits_for_the_device_once(tiny, device, monkeypatch):
    engine = cuda_engine(configure("fast"), tiny.train, device)
    whole = engine.logits(tiny.test.images)
    monkeypatch.setattr(
        "lenet.pytorch.cuda.engine.EVALUATION_BYTES", 7 * 4 * engine.network.architecture.largest_output
    )
    real, waits = torch.Tensor.cpu, []

    def cpu(self, *arguments, **options):
        waits.append(len(self))
        return real(self, *arguments, **options)

    monkeypatch.setattr(torch.Tensor, "cpu", cpu)
    np.testing.assert_allclose(engine.logits(tiny.test.images), whole, rtol=1e-5, atol=1e-5)
    assert waits == [200]


def test_a_chunk_waits_for_the_device_once(tiny, monkeypatch):
    """Losses and the number of images classified correctly are read at its end."""
    engine = cuda_engine(configure("fast", batch_size=50), tiny.train)
    epoch = plan(engine.config, 0, len(tiny.train))
    real, waits = torch.Tensor.cpu, []

    def cpu(self, *arguments, **options):
        waits.append(tuple(self.shape))
        return real(self, *arguments, **options)

    monkeypatch.setattr(torch.Tensor, "cpu", cpu)
    monkeypatch.setattr(stage, "STAGE_BYTES", 2 * 50 * 28 * 28 * 4)
    engine.train_steps(epoch, 0, 9)
    assert waits == [(9,), ()]


WAITING = {"aten::item", "aten::_local_scalar_dense", "aten::nonzero", "aten::masked_select", "aten::equal"}


@pytest.mark.parametrize(
    "settings", [*RECIPES, {"recipe": "fast", "class_weights": "balanced", "label_smoothing": 0.1, "flip": True}]
)
@pytest.mark.parametrize("micro_batch", [None, 10])
def test_a_step_reads_nothing_from_the_device(tiny, settings, micro_batch):
    """No graph can hold what waits for a number on the device."""
    config, train = configure(**settings, batch_size=37), training_set(settings, tiny.train)
    engine, epoch = cuda_engine(config, train), plan(config, 0, len(train))
    if micro_batch and layer_over_batch(engine.module):
        return
    engine.micro_batch = micro_batch
    engine.train_steps(epoch, 0, 1)
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        engine._chunks_for(epoch).replay.step(37)
    names = {event.key for event in profile.key_averages()}
    assert "aten::convolution" in names or "aten::addmm" in names
    assert not names & WAITING


def test_steps_that_are_repeated_after_a_loss_that_is_not_finite_draw_the_same_numbers(tiny, device):
    """Those of nn.Dropout, which no plan knows."""

    def engine():
        torch.manual_seed(0)
        net = nn.Sequential(nn.Flatten(), nn.Linear(28 * 28, 30), nn.ReLU(), nn.Dropout(0.5), nn.Linear(30, 10))
        return CudaEngine(net, tiny.train, configure("fast", batch_size=50), Preprocessing((28, 28)), device)

    epoch = plan(configure("fast", batch_size=50), 0, len(tiny.train))
    rates = epoch.learning_rates.copy()
    rates[5] = np.inf
    diverging, alone = engine(), engine()
    torch.manual_seed(1)
    stats = diverging.train_steps(dataclasses.replace(epoch, learning_rates=rates), 0, 12)
    assert len(stats.losses) == 7
    torch.manual_seed(1)
    rates[5] = np.inf
    alone.train_steps(dataclasses.replace(epoch, learning_rates=rates), 0, 6)
    assert torch.equal(diverging.vectors.state.nan_to_num(), alone.vectors.state.nan_to_num())


def test_an_engine_without_a_training_set_only_computes(tiny, device):
    config = configure("fast")
    trained, preprocessing = network_for(config), Preprocessing.of(tiny.train)
    alone = CudaEngine(trained, None, config, preprocessing, device)
    expected = ReferenceEngine(trained, None, config, preprocessing)
    np.testing.assert_allclose(alone.logits(tiny.test.images), expected.logits(tiny.test.images), rtol=1e-4, atol=1e-5)
    assert np.array_equal(alone.network.weights, trained.weights)


def test_networks_of_any_module_are_trained_but_are_no_network(tiny, device):
    engine = narrow_engine(tiny, 1000, device)
    losses = engine.train_steps(plan(engine.config, 0, len(tiny.train)), 0, 11).losses
    assert losses[-1] < losses[0]
    with pytest.raises(EngineError, match=r"an nn\.Module, which is not a network"):
        _ = engine.network


@pytest.mark.parametrize("precision", ["tf32", "bf16"])
def test_less_exact_arithmetic_is_used_only_where_it_is_asked_for(tiny, precision, device):
    """bf16 is seen on every device, TF32 on GPUs from 2020 on; PyTorch's own settings stay as they were."""
    settings = {"recipe": "book-sgd", "batch_size": 37, "learning_rate": 0.1}
    exact, less = (
        cuda_engine(configure(**settings, engine="cuda", precision=each), tiny.train, device)
        for each in ("fp32", precision)
    )
    epoch = plan(exact.config, 0, len(tiny.train))
    before = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32, torch.backends.cudnn.deterministic
    losses = [engine.train_steps(epoch, 0, 8).losses for engine in (exact, less)]
    after = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32, torch.backends.cudnn.deterministic
    assert before == after
    np.testing.assert_allclose(losses[1], losses[0], rtol=2e-2)
    assert np.array_equal(*losses) == (precision == "tf32" and device == "cpu")
    assert less.state_dict()["model.0.weight"].dtype == np.float32
    logits = [engine.logits(tiny.test.images) for engine in (exact, less)]
    assert logits[1].dtype == np.float32
    np.testing.assert_allclose(logits[1], logits[0], atol=0.1)


def test_a_data_set_with_many_more_images_than_a_stage_is_seen_in_the_plans_order(device):
    """Softmax regression: its gradient is the sum of the images it saw, so any image out of place shows."""
    dataset = noise(90, (9, 12), 3)
    epoch = plan(configure("fast", flip=True, shift=4, batch_size=20, seed=5), 2, 90)
    still = dataclasses.replace(epoch, learning_rates=np.full(epoch.num_steps, STILL))
    engine = made_engine(dataset, {"model": "softmax", "batch_size": 20}, device)
    reference = ReferenceEngine(engine.network, dataset, engine.config, engine.preprocessing)
    for step in range(epoch.num_steps):
        losses = [each.train_steps(still, step, step + 1).losses for each in (engine, reference)]
        np.testing.assert_allclose(losses[0], losses[1], rtol=1e-6)
        theirs = reference.optimizer.gradient.numpy()
        np.testing.assert_allclose(engine.vectors.gradient.cpu().numpy(), theirs, rtol=1e-4, atol=1e-6)
