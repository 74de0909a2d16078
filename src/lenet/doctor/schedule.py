"""Which checks run when: before the first step, after a chunk of steps, after an epoch. A new check is one line here.

    for finding in examine(AFTER_EPOCH, Observation(train_loss=2.303, train_accuracy=0.1, counts=np.full(10, 6000))):
        print(finding)

The checks keep nothing; the caller reports each finding once. docs/doctor.md explains the findings, their thresholds, and how
often they are right.
"""

from collections.abc import Callable, Sequence

from lenet.doctor.curve_checks import (
    chance_level,
    class_never_predicted,
    loss_rising,
    running_statistics,
    too_good,
    train_test_apart,
)
from lenet.doctor.data_checks import (
    labels_from_one,
    labels_misaligned,
    labels_shifted,
    labels_shifted_by_means,
    shared_images,
    unshuffled,
)
from lenet.doctor.finding import Finding
from lenet.doctor.observation import Observation
from lenet.doctor.unit_checks import dead_units, saturated_units, softmax_before_loss

Check = Callable[[Observation], Finding | None]

BEFORE_TRAINING: tuple[Check, ...] = (
    labels_from_one,
    labels_misaligned,
    unshuffled,
    shared_images,
    labels_shifted_by_means,
)
AFTER_CHUNK: tuple[Check, ...] = (loss_rising,)
AFTER_EPOCH: tuple[Check, ...] = (
    too_good,
    chance_level,
    train_test_apart,
    running_statistics,
    labels_shifted,
    class_never_predicted,
    dead_units,
    saturated_units,
    softmax_before_loss,
)


def examine(checks: Sequence[Check], observation: Observation) -> list[Finding]:
    """Return what the checks find, in their order.

    Args:
        checks: BEFORE_TRAINING, AFTER_CHUNK or AFTER_EPOCH.
        observation: what is known of the training.
    """
    return [finding for check in checks if (finding := check(observation)) is not None]
