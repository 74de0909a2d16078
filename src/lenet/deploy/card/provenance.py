"""The sections of a model card about the network, its data, its training, its input, and how to make it again."""

import math

from lenet.analysis.answer import Reading
from lenet.data.catalogue import CATALOGUE
from lenet.deploy.card.about import About, data_name, data_title, model_title
from lenet.deploy.card.markup import block, code, plain, table
from lenet.deploy.card.measured import Measured
from lenet.images.preprocess import WHOLE
from lenet.networks.summary import rows as summary_rows
from lenet.runs.command import as_line, command_of
from lenet.version import __version__

FRAMINGS = {
    "mass": "scaled into 20 of 28 parts of the image and centred by its centre of mass, as in MNIST",
    "box": "scaled to the whole image and centred by its bounding box, as in Fashion-MNIST",
}
FITS = {
    "pad": "with its proportions kept and the rest padded",
    "crop": "with its proportions kept and what overlaps cropped",
    "stretch": "stretched",
}
MAX_NAMED = 30  # classes that are listed in a sentence


def what_it_is(about: About, measured: Measured) -> str:
    """Return the introduction: what the network does, and how it is used."""
    network = measured.network
    names = ", ".join(plain(name) for name in network.classes[:MAX_NAMED])
    names += f" and {len(network.classes) - MAX_NAMED} more" if len(network.classes) > MAX_NAMED else ""
    sentence = (
        f"A small convolutional network, {model_title(network)}, that tells {len(network.classes)} classes of "
        f"{plain(data_title(measured))} apart: {names}. It has {network.architecture.num_parameters:,} parameters and takes "
        f"{sum(network.architecture.multiply_adds):,} multiply-adds for an image, on any CPU."
    )
    usage = [
        "pip install " + ('"lenet[hub]"' if about.repository else "lenet"),
        f"lenet predict {about.address} photo.jpg --show",
    ]
    python = f'import lenet\n\nprint(lenet.predict("{about.address}", "photo.jpg"))'
    return "\n".join([sentence, "", "```sh", *usage, "```", "", "```python", python, "```", ""])


def data(measured: Measured) -> str:
    """Return the section on the data."""
    name, run = data_name(measured), measured.run
    entry = CATALOGUE.get(name)
    lines = []
    if entry:
        lines += [f"{plain(entry.title[:1].upper() + entry.title[1:])}: {plain(entry.description)}", ""]
    else:
        lines += [f"Images of the author's own, {plain(name)}.", ""]
    rows: list[list[str]] = []
    if entry:
        rows += [["licence", plain(entry.licence)], ["described at", entry.homepage]]
    if run:
        resolved = run.resolved
        counts = [f"{resolved.num_train:,} for training", f"{resolved.num_test:,} for the test"]
        if resolved.num_validation:
            counts.insert(1, f"{resolved.num_validation:,} for validation")
        rows.append(["images", ", ".join(counts)])
        rows.append(["fingerprint (SHA-256 of images and labels)", code(run.environment.data_fingerprint)])
    if not run or (measured.fingerprint and measured.fingerprint != run.environment.data_fingerprint):
        tested = measured.evaluation
        rows.append(["measured on", f"{tested.num_images:,} {tested.split} images of {plain(tested.data)}"])
        if measured.fingerprint:
            rows.append(["fingerprint of those data", code(measured.fingerprint)])
    return "\n".join([*lines, table(["", ""], rows)])


def training(measured: Measured) -> str:
    """Return the section on the network's layers and its training."""
    network, run = measured.network, measured.run
    layers = [
        [row.name, "×".join(map(str, row.output_shape)), f"{row.num_parameters:,}", f"{row.multiply_adds:,}"]
        for row in summary_rows(network.architecture)
    ]
    lines = [table(["layer", "output", "parameters", "multiply-adds"], layers)]
    if run is None:
        return "\n".join([*lines, "How it was trained is not recorded in the weights file.\n"])
    lines += ["The command that made it:\n", block(as_line(command_of(run)))]
    config = run.config
    schedule = f"{config.schedule}, learning rate {config.learning_rate:g}"
    words = [
        f"{run.summary.epochs if run.is_finished else len(run.epochs)} epochs of {config.batch_size} images a step",
        f"{config.optimizer} ({schedule}, weight decay {config.weight_decay:g})",
    ]
    lines.append(f"That is {', '.join(words)}, seed {config.seed}.")
    if run.is_finished:
        lines.append(f"It took {run.summary.seconds:.1f} seconds on {plain(run.environment.processor or 'a CPU')}.")
    if (teacher := run.resolved.teacher) is not None:
        lines.append(f"It learned from the logits of a teacher too, {plain(teacher.model or 'given with the data')}.")
    if not run.is_finished:
        lines.append("**The training has not finished**; this is its newest checkpoint.")
    return "\n".join([*lines, ""])


