"""The states a training goes back to: which is good, and that none is lost while the next is copied."""

import pytest

from lenet.training.rollback import Rollback


class Counter:
    """Something that is trained: its state is a number."""

    def __init__(self):
        self.state, self.is_lost, self.num_snapshots = 0, False, 0

    def snapshot(self):
        self.num_snapshots += 1
        return Copy(self)


class Copy:
    def __init__(self, source):
        self.source = source
        self.take()

    def take(self):
        self.state = None  # as half a copy is no state
        if self.source.is_lost:
            raise OSError("lost")
        self.state = self.source.state


def after(*steps, measured=()):
    """A rollback that has kept the states after those steps."""
    counter = Counter()
    rollback = Rollback(counter)
    for step in steps:
        counter.state = step
        rollback.keep(step, f"note {step}", is_measured=step in measured)
    return rollback, counter


@pytest.mark.parametrize(
    ("steps", "measured", "step", "expected"),
    [
        ([0], [0], 0, 0),  # the first loss: the initial weights are what there is
        ([0], [], 0, None),  # weights that nobody has measured
        ([4, 8], [], 10, 8),  # a loss within the chunk: that of its first step was finite
        ([4, 8], [], 8, 4),  # the first loss of the chunk: the weights before it are bad
        ([4, 8], [8], 8, 8),  # they were evaluated
        ([8], [], 8, None),  # resumed from a checkpoint whose weights nobody has measured
        ([0, 4, 8, 12], [], 12, 8),
    ],
)
def test_the_last_good_state(steps, measured, step, expected):
    good = after(*steps, measured=measured)[0].last_good(step)
    assert (good and good.step) == expected
    if good:
        assert (good.snapshot.state, good.note) == (expected, f"note {expected}")


def test_a_state_is_copied_once_and_its_note_is_the_newest():
    rollback, counter = after(4)
    rollback.keep(4, "judged", is_measured=True)
    assert (rollback.newest.note, rollback.newest.is_measured, counter.num_snapshots) == ("judged", True, 1)


def test_three_snapshots_are_enough():
    _, counter = after(*range(20))
    assert counter.num_snapshots == 3


def test_a_copy_that_fails_leaves_the_states_before():
    for steps in ([4], [4, 8], [4, 8, 12], [4, 8, 12, 16]):
        rollback, counter = after(*steps)
        counter.is_lost = True
        with pytest.raises(OSError, match="lost"):
            rollback.keep(20, "lost")
        assert rollback.newest.snapshot.state == steps[-1]
        assert rollback.last_good(steps[-1]) is None or rollback.last_good(steps[-1]).snapshot.state == steps[-2]
        counter.is_lost, counter.state = False, 20
        rollback.keep(20, "found again")
        assert rollback.newest.snapshot.state == 20
