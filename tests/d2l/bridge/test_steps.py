"""Which of the two ways takes the steps and why, fifths of an epoch, and Ctrl-C."""

import collections
import itertools
import os
import signal
import threading

import pytest
import torch
import torch.nn.functional as F
from learners import CPU, both, network
from torch import nn

from lenet.d2l.bridge.batches import BatchIterator
from lenet.d2l.bridge.evaluation import initialize_lazy
from lenet.d2l.bridge.kernel_steps import KernelSteps
from lenet.d2l.bridge.optimizers import PlainSgd, TorchOptim
from lenet.d2l.bridge.steps import choose_steps
from lenet.d2l.bridge.torch_steps import TorchSteps, classification
from lenet.engines.cpu import CpuEngine
from lenet.errors import DataError, EngineError, ModelError, TrainingError
from lenet.models import LeNet


@pytest.mark.parametrize("way", [0, 1])
def test_an_epoch_is_reported_at_each_fifth(way, tiny):
    iterator = BatchIterator(tiny.train, 96, True)  # ten whole batches and one of forty
    steps = both(network(), iterator)[way]
    with steps:
        reported = [(progress.done, len(progress.losses), progress.tally.num_images) for progress in steps.epoch()]
    expected = [(n / 11, n, min(96 * n, 1000)) for n in (2, 4, 6, 8, 10, 11)]
    assert reported == expected
    assert steps.guard.num_steps == 11


def test_a_generator_is_reported_at_its_end(tiny):
    iterator = BatchIterator(tiny.train, 100)
    _, steps = both(network(), iterator)
    steps.train_iter = (batch for batch in iterator)
    assert [progress.done for progress in steps.epoch()] == [1]
    with pytest.raises(DataError, match="gives no batch"):
        list(steps.epoch())


def normalized(rate=0.0):
    """A learner's network with batch normalization after convolutions without biases, and dropout."""
    torch.manual_seed(4)
    blocks = [
        layer
        for inputs, outputs in ((1, 3), (3, 5))
        for layer in (nn.Conv2d(inputs, outputs, 5, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(2))
    ]
    return nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(rate), nn.Linear(5, 10))


class Frozen(nn.Module):
    """Its statistics stay in training as they are."""

    def __init__(self):
        super().__init__()
        self.bn, self.fc = nn.BatchNorm2d(1), nn.Linear(784, 10)

    def train(self, mode=True):
        super().train(mode).bn.eval()
        return self

    def forward(self, x):
        return self.fc(self.bn(x).flatten(1))


REASONS = {
    "PyTorch on cpu (the CPU kernels need the iterator of load_data_fashion_mnist; this is a list)": lambda net, it: (
        net,
        list(it),
        F.cross_entropy,
    ),
    "nn.Dropout": lambda net, it: (nn.Sequential(net, nn.Dropout()), it, F.cross_entropy),
    "a hook on conv.0": lambda net, it: (
        net.conv[0].register_forward_hook(lambda *_: None) and net,
        it,
        F.cross_entropy,
    ),
    "two images for batch normalization": lambda net, it: (
        normalized(),
        BatchIterator(it.source, 333),
        F.cross_entropy,
    ),
    "bn (nn.BatchNorm2d) in evaluation mode": lambda net, it: (Frozen(), it, F.cross_entropy),
    "requires_grad=False": lambda net, it: (net.requires_grad_(False) and net, it, F.cross_entropy),
    "the loss is mse_loss": lambda net, it: (net, it, F.mse_loss),
    "the loss is MSELoss": lambda net, it: (net, it, nn.MSELoss()),
    "without weight": lambda net, it: (net, it, nn.CrossEntropyLoss(weight=torch.ones(10))),
    "this one is a sum": lambda net, it: (net, it, nn.CrossEntropyLoss(reduction="sum")),
    "a kernel of 12×12": lambda net, it: (
        LeNet(kernel_size=12, channels=(2,)),
        it,
        F.cross_entropy,
    ),
    "images of 97×97": lambda net, it: (
        LeNet(input_size=97),
        BatchIterator(it.source, 50, resize=97),
        F.cross_entropy,
    ),
}


