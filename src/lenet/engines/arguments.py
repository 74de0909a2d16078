"""A plan as the structure that the kernels take, with every array checked: the kernels trust them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.data.augmentation import MOST_MAP, MOST_TONE, ONE, Augmentation, DrawnAugmentation
from lenet.data.plan import Plan
from lenet.data.targets import Targets
from lenet.engines import kernels
from lenet.engines.lowering import MAX_EDGE
from lenet.errors import EngineError


def plan_argument(
    plan: Plan, start: int, stop: int, num_images: int, grey: int
) -> tuple[kernels.Plan, list[NDArray[Any]]]:
    """Return a plan for the kernels, and the arrays that it points to.

    Args:
        plan: of an epoch.
        start: the first step to be taken.
        stop: the step after the last to be taken.
        num_images: of the training set.
        grey: the byte for erased pixels.

    Raises:
        EngineError: for steps that the plan lacks, images that there are not, and other arrays than `Plan` documents.
    """
    if not 0 <= start < stop <= plan.num_steps or plan.batch_size < 1:
        raise EngineError(f"steps {start} to {stop} of a plan of {plan.num_steps}")
    positions = slice(start * plan.batch_size, min(stop * plan.batch_size, len(plan.order)))
    if (stop - 1) * plan.batch_size >= len(plan.order):
        raise EngineError(f"the plan has {plan.num_steps} steps, but an order of {len(plan.order)} images")
    count = len(plan.order)
    order, first = _widened("order", plan.order, (np.int32,), (count,), positions)
    chosen = order[positions.start - first : positions.stop - first]
    if chosen.min() < 0 or chosen.max() >= num_images:
        odd = chosen[(chosen < 0) | (chosen >= num_images)][0]
        raise EngineError(f"the order has an image {odd}; there are {num_images}")
    flips = None if plan.flips is None else checked_array("flips", plan.flips, np.bool_, (count,))
    shifts, shifts_first = None, 0
    if plan.shifts is not None:
        shifts, shifts_first = _widened("shifts", plan.shifts, (np.int8, np.int16), (count, 2), positions)
    if shifts is not None and np.abs(shifts).max() > MAX_EDGE:
        raise EngineError(f"the plan has a shift of {np.abs(shifts).max()} pixels; expected at most {MAX_EDGE}")
    keys = None if plan.dropout_keys is None else checked_array("dropout keys", plan.dropout_keys, np.uint32, (count,))
    if isinstance(plan.augmentation, DrawnAugmentation):
        drawn, drawn_first = _augmentation(plan.augmentation.part(positions), len(chosen)), positions.start
    else:
        drawn, drawn_first = _augmentation(plan.augmentation or Augmentation(), count), 0
    arrays = [order, flips, shifts, *drawn, keys]
    starts = [first, 0, shifts_first, *[drawn_first] * len(drawn), 0]
    pointers = [_pointer_from(array, start) for array, start in zip(arrays, starts, strict=True)]
    return kernels.Plan(*pointers, count, plan.batch_size, grey), [array for array in arrays if array is not None]


def targets_argument(targets: Targets | None) -> tuple[int | None, int, bool]:
    """Return a data set's targets as the kernels take them: pointer, views of an image, and whether they are halves."""
    if targets is None:
        return None, 0, False
    return pointer(targets), targets.shape[1] if targets.ndim == 3 else 1, targets.dtype == np.float16


def _widened(
    name: str, array: NDArray[Any], small: tuple[Any, ...], shape: tuple[int, ...], positions: slice
) -> tuple[NDArray[Any], int]:
    """An array of the plan as int64, and the position of its first entry: of a small type, these positions alone."""
    if isinstance(array, np.ndarray) and array.dtype in small and array.shape == shape:
        return array[positions].astype(np.int64), positions.start
    return checked_array(name, array, np.int64, shape), 0


def _pointer_from(array: NDArray[Any] | None, first: int) -> int | None:
    """The address at which position 0 of an array would lie that begins with position `first`."""
    return None if array is None else array.ctypes.data - first * array.strides[0]


def pointer(array: NDArray[Any] | None) -> int | None:
    """Return the address of an array's memory, or None for no array."""
    return None if array is None else array.ctypes.data


def checked_array(name: str, array: NDArray[Any], dtype: Any, shape: tuple[int, ...]) -> NDArray[Any]:
    """Return an array of the plan, contiguous.

    Args:
        name: for the message.
        array: the array.
        dtype: the type that it must have.
        shape: the shape that it must have.

    Raises:
        EngineError: if it is of another type or shape.
    """
    if not isinstance(array, np.ndarray) or array.dtype != dtype or array.shape != shape:
        what = f"{array.dtype} of shape {array.shape}" if isinstance(array, np.ndarray) else type(array).__name__
        raise EngineError(f"the {name} of the plan are {what}; expected {np.dtype(dtype)} of shape {shape}")
    return np.ascontiguousarray(array)


def _augmentation(augmentation: Augmentation, count: int) -> list[NDArray[np.int32] | None]:
    """Maps, tones and rectangles of `count` images; the kernels compute with them in 32 bits."""
    checked: list[NDArray[np.int32] | None] = []
    for name, shape, most in (("maps", (2, 2), MOST_MAP), ("tones", (2,), MOST_TONE), ("erased", (4,), ONE)):
        given = getattr(augmentation, name)
        array = None if given is None else checked_array(name, given, np.int32, (count, *shape))
        largest = 0 if array is None else max(int(array.max()), -int(array.min()))
        if largest > most:
            raise EngineError(f"the {name} of the plan have a number {largest}; expected at most {most}")
        checked.append(array)
    return checked
