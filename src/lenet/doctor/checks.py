"""What can be wrong with a training, one function a sickness: numbers or arrays in, a Finding or None out.

    if finding := far_apart(train_accuracy=0.99, test_accuracy=0.81):
        print(finding)

`doctor.py` calls them at the right moments. Every threshold stands here, and the measurement behind it in docs/doctor.md.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lenet.data.catalogue import CATALOGUE
from lenet.data.dataset import Images, Labels
from lenet.errors import RunError
from lenet.files import untrusted
from lenet.pytorch.modules import evaluating

Numbers = NDArray[np.float64] | NDArray[np.int64]

SHARED = 0.001  # share of the test pictures; Fashion-MNIST, MNIST and the digits have none in both sets
LOOKED_AT = 2000  # pictures, enough to tell a class by its mean picture, and a matter of milliseconds
ROLLS = (-3, -2, -1, 1, 2, 3)  # places by which labels are looked for beside their pictures
CLEARLY = 0.25  # more of the pictures named rightly: no accident among 1,000 pictures, and less than any data set's own
FEW = 10  # pictures a class: with fewer, all may agree by accident
MOST = 0.5  # of the pictures, and of the classes: what labels of no sense never reach by an accident of the means
LOSS_AT_CHANCE = 0.97  # of the entropy of the classes: any less, and something has been learnt
NEAR_CHANCE = 1 / 9  # of the way from chance to all; with ten classes an accuracy of 0.2
RISE, WINDOW = 0.5, 3  # nats, and the chunks whose mean is taken, so that one bad batch is no rise
GAP = 0.1  # between the accuracies
STILL = 0.02  # of the accuracy within an epoch: less is a network that learns no more
SICK_SHARE = 0.5  # of the units of a layer
EDGE = 0.01  # of an activation's range
TOO_GOOD = {"fashion-mnist": 0.975}  # beyond any published network's test accuracy

# Of the trainings of bench/doctor.py that ended at chance, those that learnt with one thing changed. A test compares these
# figures with bench/records/doctor.log.
CURES: dict[str, tuple[int, int]] = {"xavier-uniform": (11, 20), "relu": (16, 20), "rate": (14, 14)}


@dataclass(frozen=True)
class Finding:
    """Something wrong with a training: what, how that is known, and what to do.

    name: one of those in docs/doctor.md; evidence: the numbers, by what they are; epoch: a fraction within an epoch; step:
    steps taken so far, 0 before the first.
    """

    name: str
    message: str
    evidence: Mapping[str, Any]
    remedy: str
    epoch: float = field(default=0, kw_only=True)
    step: int = field(default=0, kw_only=True)

    def __str__(self) -> str:
        return f"{self.name}: {self.message}\n  evidence  {self.numbers}\n  remedy    {self.remedy}"

    @property
    def numbers(self) -> str:
        """The evidence, for people."""
        return ", ".join(f"{name} {_plain(value)}" for name, value in self.evidence.items())

    def to_dict(self) -> dict[str, Any]:
        """As a line of metrics.jsonl holds it."""
        return {"kind": "finding", **asdict(self)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Finding":
        """The inverse of `to_dict`; nonsense is a RunError."""
        kinds = {"name": str, "message": str, "evidence": Mapping, "remedy": str, "epoch": int | float, "step": int}
        found = {name: value for name, value in values.items() if name != "kind"}
        if set(found) != set(kinds) or not all(isinstance(found[name], kind) for name, kind in kinds.items()):
            raise RunError(
                f"a finding is {untrusted.printable(dict(values))}", hint=f"expected the entries {', '.join(kinds)}"
            )
        return cls(**found)


# Before the first step: the data.


def shared_pictures(train: Images, test: Images) -> Finding | None:
    """Test pictures `(M, …)` that are training pictures `(N, …)` to the last byte."""
    count = int(among(test, train).sum())
    if count <= SHARED * len(test):
        return None
    return Finding(
        "test-in-train",
        f"{count:,} of the {len(test):,} test pictures are training pictures too, so the test accuracy says too much",
        {"test pictures": len(test), "in the training set": count},
        "take them out of one of the two sets",
    )


def misaligned(images: Images, labels: Labels) -> Finding | None:
    """Labels `(N,)` that belong to a picture some places further on: the pictures make sense of them only when rolled."""
    if len(labels) < 2:
        return None
    looked_at = np.linspace(0, len(labels) - 1, min(LOOKED_AT, len(labels))).astype(np.int64)
    pixels = images[looked_at].reshape(len(looked_at), -1).astype(np.float32)

    def right(roll: int) -> float:
        rolled = np.roll(labels, -roll)[looked_at]
        return float((nearest_mean(pixels[::2], rolled[::2], pixels[1::2]) == rolled[1::2]).mean())

    at = {0: right(0)}
    if at[0] > np.bincount(labels).max() / len(labels) + CLEARLY:
        return None  # they belong where they are
    at |= {roll: right(roll) for roll in ROLLS}
    best = max(ROLLS, key=lambda roll: at[roll])
    if at[best] < at[0] + CLEARLY:
        return None
    return Finding(
        "labels-misaligned",
        f"each label seems to belong to the picture {abs(best)} {'after' if best < 0 else 'before'} its own",
        {"right by the mean pictures": at[0], f"with the labels moved by {best:+d}": at[best]},
        "look at how pictures and labels are read: a header of other size, a lost first line, two sorted lists",
    )


def shifted(confusion: NDArray[np.int64]) -> Finding | None:
    """Test labels that are the training labels plus a constant; confusion `(C, C)`: given down, predicted across.

    More than half of the classes have to say so, each by the answer it gets most: one constant answer is no shift.
    """
    num_classes, total = len(confusion), int(confusion.sum())
    if total < FEW * num_classes:
        return None
    classes = np.arange(num_classes)
    at = [float(confusion[(classes + by) % num_classes, classes].sum()) / total for by in range(num_classes)]
    best = int(np.argmax(at))
    if best == 0 or at[best] < max(MOST, at[0] + CLEARLY):
        return None
    given = np.flatnonzero(confusion.sum(axis=1))
    agree = int((confusion[given].argmax(axis=1) == (given - best) % num_classes).sum())
    if agree < 2 or agree <= MOST * len(given):
        return None
    return Finding(
        "labels-shifted",
        f"the labels of the test set seem to be those of the training set plus {best} (modulo {num_classes})",
        {"right as they are": at[0], f"right less {best}": at[best], "classes that agree": agree},
        "number the classes alike in both sets",
    )


def counted_from_one(labels: Labels, num_classes: int) -> Finding | None:
    """Labels `(N,)` of which every class has some but class 0."""
    counts = np.bincount(labels, minlength=num_classes)
    if num_classes < 3 or counts[0] or not counts[1:].all():
        return None
    return Finding(
        "labels-from-one",
        "class 0 has no pictures and every other class has: the labels seem to count from 1",
        {"pictures of class 0": 0, "classes": num_classes},
        "subtract 1 from the labels, and name one class less",
    )


def unshuffled(labels: Labels) -> Finding | None:
    """Labels `(N,)`, in the order in which they are trained on, that come in stretches of one class."""
    if len(labels) < 2:
        return None
    shares = np.bincount(labels) / len(labels)
    expected, found = float((shares**2).sum()), float((labels[1:] == labels[:-1]).mean())
    if found < expected + CLEARLY:
        return None
    return Finding(
        "unshuffled",
        "the training pictures come in stretches of one class, so each step unlearns the others",
        {"same class as the picture before": found, "in a shuffled order": expected},
        "shuffle the training set anew in each epoch",
    )


# While it trains: the numbers.


def is_at_chance(loss: float, accuracy: float, counts: Numbers) -> bool:
    """Whether a mean loss, in nats, and an accuracy are those of guessing, for classes of `counts` `(C,)` pictures."""
    entropy, largest = chance(counts)
    return loss > LOSS_AT_CHANCE * entropy and accuracy < largest + NEAR_CHANCE * (1 - largest)


def chance(counts: Numbers) -> tuple[float, float]:
    """Loss, in nats, and accuracy of guessing by the shares of the classes: ln(C) and 1 / C where all have as many."""
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log(shares)).sum()), float(shares.max())


def chance_level(
    loss: float,
    accuracy: float,
    counts: Numbers,
    *,
    net: nn.Module | None = None,
    init: str | None = None,
    rehearsed: int | None = None,
    later: float | None = None,
) -> Finding | None:
    """A network that guesses. net, init: what the remedy is chosen by; rehearsed: epochs that were, in rehearsal.py.

    init None: not known; later: the epoch after the last in which a rehearsal saw it leave chance level. Without a rehearsal
    nothing is known of the epochs to come, and sigmoids may want more of them.
    """
    if not is_at_chance(loss, accuracy, counts):
        return None
    chance_loss, chance_accuracy = chance(counts)
    numbers = {"loss": loss, "of guessing": chance_loss, "accuracy": accuracy, "by guessing": chance_accuracy}
    ahead = ""
    if rehearsed:
        numbers["epochs rehearsed"] = rehearsed
        left = f"{rehearsed} epochs" if rehearsed > 1 else "epoch"
        ahead = f", and a rehearsal of the {left} left says that it will not learn before the end"
    remedy = _cure(net, init, later, longer=not rehearsed)
    return Finding("chance-level", f"the network guesses: it is at chance level{ahead}", numbers, remedy)


def not_finite(what: str, loss: float, learning_rate: float) -> Finding:
    """A loss that is no number any more; what: in which words, with the step."""
    return Finding(
        "loss-not-finite",
        what,
        {"loss": str(loss), "learning rate": learning_rate},
        f"take a smaller learning rate (--learning-rate {learning_rate / 10:g})",
    )


def rising(losses: Sequence[float], rates: Sequence[float]) -> Finding | None:
    """Losses of chunks that rise clearly above what they were, with the learning rate of each."""
    if len(losses) < 2 * WINDOW:
        return None
    means = np.convolve(losses, np.full(WINDOW, 1 / WINDOW), "valid")
    lowest = int(np.argmin(means))
    if means[-1] < means[lowest] + RISE:
        return None
    before, now = rates[lowest + WINDOW - 1], rates[-1]
    why = f"since the rate rose from {before:.2g} to {now:.2g}" if now > before else f"at a learning rate of {now:.2g}"
    return Finding(
        "loss-rising",
        f"the loss rises, {why}",
        {"loss": float(means[-1]), "it was": float(means[lowest]), "learning rate": now},
        f"take a smaller learning rate (--learning-rate {now / 3:.2g})",
    )


def far_apart(train_accuracy: float, test_accuracy: float) -> Finding | None:
    """Training pictures named rightly much oftener than test pictures."""
    if train_accuracy - test_accuracy <= GAP:
        return None
    return Finding(
        "train-test-apart",
        "the network knows its training pictures much better than others",
        {"train accuracy": train_accuracy, "test accuracy": test_accuracy},
        "more pictures, shifted ones (--shift 2), weight decay (--weight-decay) or fewer epochs; are both sets of one kind?",
    )


def never_predicted(confusion: NDArray[np.int64], classes: Sequence[str] | None = None) -> Finding | None:
    """Classes that no picture is given though some are of them; confusion `(C, C)`: true down, predicted across."""
    missing = np.flatnonzero((confusion.sum(axis=0) == 0) & (confusion.sum(axis=1) > 0)).tolist()
    if not missing:
        return None
    names = ", ".join(str(classes[label]) if classes else str(label) for label in missing)
    plural = len(missing) > 1
    return Finding(
        "class-never-predicted",
        f"no picture is ever named {names}, though there are such pictures",
        {"classes never predicted": len(missing), "their test pictures": int(confusion[missing].sum())},
        f"look at the training pictures and labels of {'these classes' if plural else 'this class'}; else train longer, "
        "or at a smaller learning rate (--learning-rate)",
    )


def too_good(data: str, accuracy: float, counts: Numbers | None = None) -> Finding | None:
    """A test accuracy that the data set of that name does not allow; counts: its test pictures of each class, `(C,)`.

    The limit is that of the whole test set: of a part, of two classes say, anything may be right. Not told counts, it is
    taken to be whole.
    """
    limit = TOO_GOOD.get(data, 1.0)
    if accuracy <= limit or (counts is not None and not _is_whole(data, counts)):
        return None
    return Finding(
        "too-good",
        f"a test accuracy of {accuracy:.4f} on {data} is too good to be true: the wrong data, or training pictures, were "
        "measured",
        {"test accuracy": accuracy, "no network is beyond": limit},
        "compare the fingerprint of the data (lenet data verify), and see what the test set is made of",
    )


# The network.


def activations(net: nn.Module, images: Tensor) -> tuple[Tensor, dict[str, tuple[nn.Module, Tensor]]]:
    """Outputs for `images`, as the net takes them, and what came out of its sigmoids, tanhs and ReLUs, by their names."""
    seen: dict[str, tuple[nn.Module, Tensor]] = {}
    layers = [(name, layer) for name, layer in net.named_modules() if isinstance(layer, nn.Sigmoid | nn.Tanh | nn.ReLU)]
    hooks = [
        layer.register_forward_hook(lambda layer, _, output, name=name: seen.update({name: (layer, output)}))
        for name, layer in layers
    ]
    try:
        with evaluating(net), torch.no_grad():
            outputs: Tensor = net(images)
    finally:
        for hook in hooks:
            hook.remove()
    return outputs, seen


def dead(seen: Mapping[str, tuple[nn.Module, Tensor]]) -> Finding | None:
    """Layers of ReLUs of which most units, or channels, are 0 for every picture."""
    sick = {name: share for name, share in dead_shares(seen).items() if share > SICK_SHARE}
    if not sick:
        return None
    return Finding(
        "dead-units",
        f"most ReLUs of {_layers(sick)} are 0 for every picture: they learn no more",
        {f"dead share of {name}": share for name, share in sick.items()},
        f"start again at a smaller learning rate (--learning-rate); a tenth of it helped {_success('rate')}",
    )


def saturated(seen: Mapping[str, tuple[nn.Module, Tensor]]) -> Finding | None:
    """Layers of sigmoids or tanhs of which most units are at the ends of their range for every picture."""
    sick = {name: share for name, share in saturated_shares(seen).items() if share > SICK_SHARE}
    if not sick:
        return None
    return Finding(
        "saturated-units",
        f"most units of {_layers(sick)} are at the ends of their range for every picture: they hardly learn",
        {f"saturated share of {name}": share for name, share in sick.items()},
        "start again at a smaller learning rate (--learning-rate), or with ReLUs (--activation relu)",
    )


def dead_shares(seen: Mapping[str, tuple[nn.Module, Tensor]]) -> dict[str, float]:
    """Of each layer of ReLUs, the share of units, or channels, that are 0 for every picture."""
    return {name: _share(out == 0) for name, (layer, out) in seen.items() if isinstance(layer, nn.ReLU)}


def saturated_shares(seen: Mapping[str, tuple[nn.Module, Tensor]]) -> dict[str, float]:
    """Of each layer of sigmoids or tanhs, the share of units, or channels, always within `EDGE` of its ends."""
    shares = {}
    for name, (layer, out) in seen.items():
        if not isinstance(layer, nn.ReLU):
            low, high = (0.0, 1.0) if isinstance(layer, nn.Sigmoid) else (-1.0, 1.0)
            margin = EDGE * (high - low)
            shares[name] = _share((out < low + margin) | (out > high - margin))
    return shares


def softmax_before_loss(outputs: Tensor) -> Finding | None:
    """Outputs `(N, C)` that are probabilities already, where cross-entropy takes logits."""
    if outputs.ndim != 2 or outputs.size(1) < 2 or not bool((outputs >= 0).all()):
        return None
    sums = outputs.double().sum(1)
    if not torch.allclose(sums, torch.ones_like(sums), atol=1e-4):
        return None
    return Finding(
        "softmax-before-loss",
        "the outputs are probabilities, and cross-entropy applies the softmax once more: learning is slow and never sure",
        {"smallest output": float(outputs.min()), "largest sum": float(sums.max())},
        "take the softmax off the network; where probabilities are wanted, apply it to the logits",
    )


def among(test: Images, train: Images) -> NDArray[np.bool_]:
    """Which test pictures are training pictures, `(M,)`: those with the same 64 bits of a hash, then byte by byte."""
    if train.shape[1:] != test.shape[1:]:
        return np.zeros(len(test), np.bool_)
    ours, theirs = _hashes(test), _hashes(train)
    ordered = np.sort(ours)
    places = np.searchsorted(ordered, theirs)
    known = ordered[np.minimum(places, len(ordered) - 1)] == theirs
    same = {train[index].tobytes() for index in np.flatnonzero(known)}
    return np.array([picture.tobytes() in same for picture in test] if same else np.zeros(len(test)), np.bool_)


def _hashes(images: Images) -> NDArray[np.uint64]:
    """A number for each picture of `(N, …)`: its bytes, eight at a time, times odd numbers, in 64 bits."""
    rows = images.reshape(len(images), -1)
    whole = rows.shape[1] // 8
    if whole == 0:
        return np.zeros(len(rows), np.uint64)
    words = np.ascontiguousarray(rows[:, : 8 * whole]).view(np.uint64)
    odd = np.random.default_rng(0).integers(0, 2**63, whole, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    hashes: NDArray[np.uint64] = words @ odd
    return hashes


def nearest_mean(known: NDArray[np.float32], labels: Labels, asked: NDArray[np.float32]) -> Labels:
    """The class `(M,)` whose mean row of `known` `(N, D)` is nearest to each row of `asked` `(M, D)`."""
    classes = np.unique(labels)
    means = np.stack([known[labels == label].mean(axis=0) for label in classes])
    nearest: Labels = classes[(asked @ means.T - (means**2).sum(1) / 2).argmax(1)]
    return nearest


def _is_whole(data: str, counts: Numbers) -> bool:
    """Whether so many pictures of each class are the test set of the catalogue's data set of that name."""
    whole = CATALOGUE[data]
    return int((counts > 0).sum()) == len(whole.classes) and int(counts.sum()) == whole.num_test


