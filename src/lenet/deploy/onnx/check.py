"""Whether an ONNX file is valid, and whether other programs compute from it what lenet computes.

for line in check(content, 1, trained, test.images, "digits"):
    print(line)
"""

from collections.abc import Iterator

from lenet.analysis.inference import computes, embedder_for
from lenet.data.dataset import Images
from lenet.deploy.onnx.comparison import Expected, compare
from lenet.deploy.onnx.runtimes import EVALUATOR, RUNTIMES, Runtime
from lenet.deploy.targets import CheckError
from lenet.errors import MissingExtra
from lenet.networks.trained import TrainedNetwork
from lenet.runs.opening import logits, network_of
from lenet.runs.run import Run

FEW = 100  # images for the reference evaluator
BUG = "this is a bug in lenet or in that program; without --check the file is written"


def check(content: bytes, batch: int | str, trained: Run | TrainedNetwork, images: Images, name: str) -> Iterator[str]:
    """Check a file with onnx's full checker, and compare what each installed program computes with what lenet computes.

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
    expected = expected_of(trained, images)
    for runtime, module in found:
        title = f"{runtime.name} {module.__version__}"
        try:
            comparison = compare(runtime.start(module, content, expected.outputs), batch, images, expected)
        except Exception as error:  # each has exceptions of its own
            raise CheckError(f"{title} cannot run the file: {error}", hint=BUG) from error
        if not comparison.is_equal:
            raise CheckError(f"{title} computes something else than lenet on {name}: {comparison}", hint=BUG)
        yield f"{title} on {name}: {comparison}"
    yield from (_missing(runtime) for runtime in RUNTIMES if runtime not in [each for each, _ in found])


def expected_of(trained: Run | TrainedNetwork, images: Images) -> Expected:
    """Return what lenet's engine computes for uint8 images (N, height, width) or (N, height, width, 3)."""
    values = logits(trained, computes(trained, "cpu"), images)
    calibration, embedder = network_of(trained).calibration, embedder_for(trained, "cpu")
    if calibration is None or embedder is None:
        return Expected.uncalibrated(values)
    scores = calibration.outlier_scores(values, embedder.logits(images))
    return Expected(values, calibration.probabilities(values), scores)


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
