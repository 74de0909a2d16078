"""The width of a digit's strokes: thin ones are brought to the width of MNIST's."""

import numpy as np
from numpy.typing import NDArray

from lenet.images.finding.filters import Floats, maximum

# Shares of the digit's longest edge. MNIST's strokes are 0.07 to 0.15 wide (5 to 95 % of them), 0.1 in the median.
THIN, USUAL = 0.06, 0.1
INK = 0.25  # of the peak


def stroke_width(ink: NDArray[np.bool_]) -> float:
    """Measure the mean width of strokes: twice their area by the length of their outline.

    Args:
        ink: bool (height, width), the pixels of the strokes, some of which are true.

    Returns:
        The width in pixels.
    """
    framed = np.pad(ink, 1)
    outline = (framed[1:] != framed[:-1]).sum() + (framed[:, 1:] != framed[:, :-1]).sum()
    return float(2 * ink.sum() / outline)


def thickened(relief: Floats) -> Floats:
    """Bring thin strokes to the width that MNIST's usually have; others stay as they are.

    Args:
        relief: float32 (height, width), how far a digit rises above its ground; its edges touch the digit.

    Returns:
        float32, of the same size or with a wider digit.
    """
    longest = max(relief.shape)
    width = stroke_width(relief > INK * relief.max())
    reach = round((USUAL * longest - width) / 2)
    if width >= THIN * longest or reach < 1:
        return relief
    return maximum(np.pad(relief, reach), reach)
