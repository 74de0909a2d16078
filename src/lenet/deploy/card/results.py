"""The sections of a model card about what was measured."""

import numpy as np

from lenet.analysis.statistics import Estimate, wilson_interval
from lenet.deploy.card.markup import plain, table
from lenet.deploy.card.measured import SURE, Measured
from lenet.deploy.card.robustness import SAMPLE
from lenet.metrics import NUM_BINS

MATRIX = 20  # classes up to which the whole confusion matrix is shown
CONFUSIONS = 8  # of two classes, that are listed


def accuracy_in_words(measured: Measured) -> str:
    """Return the accuracy with what is known of its spread."""
    evaluation = measured.evaluation
    if len(measured.accuracies) > 1:
        estimate = Estimate.of(measured.accuracies)
        return f"{estimate.mean:.2%} ± {100 * estimate.std:.2f} (mean and std of {estimate.number} seeds)"
    low, high = wilson_interval(evaluation.num_images - evaluation.num_mistakes, evaluation.num_images)
    seed = f", seed {measured.seeds[0]}" if measured.seeds else ""
    return f"{evaluation.accuracy:.2%}, 95 % interval {low:.2%} to {high:.2%}{seed}"


def accuracy(measured: Measured) -> str:
    """Return the section on accuracy: overall, and of each class."""
    evaluation = measured.evaluation
    low, high = wilson_interval(evaluation.num_images - evaluation.num_mistakes, evaluation.num_images)
    lines = [
        f"**{evaluation.accuracy:.2%}** of {evaluation.num_images:,} {evaluation.split} images are classified correctly; "
        f"the 95 % interval, from the number of images, is {low:.2%} to {high:.2%} (Wilson). "
        f"The mean cross-entropy is {evaluation.loss:.4f}.",
        "",
    ]
    if len(measured.accuracies) > 1:
        estimate = Estimate.of(measured.accuracies)
        runs = ", ".join(
            f"{each:.2%} (seed {seed})" for seed, each in zip(measured.seeds, measured.accuracies, strict=True)
        )
        lines += [
            f"Over {estimate.number} trainings that differ in the seed alone: **{estimate.mean:.2%} ± "
            f"{100 * estimate.std:.2f}** (mean and standard deviation; the 95 % interval of the mean is ± "
            f"{100 * (estimate.mean_interval or 0):.2f}): {runs}. The weights are those of seed {measured.seeds[0]}, "
            "and all that follows is about them.",
            "",
        ]
    elif measured.seeds:
        lines += [
            f"That is one training, with the seed {measured.seeds[0]}. How much other seeds differ was not measured here.",
            "",
        ]
    rows = [
        [plain(name), f"{precision:.2%}", f"{recall:.2%}", f"{_f1(precision, recall):.2%}", f"{images:,}"]
        for name, precision, recall, images in zip(
            evaluation.classes, evaluation.precision, evaluation.recall, evaluation.support, strict=True
        )
    ]
    lines.append(table(["class", "precision", "recall", "F1", "images"], rows))
    lines.append(
        "Precision: the share of the images answered so that is right. Recall: the share of the class that is found."
    )
    return "\n".join(lines)