def preprocessing(measured: Measured, reading: Reading | None, image: str | None) -> str:
    """Return the section on what happens to an image before the network sees it.

    Args:
        measured: what was measured.
        reading: of the example.
        image: the file that shows it, if there is one.
    """
    values = measured.network.preprocessing
    steps = ["The file is decoded, its size checked first, and turned upright as its EXIF data say."]
    if values.framing == WHOLE or values.ground == "mixed":
        how = FITS[values.fit] if values.framing == WHOLE else "with its proportions kept"
        steps.append(f"The whole image is brought to {values.kind}, {how}; nothing is looked for in it.")
    else:
        steps += [
            f"An image of {values.kind} that is framed like the training images stays as it is.",
            "In any other the object is found: what stands out from its ground. The ground is subtracted.",
            f"The object is {FRAMINGS[values.framing]}; its contrast is stretched, on a {values.ground} ground.",
        ]
    steps.append(f"The network's input is (pixel / 255 - {values.mean:.6g}) / {values.std:.6g}.")
    lines = [*(f"{number}. {step}" for number, step in enumerate(steps, start=1)), ""]
    if reading is not None and image is not None:
        lines += [
            "An example, a test image made into a photo, from the image to the answer:",
            "",
            f"![steps of the preprocessing, and the answer {plain(reading)}]({image})",
            "",
        ]
    return "\n".join(lines)


def limits(measured: Measured) -> str:
    """Return the section on what the network is not for."""
    evaluation, values = measured.evaluation, measured.network.preprocessing
    weakest = int(min(range(len(evaluation.classes)), key=lambda label: (evaluation.recall[label], label)))
    worst = min(measured.changed.items(), key=lambda item: item[1])
    lines = [
        f"It knows {len(evaluation.classes)} classes, and only as {plain(data_title(measured))} shows them.",
        f"The class that is found least often is {plain(evaluation.classes[weakest])}: {evaluation.recall[weakest]:.1%}.",
        f"Of the changes above, it loses most on images {worst[0]}: {worst[1]:.1%} are classified correctly."
        if worst[0] != "as they are"
        else "None of the changes above lowers its accuracy.",
    ]
    if values.framing != WHOLE and values.ground != "mixed":
        lines.append("It takes one object in an image; several are read one by one with `lenet predict --split`.")
    if evaluation.num_images < 1000:
        lines.append(
            f"The test set has {evaluation.num_images:,} images: differences of less than "
            f"{100 / math.sqrt(evaluation.num_images):.0f} points mean little."
        )
    lines.append(
        "The test images come from the same source as the training images. On images of another camera, hand or shop, "
        "measure first: `lenet evaluate RUN --data FOLDER`."
    )
    lines.append("It must not decide anything about people or safety.")
    return "\n".join(f"- {line}" for line in lines) + "\n"


def reproduce(about: About, measured: Measured) -> str:
    """Return the section on how to make network and card again."""
    run = measured.run
    options = {"--title": about.title, "--license": about.licence, "--data": None if run else measured.evaluation.data}
    words = ["lenet", "card", *["RUN"] * len(measured.accuracies)]
    words += [word for option, value in options.items() if value for word in (option, value)]
    rows = []
    if run is not None:
        there = run.environment
        versions = {
            "lenet": " ".join(filter(None, [there.lenet, f"({there.commit[:12]})" if there.commit else None])),
            "kernels": there.kernels,
            "threads": str(there.threads),
            "python": there.python,
            "numpy": there.numpy,
            "platform": there.platform,
        }
        rows = [[name, code(value)] for name, value in versions.items() if value]
    if measured.network.path.is_file() and run is not None and run.is_finished and run.summary.weights_sha256:
        rows.append(["SHA-256 of model.safetensors", code(run.summary.weights_sha256)])
    lines = []
    if run is not None:
        lines += [
            "The command under Training gives the same weights, bit for bit, with the same version of lenet on a "
            "processor of the same kernel variant; elsewhere the last bits differ. It was trained with:",
            "",
            table(["", ""], rows),
        ]
    lines.append(f"This card was measured and written by lenet {__version__}: {code(as_line(words))}.")
    return "\n".join([*lines, ""])
