"""The card of a ready-made network as Markdown: what it is, how it was made, how good it is, and its limits."""

import lenet
from lenet.data.catalogue import CATALOGUE


def card(name: str, run: lenet.Run) -> str:
    """The card of the network in a run directory; its data set must be on this machine."""
    entry, config, resolved = CATALOGUE[run.resolved.data], run.config, run.resolved
    result = lenet.evaluate(run)
    held_out = f"{config.validation:,} of its training images were held out"
    lines = [
        f"# {name}: a trained network that comes with lenet",
        "",
        f"    lenet predict {name} photo.jpg",
        "",
        f"It names the classes of {entry.title}: {', '.join(resolved.classes)}.",
        "",
        "| | |",
        "| --- | --- |",
        f"| network | `{resolved.model.name}`, {resolved.model.parameters:,} parameters, float32 |",
        f"| input | {resolved.preprocessing.kind}, made from any photo as docs/own-images.md explains |",
        f"| trained on | {entry.title}, {resolved.num_train:,} images; {held_out} |",
        f"| data | {entry.licence}, {entry.homepage} |",
        f"| fingerprint of the data | {run.environment.data_fingerprint} |",
        f"| recipe | `{config.recipe}`, seed {config.seed}, {config.epochs} epochs |",
        f"| calibrated on | {calibrated(run)} |",
        f"| made by | `make networks`, with the kernels for {(run.environment.kernels or '').partition(' ')[0]} |",
        f"| SHA-256 of model.safetensors | {run.summary.weights_sha256} |",
        f"| licence | that of lenet, MIT; of the data, {entry.licence.split(',')[0]} |",
        "",
        f"## On the {result.num_images:,} test images",
        "",
        f"Accuracy {result.accuracy:.2%}, cross-entropy {result.loss:.4f}.",
        "",
        "| class | precision | recall | images |",
        "| --- | ---: | ---: | ---: |",
        *(
            f"| {each} | {precision:.1%} | {recall:.1%} | {support:,} |"
            for each, precision, recall, support in zip(
                result.classes, result.precision, result.recall, result.support, strict=True
            )
        ),
        "",
        "## Limits",
        "",
        f"It was trained on {entry.title} alone. Images of anything else get one of its classes, or the answer `unknown`,",
        "which recognises most of them, not all (docs/unknown.md). docs/ready-made.md has the numbers for photographs and",
        "drawings. Do not let it decide what matters without measuring it on images of your own: `lenet evaluate "
        f"{name}\n--data FOLDER`.",
        "",
    ]
    return "\n".join(lines)


def calibrated(run: lenet.Run) -> str:
    """On how many images a network was calibrated, and what that gave."""
    calibration = run.network.calibration
    if calibration is None:
        return "nothing"
    known, temperature = f"{calibration.coverage:.0%}", f"{calibration.temperature:.2f}"
    return f"{calibration.num_held_out:,} held-out images: temperature {temperature}; {known} of them are known"
