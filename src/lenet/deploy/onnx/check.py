"""Whether an ONNX file is valid, and whether other programs compute from it what lenet computes.

for line in check(content, 1, trained, test.images, "digits"):
    print(line)
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenet.analysis.inference import computes
from lenet.data.dataset import Images
from lenet.deploy.onnx.runtimes import EVALUATOR, RUNTIMES, Compute, Runtime, Values
from lenet.deploy.targets import CheckError
from lenet.errors import MissingExtra
from lenet.metrics import softmax
from lenet.runs.opening import Trained, logits

TOLERANCE = 1e-4  # of logits, beyond float32's own rounding of larger ones
ROUNDING = 1e-5  # of the largest logit
AT_ONCE = 250  # images, where the file takes any number
FEW = 100  # images for the reference evaluator
OUTPUTS = ("logits", "probabilities")
BUG = "this is a bug in lenet or in that program; without --check the file is written"


@dataclass(frozen=True)
class Comparison:
    """What a program computed from an ONNX file, beside what was expected.

    Attributes:
        num_images: images compared.
        num_same: of these, those with the same answer.
        num_ties: those with another answer, whose two logits differ by no more than the tolerance.
        difference: the largest of the logits.
        probability_difference: the largest of the probabilities.
        tolerance: how much the logits may differ.
    """

    num_images: int
    num_same: int
    num_ties: int
    difference: float
    probability_difference: float
    tolerance: float

    @property
    def is_equal(self) -> bool:
        """Whether nothing differs by more than the tolerance, and the answers are the same; False for NaN."""
        differences = max(self.difference, self.probability_difference)
        return self.num_same + self.num_ties == self.num_images and differences <= self.tolerance

    def __str__(self) -> str:
        ties = f" ({self.num_ties:,} more within the tolerance)" if self.num_ties else ""
        return (
            f"{self.num_same:,} of {self.num_images:,} answers the same as lenet's{ties}; "
            f"largest difference of logits {self.difference:.1e}, of probabilities {self.probability_difference:.1e}"
        )


def check(content: bytes, batch: int | str, trained: Trained, images: Images, name: str) -> Iterator[str]:
    """Check a file with onnx's full checker, and compare what each installed runtime computes with what lenet computes.

    Args:
        content: of the file.
        batch: how many images it takes at once, or the name of that dimension.
        trained: the network that it was made of.
        images: uint8 (N, height, width) or (N, height, width, 3).
        name: of the images, for messages.

    Yields:
        A sentence for each thing that was checked, or could not be.

    Raises:
        CheckError: if something is wrong, or differs.
        MissingExtra: if nothing is installed that runs the file.
    """
    onnx = EVALUATOR.imported()
    yield _valid(content) if onnx else "onnx is not installed: its checker was not run (pip install onnx)"
    found = [(runtime, module) for runtime in RUNTIMES if (module := runtime.imported())]
    if not found and onnx:
        found, images = [(EVALUATOR, onnx)], images[:FEW]
    if not found:
        packages = " ".join(runtime.package for runtime in (EVALUATOR, *RUNTIMES))
        raise MissingExtra(
            "--check needs onnxruntime or OpenCV, which are not installed", hint=f"pip install {packages}"
        )
    expected = logits(trained, computes(trained, "cpu"), images)
    for runtime, module in found:
        title = f"{runtime.name} {module.__version__}"
        try:
            comparison = compare(runtime.start(module, content, OUTPUTS), batch, images, expected)
        except Exception as error:  # each has exceptions of its own
            raise CheckError(f"{title} cannot run the file: {error}", hint=BUG) from error
        if not comparison.is_equal:
            raise CheckError(f"{title} computes something else than lenet on {name}: {comparison}", hint=BUG)
        yield f"{title} on {name}: {comparison}"
    yield from (_missing(runtime) for runtime in RUNTIMES if runtime not in [each for each, _ in found])


def compare(compute: Compute, batch: int | str, images: Images, expected: NDArray[np.float32]) -> Comparison:
    """Compare the logits, probabilities and answers of all images with what is expected.

    Args:
        compute: what computes logits and probabilities.
        batch: how many images it takes at once, or the name of that dimension.
        images: uint8 (N, height, width) or (N, height, width, 3).
        expected: logits, float32 (N, num_classes).
    """
    size = batch if isinstance(batch, int) else AT_ONCE
    parts = []
    for start in range(0, len(images), size):
        pixels = as_pixels(images[start : start + size])
        missing = size - len(pixels) if isinstance(batch, int) else 0
        outputs = compute(np.pad(pixels, ((0, missing), (0, 0), (0, 0), (0, 0))) if missing else pixels)
        parts.append([values[: len(pixels)] for values in outputs])
    actual, probabilities = (np.concatenate(values) for values in zip(*parts, strict=True))
    tolerance = max(TOLERANCE, ROUNDING * float(np.abs(expected).max()))
    answers, ours = actual.argmax(axis=1), expected.argmax(axis=1)
    other = np.flatnonzero(answers != ours)
    margins = expected[other, ours[other]] - expected[other, answers[other]]
    return Comparison(
        num_images=len(images),
        num_same=len(images) - len(other),
        num_ties=int((margins <= tolerance).sum()),
        difference=float(np.abs(actual - expected).max()),
        probability_difference=float(np.abs(probabilities - softmax(expected)).max()),
        tolerance=tolerance,
    )


def as_pixels(images: Images) -> Values:
    """Return what the file takes for uint8 images (N, height, width) or (N, height, width, 3)."""
    pixels = images.astype(np.float32) / np.float32(255)
    return pixels[:, None] if pixels.ndim == 3 else np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))


def _valid(content: bytes) -> str:
    """Run onnx's checker, with shapes inferred and compared. Raises CheckError if it finds something."""
    from onnx import __version__, checker, load_from_string

    try:
        checker.check_model(load_from_string(content), full_check=True)
    except Exception as error:
        raise CheckError(f"onnx {__version__} finds the file invalid: {error}", hint=BUG) from error
    return f"onnx {__version__}: the full check found no fault"


def _missing(runtime: Runtime) -> str:
    return f"{runtime.name} is not installed: not compared (pip install {runtime.package})"