def _share(is_sick: Tensor) -> float:
    """Of the units, or channels, of `(N, units, …)`, the share for which it is so in every picture and place."""
    units = is_sick.transpose(0, 1).flatten(1)
    return float(units.all(1).double().mean())


def _cure(net: nn.Module | None, init: str | None, later: float | None, longer: bool) -> str:
    """What to change in a network that guesses; longer: whether more epochs may do, as far as is known."""
    kinds = {type(layer) for layer in net.modules()} if net is not None else {nn.Sigmoid}
    if nn.Sigmoid in kinds:
        weights = {"default": ", from PyTorch's initial weights", None: ", or initial weights that are too small"}
        cause = f"sigmoids, which hardly pass a difference on{weights.get(init, '')}"
        ways = [f"ReLUs (--activation relu), which helped {_success('relu')}"]
        if init in weights:
            xavier = _success("xavier-uniform")
            ways.insert(0, f"Xavier-uniform initial weights (--init xavier-uniform), which helped {xavier}")
    else:
        cause = "a learning rate that is too high"
        ways = [f"a tenth of the learning rate (--learning-rate), which helped {_success('rate')}"]
    if later is not None:
        ways.append(f"more epochs (--epochs): a rehearsal says that it leaves chance level in epoch {later:.1f}")
    elif longer and nn.Sigmoid in kinds:
        ways.append("more epochs (--epochs), for some leave chance level late")
    return f"the usual cause is {cause}; take {', or '.join(ways)}"


def _success(cure: str) -> str:
    learnt, of = CURES[cure]
    return f"{learnt} of {of} such trainings"


def _layers(names: Mapping[str, Any]) -> str:
    return f"layer{'s' if len(names) > 1 else ''} {', '.join(names)}"


def _plain(value: Any) -> str:
    if isinstance(value, float) and math.isfinite(value):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
