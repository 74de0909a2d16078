"""The specification itself: against float64 written out with plain autograd, and its own promises."""

import weakref

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from engines import training_set
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from lenet.configuration import configure
from lenet.data.plan import plan
from lenet.errors import EngineError
from lenet.images.preprocess import Preprocessing
from lenet.models import build
from lenet.pytorch.optimizer import TorchOptimizer
from lenet.pytorch.reference import ReferenceEngine
from lenet.pytorch.tensors import shifted


def engine_for(config, dataset):
    arguments = {"padding": 2} if config.model == "lenet" else {}
    model = build(config.model, seed=config.seed, init=config.init, **arguments)
    return ReferenceEngine(model, dataset, config, Preprocessing.of(dataset, normalize=config.normalize))


def weights_of(engine):
    return torch.cat([p.detach().flatten() for p in engine.module.parameters()])


def expected_losses(config, dataset, num_steps, dtype):
    """The first losses, as the book would compute them: a plain loop of autograd and the optimiser's formula."""
    arguments = {"padding": 2} if config.model == "lenet" else {}
    model = build(config.model, seed=config.seed, init=config.init, **arguments).to(dtype)
    images = torch.from_numpy(dataset.images).to(dtype)[:, None] / 255
    labels = torch.from_numpy(dataset.labels)
    epoch = plan(config, 0, len(dataset))
    losses = []
    memory = [(torch.zeros_like(p), torch.zeros_like(p)) for p in model.parameters()]
    for step in range(num_steps):
        index = torch.from_numpy(epoch.order[epoch.batch(step)])
        loss = F.cross_entropy(model(images[index]), labels[index], label_smoothing=config.label_smoothing)
        gradients = torch.autograd.grad(loss, list(model.parameters()))
        rate, decay = epoch.learning_rates[step], config.weight_decay
        with torch.no_grad():
            for p, g, (first, second) in zip(model.parameters(), gradients, memory, strict=True):
                if config.optimizer == "sgd":
                    g = g + decay * p
                    first.mul_(config.momentum).add_(g)
                    p -= rate * (g + config.momentum * first if config.nesterov else first)
                    continue
                if config.optimizer == "adam":
                    g = g + decay * p
                else:
                    p -= rate * decay * p
                first.mul_(0.9).add_(0.1 * g)
                second.mul_(0.999).add_(0.001 * g * g)
                t = step + 1
                p -= rate * (first / (1 - 0.9**t)) / ((second / (1 - 0.999**t)).sqrt() + 1e-8)
        losses.append(loss.item())
    return np.array(losses)


@pytest.mark.parametrize(
    "settings",
    [
        {"recipe": "book-sgd"},
        {"recipe": "book-sgd", "learning_rate": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
        {"recipe": "book-sgd", "learning_rate": 0.05, "momentum": 0.9},
        {"recipe": "book-adam", "padding": 2, "weight_decay": 0.1},
        {"recipe": "fast", "normalize": False, "label_smoothing": 0.1, "weight_decay": 0.1},
        {"recipe": "fast", "normalize": False, "model": "mlp"},
        {"recipe": "fast", "normalize": False, "model": "softmax"},
    ],
)
def test_the_first_losses_are_those_of_the_formulas(tiny, settings):
    """Its error against float64 is at most twice that of the same formulas in float32."""
    config = configure(batch_size=37, **settings)
    exact = expected_losses(config, tiny.train, 12, torch.float64)
    plain = expected_losses(config, tiny.train, 12, torch.float32)
    ours = engine_for(config, tiny.train).train_steps(plan(config, 0, len(tiny.train)), 0, 12).losses
    assert np.abs(ours - exact).max() <= max(2 * np.abs(plain - exact).max(), 1e-7)
    assert np.ptp(exact) > 1e-3  # the weights did move


TORCH = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}


