"""Which of the two ways takes the steps and why, fifths of an epoch, Ctrl-C, and losses that are no numbers."""

import collections
import itertools
import os
import re
import signal
import threading

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from lenet.d2l.bridge.optimizers import PlainSgd
from lenet.d2l.bridge.steps import EngineSteps, Tally, TorchSteps, _stops, choose_steps, classification, initialised
from lenet.d2l.names.iterators import BatchIterator
from lenet.errors import DataError, EngineError, ModelError, TrainingError
from lenet.models import LeNet

CPU = torch.device("cpu")


def network():
    torch.manual_seed(4)
    return LeNet(channels=(3, 5), hidden=(20,), activation="relu")


def both(net, iterator, rate=0.05):
    """The same training in the two ways."""
    sgd = torch.optim.SGD(net.parameters(), lr=rate)
    return (
        EngineSteps(net, iterator, F.cross_entropy, PlainSgd(net, rate), CPU),
        TorchSteps(iterator, *classification(net, F.cross_entropy, sgd, CPU), net, sgd),
    )


@pytest.mark.parametrize(
    ("num_steps", "stops"),
    [(1, [1]), (4, [1, 2, 3, 4]), (5, [1, 2, 3, 4, 5]), (7, [*range(1, 8)]), (235, [47, 94, 141, 188, 235])],
)
def test_points_are_those_of_the_book(num_steps, stops):
    assert _stops(num_steps) == stops


def test_a_tally_weighs_by_picture_or_by_batch():
    tally = Tally([1.0, 4.0], [30, 10], 20.0)
    assert (tally.loss, tally.batch_loss, tally.accuracy, tally.num_images) == (1.75, 2.5, 0.5, 40)


@pytest.mark.parametrize("way", [0, 1])
def test_an_epoch_is_told_five_times(way, tiny):
    iterator = BatchIterator(tiny.train, 96, True)  # ten whole batches and one of forty
    steps = both(network(), iterator)[way]
    with steps:
        told = [(tally.done, len(tally.losses), tally.num_images) for tally in steps.epoch()]
    expected = [(n / 11, n, min(96 * n, 1000)) for n in (2, 4, 6, 8, 10, 11)]
    assert told == expected


def test_a_generator_is_told_of_at_its_end(tiny):
    iterator = BatchIterator(tiny.train, 100)
    _, steps = both(network(), iterator)
    steps.train_iter = (batch for batch in iterator)
    assert [tally.done for tally in steps.epoch()] == [1]
    with pytest.raises(DataError, match="gives no batch"):
        list(steps.epoch())


REASONS = {
    "PyTorch on cpu (the CPU kernels take what load_data_fashion_mnist returns; this is a list)": lambda net, it: (
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
    "requires_grad=False": lambda net, it: (net.requires_grad_(False) and net, it, F.cross_entropy),
    "the loss is mse_loss": lambda net, it: (net, it, F.mse_loss),
    "the loss is MSELoss": lambda net, it: (net, it, nn.MSELoss()),
    "without weight": lambda net, it: (net, it, nn.CrossEntropyLoss(weight=torch.ones(10))),
    "this one is a sum": lambda net, it: (net, it, nn.CrossEntropyLoss(reduction="sum")),
    "more than one activation": lambda net, it: (
        net.conv.__setitem__(1, nn.Tanh()) or net,
        it,
        F.cross_entropy,
    ),
    "images of 96×96": lambda net, it: (
        LeNet(input_size=96),
        BatchIterator(it.dataset, 50, resize=96),
        F.cross_entropy,
    ),
}


@pytest.mark.parametrize("reason", REASONS)
def test_pytorch_computes_what_the_kernels_do_not_know_and_says_why(reason, tiny, capsys):
    net, iterator, loss = REASONS[reason](network(), BatchIterator(tiny.train, 100))
    steps = choose_steps(net, iterator, loss, PlainSgd(net, 0.1), CPU)
    assert isinstance(steps, TorchSteps)
    said = capsys.readouterr().err
    assert said.startswith("engine  PyTorch on cpu (")
    assert reason in said
    assert said.count("\n") == 1


def test_the_kernels_are_said_too(tiny, capsys):
    net = network()
    for loss in (F.cross_entropy, nn.CrossEntropyLoss(label_smoothing=0.1)):
        assert isinstance(choose_steps(net, BatchIterator(tiny.train, 100), loss, PlainSgd(net, 0.1), CPU), EngineSteps)
    assert capsys.readouterr().err.count("engine  cpu (own kernels for ") == 2


def test_without_kernels_pytorch_computes_and_the_way_out_is_said(tiny, capsys, no_kernels):
    net = network()
    steps = choose_steps(net, BatchIterator(tiny.train, 100), F.cross_entropy, PlainSgd(net, 0.1), CPU)
    assert isinstance(steps, TorchSteps)
    assert "python -m lenet.engines.kernels" in capsys.readouterr().err


def test_a_gpu_is_not_for_the_kernels(tiny):
    with pytest.raises(EngineError, match="do not compute on cuda:0"):
        EngineSteps(network(), BatchIterator(tiny.train, 100), F.cross_entropy, None, torch.device("cuda:0"))


def test_label_smoothing_reaches_the_engine(tiny):
    iterator = BatchIterator(tiny.train, 100)
    losses = []
    for way in (0, 1):
        net, loss = network(), nn.CrossEntropyLoss(label_smoothing=0.3)
        sgd = torch.optim.SGD(net.parameters(), lr=0.05)
        steps = [
            EngineSteps(net, iterator, loss, PlainSgd(net, 0.05), CPU),
            TorchSteps(iterator, *classification(net, loss, sgd, CPU)),
        ][way]
        with steps:
            *_, tally = steps.epoch()
        losses.append(tally.losses)
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)