def confusions(measured: Measured) -> str:
    """Return the section on which classes are taken for which."""
    evaluation = measured.evaluation
    wrong = evaluation.confusion - np.diag(np.diagonal(evaluation.confusion))
    if not wrong.any():
        return f"No image of the {evaluation.num_images:,} is taken for another class."
    order = np.argsort(-wrong, axis=None, kind="stable")[:CONFUSIONS]
    pairs = [(int(index) // len(wrong), int(index) % len(wrong)) for index in order]
    rows = [
        [
            plain(evaluation.classes[true]),
            plain(evaluation.classes[answer]),
            f"{wrong[true, answer]:,}",
            f"{wrong[true, answer] / evaluation.support[true]:.2%}",
        ]
        for true, answer in pairs
        if wrong[true, answer]
    ]
    lines = [
        f"{evaluation.num_mistakes:,} of {evaluation.num_images:,} images are taken for another class. The most frequent:",
        "",
        table(["class", "taken for", "images", "of the class"], rows),
    ]
    if len(evaluation.classes) <= MATRIX:
        names = [plain(name) for name in evaluation.classes]
        matrix = [
            [
                name,
                *(
                    f"**{count:,}**" if row == column else f"{count:,}" if count else ""
                    for column, count in enumerate(counts)
                ),
            ]
            for row, (name, counts) in enumerate(zip(names, evaluation.confusion.tolist(), strict=True))
        ]
        lines += ["All of them: a row for each class, a column for each answer.", "", table(["", *names], matrix)]
    return "\n".join(lines)


def calibration(measured: Measured) -> str:
    """Return the section on how far the probabilities can be believed."""
    reliability = measured.evaluation.reliability
    lines = [
        f"The expected calibration error on the test set is **{reliability.error:.2%}** ({NUM_BINS} bins of equal width): by "
        "so much confidence, the probability of the answer, and accuracy differ on average.",
    ]
    held_out = measured.network.calibration
    if reliability.temperature is not None and held_out is not None:
        lines.append(
            f"Before the calibration it is {reliability.uncalibrated_error:.2%}. The calibration divides the logits by the "
            f"temperature {reliability.temperature:.3f}, chosen on {held_out.num_held_out:,} images held out of the training."
        )
    else:
        lines.append(f"The network has no calibration; {_tendency(measured)}")
    rows = [
        [f"{each.low:.0%} to {each.high:.0%}", f"{each.num_images:,}", f"{each.confidence:.2%}", f"{each.accuracy:.2%}"]
        for each in measured.bins
    ]
    return "\n".join([*lines, "", table(["confidence", "images", "mean confidence", "accuracy"], rows)])


def unfamiliar(measured: Measured) -> str:
    """Return the section on images that show none of the classes."""
    reliability = measured.evaluation.reliability
    coverage, accepted = reliability.coverage, reliability.accepted_accuracy
    if coverage is None:
        lines = ["The network answers every image with one of its classes, also one that shows none of them.", ""]
    else:
        lines = [
            f"What is unlike the training images is answered `unknown`: {1 - coverage:.2%} of the test images. Of the other "
            f"{coverage:.2%}, {accepted or 0:.2%} are classified correctly. The rule looks at the evidence for all classes "
            "and at the distance from the training images, and was chosen on held-out training images.",
            "",
        ]
    columns = [
        "images",
        f"answered with over {SURE:.0%} confidence",
        *(["answered unknown"] if coverage is not None else []),
    ]
    rows = [
        [what, f"{each.sure:.0%}", *([f"{each.unknown:.0%}"] if each.unknown is not None else [])]
        for what, each in measured.unfamiliar.items()
    ]
    return "\n".join([*lines, table(columns, rows)])


def robustness(measured: Measured) -> str:
    """Return the section on changed test images."""
    number = min(SAMPLE, len(measured.test))
    plain_accuracy = next(iter(measured.changed.values()))
    rows = [
        [what, f"{accuracy:.2%}", "" if number == 0 else f"{100 * (accuracy - plain_accuracy):+.2f} points"]
        for number, (what, accuracy) in enumerate(measured.changed.items())
    ]
    return "\n".join(
        [
            f"Accuracy on {number:,} test images, changed before the network sees them:",
            "",
            table(["images", "accuracy", "difference"], rows),
        ]
    )


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _tendency(measured: Measured) -> str:
    accuracy = measured.evaluation.accuracy
    confidence = sum(each.num_images * each.confidence for each in measured.bins) / measured.evaluation.num_images
    kind = "overconfident" if confidence > accuracy else "underconfident"
    return f"its mean confidence is {confidence:.2%}, its accuracy {accuracy:.2%}: it is {kind}."