@pytest.mark.parametrize(
    "settings",
    [
        {"optimizer": "sgd"},
        {"optimizer": "sgd", "weight_decay": 0.1},
        {"optimizer": "sgd", "momentum": 0.9},
        {"optimizer": "sgd", "momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
        {"optimizer": "adam"},
        {"optimizer": "adam", "weight_decay": 0.1},
        {"optimizer": "adamw", "weight_decay": 0.1},
        {"optimizer": "adamw", "weight_decay": 0.0},
        {"optimizer": "sgd", "momentum": 0.9, "weight_decay": 0.1, "clip_norm": 30.0},
        {"optimizer": "adamw", "weight_decay": 0.1, "clip_norm": 30.0},
        {"optimizer": "adam", "ema": 0.9},
        {"optimizer": "sgd", "momentum": 0.9, "ema": 0.3},
    ],
)
def test_the_optimizers_are_those_of_torch(settings):
    """Thirty steps on the same gradients, the learning rate changing, against torch.optim in float64."""
    config = configure("book-sgd", learning_rate=0.01, **settings)
    ours, theirs = build("mlp", seed=1), build("mlp", seed=1).double()
    optimizer = TorchOptimizer(ours, config)
    options = {"weight_decay": config.weight_decay}
    if config.optimizer == "sgd":
        options |= {"momentum": config.momentum, "nesterov": config.nesterov}
    reference = TORCH[config.optimizer](theirs.parameters(), lr=0.01, **options)
    averaged = AveragedModel(theirs, multi_avg_fn=get_ema_multi_avg_fn(config.ema or 0.5))
    torch.manual_seed(0)
    for step in range(30):
        for mine, exact in zip(ours.parameters(), theirs.parameters(), strict=True):
            exact.grad = torch.randn_like(exact) / (1 + step)
            mine.grad.copy_(exact.grad)
        for group in reference.param_groups:
            group["lr"] = 0.01 / (1 + step)
        if config.clip_norm:
            norm = torch.nn.utils.clip_grad_norm_(theirs.parameters(), config.clip_norm)
            assert (norm > config.clip_norm) == (step < 15)  # some are clipped, some are not
        reference.step()
        averaged.update_parameters(theirs)
        optimizer.step(0.01 / (1 + step))
    for mine, exact in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine.double(), exact, rtol=1e-5, atol=1e-6)
    if config.ema:
        raw = [parameter.clone() for parameter in ours.parameters()]
        with optimizer.averaged():
            for mine, exact in zip(ours.parameters(), averaged.parameters(), strict=True):
                torch.testing.assert_close(mine.double(), exact, rtol=1e-5, atol=1e-6)
        assert all(torch.equal(mine, before) for mine, before in zip(ours.parameters(), raw, strict=True))


def test_losses_are_weighted_by_picture(tiny):
    config = configure("book-sgd", batch_size=len(tiny.train) - 1, learning_rate=1e-9)
    engine = engine_for(config, tiny.train)
    epoch = plan(config, 0, len(tiny.train))
    stats = engine.train_steps(epoch, 0, 2)
    logits = torch.from_numpy(engine.logits(tiny.train.images)).double()
    whole = F.cross_entropy(logits, torch.from_numpy(tiny.train.labels), reduction="sum").item()
    assert stats.num_images == len(tiny.train)
    assert stats.sizes.tolist() == [len(tiny.train) - 1, 1]
    assert stats.losses @ stats.sizes == pytest.approx(whole, rel=1e-5)
    assert stats.num_correct == int((logits.argmax(1).numpy() == tiny.train.labels).sum())


@pytest.mark.parametrize("batch_size", [1, 7, 15, 17, 255])
def test_odd_and_partial_batches(tiny, batch_size):
    config = configure("fast", batch_size=batch_size)
    epoch = plan(config, 0, len(tiny.train))
    last = epoch.num_steps - 1
    stats = engine_for(config, tiny.train).train_steps(epoch, last, last + 1)
    assert stats.num_images == len(tiny.train) - last * batch_size
    assert np.isfinite(stats.losses).all()


