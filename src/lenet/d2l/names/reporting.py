"""What the training functions print and draw."""

from collections.abc import Iterator

from lenet.d2l.bridge.loop import Point
from lenet.d2l.names.animator import Animator
from lenet.d2l.names.canvas import Line


def print_or_show(point: Point, line: Line, num_epochs: int, loss: float, timed: bool) -> None:
    """Print the published line at the end of an epoch; before it, show the progress on a terminal.

    Args:
        point: where the training stands.
        line: of the terminal.
        num_epochs: of the training.
        loss: of the present epoch, as the published function computes it.
        timed: whether the published line has the seconds.
    """
    tally = point.progress.tally
    if point.test_accuracy is None:
        line.show(f"epoch {point.epoch:.1f}/{num_epochs}  loss {loss:.4f}  train acc {tally.accuracy:.3f}")
        return
    line.clear()
    text = (
        f"epoch {point.epoch:.0f}, loss {loss:.4f}, train acc {tally.accuracy:.3f}, test acc {point.test_accuracy:.3f}"
    )
    print(f"{text}, time {point.epoch_seconds:.1f} sec" if timed else text, flush=True)


def draw_training(all_points: Iterator[Point], num_epochs: int, name: str, every_fifth: bool = True) -> Point:
    """Draw a training while it runs; the chart is written however the training ends.

    Args:
        all_points: the training's points; iterating trains.
        num_epochs: of the training.
        name: of the chart's file, after the script's name.
        every_fifth: whether the training's lines get a point at each fifth of an epoch, or only at its end.

    Returns:
        The last point.
    """
    animator = Animator(
        xlabel="epoch", xlim=[0 if every_fifth else 1, num_epochs], legend=["train loss", "train acc", "test acc"]
    )
    animator.canvas.name = name
    try:
        for point in all_points:
            train = (point.progress.tally.loss, point.progress.tally.accuracy)
            if point.test_accuracy is None:
                if every_fifth:
                    animator.add(point.epoch, (*train, None))
            else:
                animator.add(point.epoch, (*((None, None) if every_fifth else train), point.test_accuracy))
    finally:
        animator.finish()
    return point
