"""A run that has not finished: the network that its newest checkpoint holds."""

import dataclasses
import operator
from typing import TYPE_CHECKING

from lenet.errors import RunError, quoted
from lenet.networks import Network
from lenet.runs import checkpoints

if TYPE_CHECKING:
    from lenet.networks.trained import TrainedNetwork
    from lenet.runs.run import Run


@dataclasses.dataclass(frozen=True)
class Stopped:
    """What an unfinished run has so far.

    Attributes:
        network: the network that the run would have saved if it had ended at its newest checkpoint.
        notice: a sentence for the user: that the run has not finished, and whose weights these are.
    """

    network: "TrainedNetwork"
    notice: str


def find_stopped(run: "Run") -> Stopped:
    """Return what an unfinished run has so far.

    Args:
        run: a run that is not finished.

    Raises:
        RunError: if it has no whole checkpoint, or one of another network.
    """
    described = run.network
    checkpoint, _ = checkpoints.find(run.path / "checkpoints", described)
    missing, resume = run.missing, f"lenet train --resume {quoted(run.path)}"
    if checkpoint is None:
        hint = "start again with lenet train" if "metrics.jsonl" in missing else resume
        raise RunError(f"the run {run.path} is incomplete: it has no {missing[0]} and no whole checkpoint", hint=hint)
    tensors = checkpoint.tensors
    names = described.architecture.tensor_shapes
    # What the end of a training saves (training/loop.py): the weights of the best epoch if they are kept, else their moving
    # average if there is one.
    forms = ("best.{}", "optimizer.{}.average", "model.{}")
    form = next((form for form in forms if all(form.format(name) in tensors for name in names)), forms[-1])
    try:
        network = Network.of(described.architecture, {name: tensors[form.format(name)] for name in names})
        epoch = operator.index(checkpoint.progress["epoch"])
        steps = operator.index(checkpoint.progress["step"])
    except (KeyError, ValueError, TypeError) as error:
        raise RunError(
            f"the checkpoint of {run.path} belongs to another training: {error}", hint="start again with lenet train"
        ) from error
    stage = f"in epoch {epoch + 1}" if steps else f"after epoch {epoch}"
    notice = (
        f"the run {run.path} has not finished: these are the weights of its newest checkpoint, after step "
        f"{checkpoint.step:,}, {stage} of {run.config.epochs}; {resume} continues it"
    )
    return Stopped(dataclasses.replace(described, loaded=network), notice)