def test_the_same_seed_gives_the_same_bits(tiny):
    config = configure("fast", batch_size=64, flip=True, shift=2)
    epoch = plan(config, 0, len(tiny.train))
    one, two = engine_for(config, tiny.train), engine_for(config, tiny.train)
    first, second = (engine.train_steps(epoch, 0, epoch.num_steps) for engine in (one, two))
    assert np.array_equal(first.losses, second.losses)
    assert torch.equal(weights_of(one), weights_of(two))


def test_a_chunk_more_or_less_changes_nothing(tiny):
    config = configure("fast", batch_size=32)
    epoch = plan(config, 0, len(tiny.train))
    one, two = engine_for(config, tiny.train), engine_for(config, tiny.train)
    whole = one.train_steps(epoch, 0, 8)
    parts = [two.train_steps(epoch, start, start + 1) for start in range(8)]
    assert whole.losses.tolist() == [part.losses[0] for part in parts]
    assert torch.equal(weights_of(one), weights_of(two))


@pytest.mark.parametrize(
    ("recipe", "settings"),
    [("book-sgd", {}), ("book-sgd", {"momentum": 0.9, "learning_rate": 0.05}), ("book-adam", {}), ("fast", {})],
)
def test_a_checkpoint_carries_all_the_state(tiny, recipe, settings):
    config = configure(recipe, batch_size=64, **settings)
    epoch = plan(config, 0, len(tiny.train))
    straight, before, after = (engine_for(config, tiny.train) for _ in range(3))
    straight.train_steps(epoch, 0, 6)
    before.train_steps(epoch, 0, 3)
    state = before.state_dict()
    before.train_steps(epoch, 3, 4)  # the state is a copy: what happens later does not reach it
    after.load_state_dict(state)
    after.train_steps(epoch, 3, 6)
    assert torch.equal(weights_of(straight), weights_of(after))
    assert int(state["optimizer.step"]) == 3


def test_logits_keep_the_mode_and_the_weights(tiny):
    config = configure("fast")
    engine = engine_for(config, tiny.train)
    before = weights_of(engine)
    for training in (True, False):
        engine.module.train(training)
        logits = engine.logits(tiny.test.images)
        assert engine.module.training is training
    assert logits.shape == (len(tiny.test), 10)
    assert torch.equal(weights_of(engine), before)


def test_logits_do_not_depend_on_how_many_are_asked_for(tiny, monkeypatch):
    engine = engine_for(configure("fast"), tiny.train)
    whole = engine.logits(tiny.test.images)
    monkeypatch.setattr("lenet.pytorch.reference.EVALUATION_BATCH", 7)
    torch.testing.assert_close(engine.logits(tiny.test.images), whole)


def test_pictures_reach_the_network_as_the_preprocessing_says(tiny):
    config = configure("fast", model="softmax", normalize=True)
    preprocessing = Preprocessing(size=(28, 28), mean=0.25, std=0.5)
    model = build("softmax", seed=0)
    engine = ReferenceEngine(model, tiny.train, config, preprocessing)
    pixels = torch.from_numpy(tiny.test.images).float() / 255
    expected = model(((pixels - 0.25) / 0.5)[:, None])
    np.testing.assert_allclose(engine.logits(tiny.test.images), expected.detach(), rtol=1e-5, atol=1e-6)


def test_flips_and_shifts_move_pictures_as_the_plan_says(tiny):
    """Against one picture at a time, moved with plain slices."""
    config = configure("fast", flip=True, shift=3, batch_size=50)
    engine = engine_for(config, tiny.train)
    epoch = plan(config, 0, len(tiny.train))
    images, labels = engine._batch(epoch, epoch.batch(1))
    preprocessing = engine.preprocessing
    for position in range(50):
        where = 50 + position
        picture = tiny.train.images[epoch.order[where]]
        if epoch.flips[where]:
            picture = picture[:, ::-1]
        down, right = epoch.shifts[where]
        moved = np.zeros((34, 34), np.uint8)
        moved[3 + down : 31 + down, 3 + right : 31 + right] = picture
        expected = (moved[3:31, 3:31] / np.float32(255) - preprocessing.mean) / preprocessing.std
        np.testing.assert_allclose(images[position, 0].numpy(), expected, rtol=1e-5, atol=1e-6)
        assert labels[position] == tiny.train.labels[epoch.order[where]]