@pytest.mark.parametrize("reason", REASONS)
def test_pytorch_computes_what_the_kernels_cannot(reason, tiny, capsys):
    net, iterator, loss = REASONS[reason](network(), BatchIterator(tiny.train, 100))
    steps = choose_steps(net, iterator, loss, PlainSgd(net, 0.1), CPU)
    assert isinstance(steps, TorchSteps)
    err = capsys.readouterr().err
    assert err.startswith("engine  PyTorch on cpu (")
    assert reason in err
    assert err.count("\n") == 1


def test_a_training_by_pytorch_goes_back_if_it_diverges(tiny):
    """The weights, and what the optimiser keeps."""
    net, batches = network(), list(BatchIterator(tiny.train, 100))
    bad = [*batches[:3], (batches[3][0] * torch.inf, batches[3][1])]
    adam = torch.optim.Adam(net.parameters(), lr=0.001)
    with pytest.raises(TrainingError, match="the weights are the last good ones"):
        list(choose_steps(net, bad, F.cross_entropy, TorchOptim(adam, net), CPU).epoch())
    assert all(torch.isfinite(weights).all() for weights in net.parameters())
    assert adam.state[net.fc[0].bias]["step"] == 2


@pytest.mark.parametrize(("loss", "takes_logits"), [(F.cross_entropy, True), (nn.NLLLoss(), False)])
def test_pytorchs_steps_know_whether_the_loss_takes_logits(tiny, loss, takes_logits):
    net = network()
    steps = choose_steps(net, list(BatchIterator(tiny.train, 100)), loss, PlainSgd(net, 0.1), CPU)
    assert steps.takes_logits == takes_logits


def test_the_kernels_are_announced(tiny, capsys):
    net = network()
    for loss in (F.cross_entropy, nn.CrossEntropyLoss(label_smoothing=0.1)):
        assert isinstance(choose_steps(net, BatchIterator(tiny.train, 100), loss, PlainSgd(net, 0.1), CPU), KernelSteps)
    assert capsys.readouterr().err.count("engine  cpu (own kernels for ") == 2


def test_without_kernels_pytorch_computes_with_a_hint(tiny, capsys, no_kernels):
    net = network()
    steps = choose_steps(net, BatchIterator(tiny.train, 100), F.cross_entropy, PlainSgd(net, 0.1), CPU)
    assert isinstance(steps, TorchSteps)
    assert "python -m lenet.engines.kernels" in capsys.readouterr().err


def test_a_gpu_is_not_for_the_kernels(tiny):
    with pytest.raises(EngineError, match="do not compute on cuda:0"):
        KernelSteps(network(), BatchIterator(tiny.train, 100), F.cross_entropy, None, torch.device("cuda:0"))


def test_label_smoothing_reaches_the_engine(tiny):
    iterator = BatchIterator(tiny.train, 100)
    losses = []
    for way in (0, 1):
        net, loss = network(), nn.CrossEntropyLoss(label_smoothing=0.3)
        sgd = torch.optim.SGD(net.parameters(), lr=0.05)
        steps = [
            KernelSteps(net, iterator, loss, PlainSgd(net, 0.05), CPU),
            TorchSteps(iterator, *classification(net, loss, sgd, CPU)),
        ][way]
        with steps:
            *_, progress = steps.epoch()
        losses.append(progress.losses)
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)


