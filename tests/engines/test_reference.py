"""The specification itself: against float64 written out with plain autograd, and its own promises."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from lenet.config import configure
from lenet.data.batches import plan
from lenet.data.preprocess import Preprocessing
from lenet.engines.optimizer import Optimizer
from lenet.engines.reference import ReferenceEngine, shifted
from lenet.models import build


def engine_for(config, dataset):
    arguments = {"padding": 2} if config.model == "lenet" else {}
    model = build(config.model, seed=config.seed, init=config.init, **arguments)
    return ReferenceEngine(model, dataset, config, Preprocessing.of(dataset, normalize=config.normalize))


def weights_of(engine):
    return torch.cat([p.detach().flatten() for p in engine.model.parameters()])


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
    ],
)
def test_the_optimizers_are_those_of_torch(settings):
    """Thirty steps on the same gradients, the learning rate changing, against torch.optim in float64."""
    config = configure("book-sgd", learning_rate=0.01, **settings)
    ours, theirs = build("mlp", seed=1), build("mlp", seed=1).double()
    optimizer = Optimizer(ours, config)
    options = {"weight_decay": config.weight_decay}
    if config.optimizer == "sgd":
        options |= {"momentum": config.momentum, "nesterov": config.nesterov}
    reference = TORCH[config.optimizer](theirs.parameters(), lr=0.01, **options)
    torch.manual_seed(0)
    for step in range(30):
        for mine, exact in zip(ours.parameters(), theirs.parameters(), strict=True):
            exact.grad = torch.randn_like(exact) / (1 + step)
            mine.grad.copy_(exact.grad)
        for group in reference.param_groups:
            group["lr"] = 0.01 / (1 + step)
        reference.step()
        optimizer.step(0.01 / (1 + step))
    for mine, exact in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine.double(), exact, rtol=1e-5, atol=1e-6)


def test_losses_are_weighted_by_picture(tiny):
    config = configure("book-sgd", batch_size=len(tiny.train) - 1, learning_rate=1e-9)
    engine = engine_for(config, tiny.train)
    epoch = plan(config, 0, len(tiny.train))
    stats = engine.train_steps(epoch, 0, 2)
    logits = engine.logits(tiny.train.images).double()
    whole = F.cross_entropy(logits, torch.from_numpy(tiny.train.labels), reduction="sum").item()
    assert stats.num_images == len(tiny.train)
    assert stats.loss_sum == pytest.approx(whole, rel=1e-5)
    assert stats.loss_sum == pytest.approx(stats.losses @ [len(tiny.train) - 1, 1])
    assert stats.num_correct == int((logits.argmax(1).numpy() == tiny.train.labels).sum())


@pytest.mark.parametrize("batch_size", [1, 7, 15, 17, 255])
def test_odd_and_partial_batches(tiny, batch_size):
    config = configure("fast", batch_size=batch_size)
    epoch = plan(config, 0, len(tiny.train))
    last = epoch.num_steps - 1
    stats = engine_for(config, tiny.train).train_steps(epoch, last, last + 1)
    assert stats.num_images == len(tiny.train) - last * batch_size
    assert np.isfinite(stats.loss_sum)


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
        engine.model.train(training)
        logits = engine.logits(tiny.test.images)
        assert engine.model.training is training
    assert logits.shape == (len(tiny.test), 10)
    assert torch.equal(weights_of(engine), before)


def test_logits_do_not_depend_on_how_many_are_asked_for(tiny, monkeypatch):
    engine = engine_for(configure("fast"), tiny.train)
    whole = engine.logits(tiny.test.images)
    monkeypatch.setattr("lenet.engines.reference.EVALUATION_BATCH", 7)
    torch.testing.assert_close(engine.logits(tiny.test.images), whole)


def test_pictures_reach_the_network_as_the_preprocessing_says(tiny):
    config = configure("fast", model="softmax", normalize=True)
    preprocessing = Preprocessing(size=(28, 28), mean=0.25, std=0.5)
    model = build("softmax", seed=0)
    engine = ReferenceEngine(model, tiny.train, config, preprocessing)
    pixels = torch.from_numpy(tiny.test.images).float() / 255
    expected = model(((pixels - 0.25) / 0.5)[:, None])
    torch.testing.assert_close(engine.logits(tiny.test.images), expected.detach())


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