def test_a_shift_of_nothing_is_nothing():
    images = torch.randint(0, 256, (5, 4, 6), dtype=torch.uint8)
    assert torch.equal(shifted(images, torch.zeros(5, 2, dtype=torch.int64)), images)


class Narrow(nn.Module):
    """Passes on what it is given, but for more than `most` pictures there is no memory: forward, or backward.

    What a failed attempt held must be gone when the next begins.
    """

    def __init__(self, most, where="forward", error=None):
        super().__init__()
        self.most, self.where, self.failed = most, where, 0
        self.error = error or (lambda: torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"))
        self.held = None

    def forward(self, images):
        assert self.held is None or self.held() is None
        images = images + 0
        if len(images) > self.most and torch.is_grad_enabled() | (self.where == "forward"):
            self.failed += 1
            self.held = weakref.ref(images)
            if self.where == "forward":
                raise self.error()
            return Refused.apply(images, torch.zeros((), requires_grad=True), self)
        return images


class Refused(torch.autograd.Function):
    """The identity, whose gradient there is no memory for."""

    @staticmethod
    def forward(ctx, images, learnt, layer):
        ctx.layer = layer
        ctx.save_for_backward(images)
        return images + learnt

    @staticmethod
    def backward(ctx, gradient):
        raise ctx.layer.error()


class InDouble(nn.Module):
    """A network in float64, of float32 pictures."""

    def __init__(self, net):
        super().__init__()
        self.net = net.double()

    def forward(self, images):
        return self.net(images.double())


def narrow_engine(dataset, settings, most=1000, *, double=False, **narrow):
    config = configure(**settings)
    layer = Narrow(most, **narrow)
    net = nn.Sequential(layer, build(config.model, seed=config.seed, init=config.init))
    net = InDouble(net) if double else net
    return ReferenceEngine(net, dataset, config, Preprocessing.of(dataset, normalize=True)), layer, config


SETTINGS = [
    {"recipe": "book-sgd", "batch_size": 96},
    {"recipe": "book-sgd", "batch_size": 96, "learning_rate": 0.05, "momentum": 0.9, "label_smoothing": 0.1},
    {"recipe": "fast", "batch_size": 96, "label_smoothing": 0.1, "flip": True, "shift": 2},
    {"recipe": "fast", "batch_size": 96, "model": "mlp", "weight_decay": 0.1},
    {"recipe": "fast", "batch_size": 96, "label_smoothing": 0.1, "class_weights": tuple(range(1, 11))},
    {"recipe": "fast", "batch_size": 96, "flip": True, "temperature": 3.0, "class_weights": tuple(range(1, 11))},
]
GRADIENTS = {False: 1e-6, True: 1e-14}  # how far off they may be, as a part of the largest: in float32 and in float64


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("double", [False, True])
@pytest.mark.parametrize("where", ["forward", "backward"])
def test_a_step_that_does_not_fit_is_taken_in_parts_to_the_same_end(tiny, settings, double, where):
    """Loss, gradient and number right are those of the whole batch; a last batch of 40, and parts of unequal size."""
    train = training_set(settings, tiny.train)
    whole, _, config = narrow_engine(train, settings, double=double)
    parts, layer, _ = narrow_engine(train, settings, most=20, double=double, where=where)
    epoch = plan(config, 0, len(train))
    last = epoch.num_steps - 1
    for number, step in enumerate((0, last)):
        expected, found = whole.train_steps(epoch, step, step + 1), parts.train_steps(epoch, step, step + 1)
        scale = whole.optimizer.gradient.abs().max()
        assert (parts.optimizer.gradient - whole.optimizer.gradient).abs().max() <= GRADIENTS[double] * scale
        np.testing.assert_allclose(found.losses, expected.losses, rtol=1e-6)
        assert abs(found.num_correct - expected.num_correct) <= (0 if double or number == 0 else 1)
        assert found.num_images == expected.num_images
        whole.load_state_dict(parts.state_dict())
    assert layer.failed == 3  # 96, 48, 24; from then on the size is known
    assert parts.micro_batch == 12
    assert parts.optimizer.num_steps == 2


@pytest.mark.parametrize("size", [1, 7, 50, 95, 96, 1000])
def test_the_size_of_the_parts_can_be_given_and_makes_the_same_bits(tiny, size):
    """As a resumed training needs it: what a first engine had to find out, a second is told."""
    settings = {"recipe": "fast", "batch_size": 96}
    one, _, config = narrow_engine(tiny.train, settings)
    two, _, _ = narrow_engine(tiny.train, settings)
    epoch = plan(config, 0, len(tiny.train))
    one.micro_batch = two.micro_batch = size
    one.train_steps(epoch, 0, 3)
    state = one.state_dict()
    one.train_steps(epoch, 3, 5)
    two.load_state_dict(state)
    two.train_steps(epoch, 3, 5)
    assert torch.equal(weights_of(one), weights_of(two))
    assert one.micro_batch == size


def test_what_a_training_found_out_is_all_that_its_bits_depend_on(tiny):
    settings = {"recipe": "fast", "batch_size": 96}
    found, layer, config = narrow_engine(tiny.train, settings, most=30)
    told, _, _ = narrow_engine(tiny.train, settings)
    epoch = plan(config, 0, len(tiny.train))
    found.train_steps(epoch, 0, 5)
    told.micro_batch = found.micro_batch
    told.train_steps(epoch, 0, 5)
    assert layer.failed == 2
    assert found.micro_batch == 24
    assert torch.equal(weights_of(found), weights_of(told))


def test_whole_batches_are_not_divided(tiny):
    engine, _, config = narrow_engine(tiny.train, {"recipe": "fast", "batch_size": 96})
    engine.train_steps(plan(config, 0, len(tiny.train)), 0, 2)
    assert engine.micro_batch is None


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA out of memory."), MemoryError(), RuntimeError("CUDA error: out of memory")]
)
def test_one_picture_that_does_not_fit_leaves_the_weights_alone(tiny, error):
    engine, layer, config = narrow_engine(tiny.train, {"recipe": "fast", "batch_size": 96}, most=0, error=lambda: error)
    before = weights_of(engine)
    with pytest.raises(EngineError, match="out of memory in a step of one image at a time") as raised:
        engine.train_steps(plan(config, 0, len(tiny.train)), 0, 2)
    assert "--resume" in raised.value.hint
    assert layer.failed == 8  # 96, 48, 24, 12, 6, 3, 2, 1
    assert torch.equal(weights_of(engine), before)
    assert engine.optimizer.num_steps == 0