@pytest.mark.parametrize("name", ["SGD", "AdamW"])
def test_weights_and_statistics_move_as_pytorch_moves_them(name, tiny):
    """Two epochs, the second by a new object: the learner's own tensors, the counter of batches and the momenta continue."""
    options = {"SGD": {"lr": 0.05, "momentum": 0.9, "weight_decay": 0.1}, "AdamW": {"lr": 0.002, "weight_decay": 0.1}}
    states = []
    for way in (0, 1):
        net, iterator = normalized(), BatchIterator(tiny.train, 250)
        own = {name: tensor.data_ptr() for name, tensor in net.state_dict().items()}
        optimizer = getattr(torch.optim, name)(net.parameters(), **options[name])
        for _ in range(2):
            steps = [
                KernelSteps(net, iterator, F.cross_entropy, TorchOptim(optimizer, net), CPU),
                TorchSteps(iterator, *classification(net, F.cross_entropy, optimizer, CPU), net, optimizer),
            ][way]
            with steps:
                list(steps.epoch())
        assert own == {name: tensor.data_ptr() for name, tensor in net.state_dict().items()}
        states.append(net.state_dict())
    assert states[0]["1.num_batches_tracked"] == 8
    for key, value in states[1].items():
        torch.testing.assert_close(
            states[0][key], value, rtol=1e-3, atol=1e-4, msg=lambda text, key=key: f"{key}: {text}"
        )


def test_pytorchs_generator_decides_what_the_kernels_drop(tiny):
    losses = []
    for seed in (1, 1, 2):
        net = normalized(rate=0.5)
        torch.manual_seed(seed)
        steps, _ = both(net, BatchIterator(tiny.train, 100))
        with steps:
            *_, progress = steps.epoch()
            losses.append(progress.losses)
    assert losses[0] == losses[1] != losses[2]


@pytest.mark.parametrize("way", [0, 1])
def test_ctrl_c_leaves_the_weights_of_finished_steps(way, tiny):
    iterator = BatchIterator(tiny.train, 2)
    net = network()
    before = [weights.clone() for weights in net.parameters()]
    steps = both(net, iterator)[way]
    timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt), steps:
        collections.deque(itertools.chain.from_iterable(steps.epoch() for _ in itertools.count()))
    timer.join()
    assert all(torch.isfinite(weights).all() for weights in net.parameters())
    assert not torch.equal(before[0], next(net.parameters()))
    assert all(weights.grad is None for weights in net.parameters()) or way == 1


def test_the_same_seed_gives_the_same_weights(tiny):
    found = []
    for _ in range(2):
        net = network()
        torch.manual_seed(1)
        steps, _ = both(net, BatchIterator(tiny.train, 64, True))
        with steps:
            list(steps.epoch())
            list(steps.epoch())
        found.append(net.state_dict())
    assert all(torch.equal(weights, found[1][name]) for name, weights in found[0].items())


def test_lazy_layers_get_their_weights_from_an_image(tiny):
    net = nn.Sequential(nn.LazyConv2d(4, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.LazyLinear(10))
    iterator = BatchIterator(tiny.train, 50)
    initialize_lazy(net, iterator)
    assert net[4].in_features == 4 * 144
    KernelSteps(net, iterator, F.cross_entropy, PlainSgd(net, 0.1), CPU)


@pytest.mark.parametrize("as_list", [False, True])
def test_images_that_do_not_fit_name_the_layer(as_list, tiny, capsys):
    iterator = BatchIterator(tiny.train, 50, resize=32)
    iterator = list(iterator)[:1] if as_list else iterator
    net = network()
    with pytest.raises(ModelError, match=r"layer fc\.0, .*expects \(N, 80\) and received \(N, 125\)"):
        list(choose_steps(net, iterator, F.cross_entropy, PlainSgd(net, 0.1), CPU).epoch())


def test_a_call_of_the_kernels_is_short(tiny, monkeypatch):
    calls, train_steps = [], CpuEngine.train_steps

    def record(engine, plan, start, stop):
        calls.append((start, stop))
        return train_steps(engine, plan, start, stop)

    monkeypatch.setattr(CpuEngine, "train_steps", record)
    steps, _ = both(network(), BatchIterator(tiny.train, 10))
    steps.speed = 100.0
    with steps:
        next(steps.epoch())
    assert calls[0] == (0, 8)  # 0.08 seconds, of the 20 steps until the next point


def test_the_kernels_leave_no_gradients(tiny):
    net = network()
    for weights in net.parameters():
        weights.grad = torch.ones_like(weights)
    steps, _ = both(net, BatchIterator(tiny.train, 100))
    with steps:
        list(steps.epoch())
    assert [weights.grad for weights in net.parameters()] == [None] * len(list(net.parameters()))
