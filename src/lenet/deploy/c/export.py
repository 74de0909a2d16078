"""A trained network as C sources: lenet.h, lenet.c, lenet_test.c and README.md.

make(lenet.load("runs/first"), int8=True).content["lenet.c"]
"""

import os

import numpy as np

from lenet.analysis.inference import engine_for
from lenet.data.catalogue import CATALOGUE
from lenet.data.dataset import Images, Splits
from lenet.data.locate import locate
from lenet.deploy.c import arithmetic
from lenet.deploy.c.lenet_c import Source, float_source, int8_source
from lenet.deploy.c.lenet_h import header
from lenet.deploy.c.quantization import Quantized, quantize
from lenet.deploy.c.readme import readme
from lenet.deploy.c.self_test import NOISE, Expected, SelfTestImages, self_test
from lenet.deploy.c.size import STACK
from lenet.deploy.c.stages import stages_of
from lenet.deploy.c.text import commented
from lenet.deploy.c.unknown import outlier_scores
from lenet.deploy.onnx.export import metadata
from lenet.deploy.plan import InferencePlan
from lenet.deploy.targets import Export
from lenet.errors import DataError, ModelError
from lenet.networks.calibration import Calibration
from lenet.networks.forward import as_input
from lenet.networks.trained import TrainedNetwork
from lenet.runs.data import must_fit, splits_for
from lenet.runs.opening import Trained, logits, network_of
from lenet.runs.run import Run
from lenet.version import __version__

RANGE_IMAGES = 2000
NOISE_NOTE = "the self-test has images of noise; --data NAME takes those of a data set"
MOST_LOSS = 0.003  # of accuracy on the test images

Data = str | os.PathLike[str] | Splits | None


def make(
    trained: Trained, *, int8: bool = False, accept_loss: bool = False, data: Data = None, data_dir: str | None = None
) -> Export:
    """Return the C sources of a trained network.

    Args:
        trained: the run or network.
        int8: whether to compute in 8-bit integers; the levels are chosen by 2,000 training images.
        accept_loss: whether that may cost more than 0.3 points of accuracy on the test images.
        data: the data set, by default the one that a run was trained on. In float it is only for the images of the self-test.
        data_dir: where to look for it first.

    Raises:
        ConfigError: if integers are wanted and no data set is known.
        DataError: if it cannot be loaded or does not fit the network.
        RunError: if the weights cannot be read, or are not finite.
        ModelError: for a layer that cannot be written as C, or integers that lose too much accuracy.
    """
    network = network_of(trained)
    stages = stages_of(InferencePlan.of(network))
    first_line = _first_line(network, int8)
    calibration = network.calibration
    if not int8:
        images = _test_images(trained, data, data_dir)
        source = float_source(stages, commented(first_line), calibration)
        test = self_test(images, _expected(network, images.images), commented(first_line))
        notes = (*_sizes("float", source), *([] if images.origin != NOISE else [NOISE_NOTE]))
        return _export(network, source, test, first_line, notes)
    splits = splits_for(trained, data, data_dir)
    must_fit(trained, splits.train)
    integers = quantize(stages, range_images(splits.train.images))
    note = _loss(network, integers, splits, accept_loss)
    images = SelfTestImages.of(splits.test.images, splits.name)
    source = int8_source(integers, commented(first_line), calibration)
    test = self_test(images, _expected_integers(integers, images.images, calibration), commented(first_line))
    return _export(network, source, test, first_line, (*_sizes("8-bit integers", source), note))


def _expected(network: TrainedNetwork, images: Images) -> Expected:
    logits, calibration = network.logits(images), network.calibration
    if calibration is None:
        return Expected(logits, is_exact=False)
    layer = [each.name for each in network.architecture.layers].index(calibration.layer)
    embedding = network.outputs(images)[layer - 1] if layer else as_input(images, network.preprocessing)
    scores = calibration.outlier_scores(logits, embedding.reshape(len(images), -1))
    return Expected(logits, is_exact=False, outlier_scores=scores)


def _expected_integers(integers: Quantized, images: Images, calibration: Calibration | None) -> Expected:
    logits = arithmetic.logits(integers, images)
    if calibration is None:
        return Expected(logits, is_exact=True)
    return Expected(logits, is_exact=True, outlier_scores=outlier_scores(integers, images, logits, calibration))


def range_images(images: Images) -> Images:
    """Return 2,000 of the training images, or all if there are fewer, drawn with a fixed seed."""
    count = min(RANGE_IMAGES, len(images))
    drawn = np.random.default_rng(0).choice(len(images), count, replace=False)
    return np.asarray(images[np.sort(drawn)])


def _test_images(trained: Trained, data: Data, data_dir: str | None) -> SelfTestImages:
    """Images of the data set, if it is named or on this machine; else noise, since nothing else depends on them."""
    shape = trained.preprocessing.shape
    if data is None:
        name = trained.resolved.data if isinstance(trained, Run) else None
        if name is None or (name in CATALOGUE and CATALOGUE[name].sources and locate(name, data_dir) is None):
            return SelfTestImages.made_up(shape)
    try:
        splits = splits_for(trained, data, data_dir)
        must_fit(trained, splits.test)
    except DataError:
        if data is not None:
            raise
        return SelfTestImages.made_up(shape)
    return SelfTestImages.of(splits.test.images, splits.name)


def _loss(network: TrainedNetwork, integers: Quantized, splits: Splits, is_accepted: bool) -> str:
    """Say what the integers cost on the test images. Raises ModelError if that is too much and not accepted."""
    test = splits.test
    before = logits(network, engine_for(network, "cpu"), test.images).argmax(axis=1)
    after = arithmetic.logits(integers, test.images).argmax(axis=1)
    accuracies = [float((answers == test.labels).mean()) for answers in (before, after)]
    loss = accuracies[0] - accuracies[1]
    figures = (
        f"accuracy on {len(test):,} test images of {splits.name}: {accuracies[0]:.2%} in float, "
        f"{accuracies[1]:.2%} in 8-bit integers; {(before == after).sum():,} answers are the same"
    )
    if loss > MOST_LOSS and not is_accepted:
        raise ModelError(
            f"8-bit integers cost {100 * loss:.2f} points of accuracy; expected at most {100 * MOST_LOSS:.1f}; {figures}",
            hint="--accept-loss writes them all the same; without --int8 nothing is lost",
        )
    return figures


def _export(network: TrainedNetwork, source: Source, test: str, first_line: str, notes: tuple[str, ...]) -> Export:
    files = {
        "lenet.h": header(network, source.work, commented(first_line), has_classify=source.classify_flash > 0),
        "lenet.c": source.content,
        "lenet_test.c": test,
        "README.md": readme(network, source, notes, first_line),
    }
    return Export({name: content.encode() for name, content in files.items()}, notes)


def _sizes(form: str, source: Source) -> tuple[str, ...]:
    flash = source.flash
    sizes = (
        f"C99, {form}: {flash.total:,} bytes of flash ({flash.constants:,} of constants, about {flash.code:,} of code on a "
        f"Cortex-M4), {source.work.size:,} bytes of RAM and some {STACK} of stack"
    )
    if not source.classify_flash:
        return (sizes,)
    return (
        sizes,
        f"lenet_classify adds about {source.classify_flash:,} bytes of flash: the probability, and whether the image is "
        "unknown",
    )


def _first_line(network: TrainedNetwork, int8: bool) -> str:
    form = "in 8-bit integers" if int8 else "in float"
    sha256 = metadata(network)["sha256"]
    return f"The network {network.name} {form}, written by lenet {__version__}; SHA-256 of its weights file {sha256}."