def test_other_errors_of_a_step_are_not_tried_again(tiny):
    engine, layer, config = narrow_engine(
        tiny.train, {"recipe": "fast", "batch_size": 96}, most=0, error=lambda: RuntimeError("shape")
    )
    with pytest.raises(RuntimeError, match="shape"):
        engine.train_steps(plan(config, 0, len(tiny.train)), 0, 2)
    assert layer.failed == 1


def test_a_lost_device_ends_a_step_at_once(tiny):
    engine, layer, config = narrow_engine(
        tiny.train, {"recipe": "fast"}, most=0, error=lambda: RuntimeError("CUDA error: unspecified launch failure")
    )
    with pytest.raises(EngineError, match="was lost in the training's steps: CUDA error: unspecified") as raised:
        engine.train_steps(plan(config, 0, len(tiny.train)), 0, 2)
    assert "--resume" in raised.value.hint
    with pytest.raises(EngineError, match="was lost in an evaluation") as raised:
        engine.logits(tiny.test.images)
    assert "--resume" in raised.value.hint  # for it is the evaluation of a training
    assert layer.failed == 2
    alone = ReferenceEngine(engine.module, None, config, engine.preprocessing)
    with pytest.raises(EngineError, match="was lost in an evaluation") as raised:
        alone.logits(tiny.test.images)
    assert "--device cpu" in raised.value.hint