@pytest.mark.parametrize("way", [0, 1])
@pytest.mark.parametrize("rate", [1e8, 1e20])
def test_a_loss_that_is_no_number_leaves_the_last_good_weights(way, rate, tiny):
    """Whether they broke in the first step or in a later one; their loss is a number."""
    net, iterator = network(), BatchIterator(tiny.train, 50, True)
    steps = both(net, iterator, rate)[way]
    with pytest.raises(TrainingError, match=r"the loss became \w+ at step \d+ of 20 of this epoch") as raised, steps:
        list(steps.epoch())
    assert re.search(r"the last good ones, those before the last (step|\d+ steps)$", raised.value.message)
    assert "smaller learning rate" in raised.value.hint
    with torch.no_grad():
        assert all(torch.isfinite(F.cross_entropy(net(X), y)) for X, y in iterator)


@pytest.mark.parametrize("way", [0, 1])
def test_weights_that_the_last_step_breaks_are_not_kept(way, tiny):
    net, iterator = network(), BatchIterator(tiny.train, 1000)
    steps = both(net, iterator, rate=1e39)[way]  # as a float32, infinite
    if way:
        steps.update = lambda result: net.fc[0].bias.data.fill_(torch.inf)
    before = [weights.clone() for weights in net.parameters()]
    with pytest.raises(TrainingError, match="weights became nan or infinite in step 1, the last, of this epoch"), steps:
        list(steps.epoch())
    assert all(torch.equal(*pair) for pair in zip(before, net.parameters(), strict=True))


@pytest.mark.parametrize("way", [0, 1])
def test_weights_that_were_broken_before_are_said_to_have_been(way, tiny):
    net = network()
    steps = both(net, BatchIterator(tiny.train, 50))[way]
    with torch.no_grad():
        net.fc[0].bias.fill_(torch.nan)
    with pytest.raises(TrainingError, match=r"at step 1 of 20 of this epoch; no step has been taken"), steps:
        list(steps.epoch())


def test_the_optimiser_goes_back_with_the_weights(tiny):
    net = network()
    adam = torch.optim.Adam(net.parameters(), lr=0.001)
    batches = list(BatchIterator(tiny.train, 100))  # a point, and a copy, every second one
    bad = [*batches[:7], (batches[7][0] * torch.inf, batches[7][1]), *batches[8:]]
    steps = TorchSteps(bad, *classification(net, F.cross_entropy, adam, CPU), net, adam)
    with pytest.raises(TrainingError, match="before the last step"), steps:
        list(steps.epoch())
    assert adam.state[net.fc[0].bias]["step"] == 6


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


def test_lazy_layers_get_their_weights_from_a_picture(tiny):
    net = nn.Sequential(nn.LazyConv2d(4, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.LazyLinear(10))
    iterator = BatchIterator(tiny.train, 50)
    initialised(net, iterator)
    assert net[4].in_features == 4 * 144
    EngineSteps(net, iterator, F.cross_entropy, PlainSgd(net, 0.1), CPU)


@pytest.mark.parametrize("as_list", [False, True])
def test_pictures_that_do_not_fit_name_the_layer(as_list, tiny, capsys):
    iterator = BatchIterator(tiny.train, 50, resize=32)
    iterator = list(iterator)[:1] if as_list else iterator
    net = network()
    with pytest.raises(ModelError, match=r"layer fc\.0, .*expects \(N, 80\) and received \(N, 125\)"):
        list(choose_steps(net, iterator, F.cross_entropy, PlainSgd(net, 0.1), CPU).epoch())