class Centred(nn.BatchNorm2d):
    """A learner's own."""


@pytest.mark.parametrize("layer", [nn.BatchNorm2d(1), Centred(1), nn.InstanceNorm2d(1, track_running_stats=True)])
def test_statistics_of_a_batch_are_not_those_of_its_parts(tiny, layer):
    config = configure("fast", batch_size=96)
    net = nn.Sequential(layer, Narrow(50), build(config.model, seed=0))
    engine = ReferenceEngine(net, tiny.train, config, Preprocessing.of(tiny.train))
    epoch = plan(config, 0, len(tiny.train))
    before = weights_of(engine)
    name = f"0 \\({type(layer).__name__}\\)"
    with pytest.raises(
        EngineError, match=f"in a step of 96 images, which cannot be divided because of {name}"
    ) as raised:
        engine.train_steps(epoch, 0, 1)
    assert "--batch-size" in raised.value.hint
    engine.micro_batch = 20
    with pytest.raises(EngineError, match=f"a batch of 96 images is not the sum of its parts: {name}"):
        engine.train_steps(epoch, 0, 1)
    assert torch.equal(weights_of(engine), before)


@pytest.mark.parametrize("layer", [nn.InstanceNorm2d(1), nn.LayerNorm(28), nn.Identity()])
def test_statistics_of_each_picture_may_be_divided(tiny, layer):
    config = configure("fast", batch_size=96)
    net = nn.Sequential(layer, Narrow(50), build(config.model, seed=0))
    engine = ReferenceEngine(net, tiny.train, config, Preprocessing.of(tiny.train))
    engine.train_steps(plan(config, 0, len(tiny.train)), 0, 1)
    assert engine.micro_batch == 48


def test_an_evaluation_that_does_not_fit_is_made_in_smaller_chunks(tiny):
    whole, _, _ = narrow_engine(tiny.train, {"recipe": "fast"})
    parts, layer, _ = narrow_engine(tiny.train, {"recipe": "fast"}, most=30)
    torch.testing.assert_close(parts.logits(tiny.test.images), whole.logits(tiny.test.images))
    assert layer.failed == 3  # 200, 100, 50
    assert parts.micro_batch is None
    nothing, _, _ = narrow_engine(tiny.train, {"recipe": "fast"}, most=0)
    with pytest.raises(EngineError, match="out of memory in an evaluation"):
        nothing.logits(tiny.test.images)


@pytest.mark.parametrize(("what", "name"), [(nn.Parameter, "the network"), (torch.Tensor, "the training set")])
def test_the_first_touch_of_a_device_says_what_was_too_much(tiny, monkeypatch, what, name):
    real = torch.Tensor.to

    def to(self, *arguments, **options):
        if type(self) is what:
            raise RuntimeError("CUDA error: out of memory")
        return real(self, *arguments, **options)

    monkeypatch.setattr(torch.Tensor, "to", to)
    with pytest.raises(EngineError, match=f"out of memory for {name}"):
        narrow_engine(tiny.train, {"recipe": "fast"})


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")])
def test_a_state_that_finds_no_room_on_the_machine_says_so(tiny, monkeypatch, error):
    engine, _, _ = narrow_engine(tiny.train, {"recipe": "fast"})

    def cpu(self):
        raise error

    monkeypatch.setattr(torch.Tensor, "cpu", cpu)
    with pytest.raises(EngineError, match="this program is out of memory copying the weights") as raised:
        engine.state_dict()
    assert "--resume" in raised.value.hint
