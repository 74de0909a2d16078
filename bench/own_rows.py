"""The rows of docs/benchmarks.md on people's own images as a data set: packing, and the recipe `own`."""

from collections.abc import Iterator

from recording import record
from row import Row, is_recorded, judged


def own_rows() -> Iterator[Row]:
    """Packing beside a plain loop, the first step of a second training, and each set beside simple classifiers."""
    packed = record("packing")
    ours, plain = packed["packing"]["median"], packed["pillow"]["median"]
    more = packed["first_step"]["median"] - packed["first_step_mnist"]["median"]
    yield Row(
        "packing",
        f"packing {packed['images']:,} small JPEGs, with all checks, 2 cores",
        f"{ours:.2f} s",
        "packing",
        f"{plain / ours:.2f} × a plain loop with Pillow ({plain:.2f} s)",
        judged("1.6 × or more, 1.9 hoped for", plain / ours >= 1.6),
    )
    yield Row(
        "first step",
        "second training on a packed folder, from process start to the first step, beyond that of MNIST",
        f"{more:+.2f} s",
        "packing",
        target=judged("0.1 s or less", more <= 0.1),
    )
    if is_recorded("predict_many"):
        yield predict_row()
    found = record("own_images")
    for name, results in found["sets"].items():
        accuracy, simple = results["accuracy"], results["best_simple"]
        yield Row(
            f"own {name}",
            f"`lenet train --data FOLDER`, {name}, 20 images of each class, mean of {found['repeats']} sets: test accuracy; "
            "whole process",
            f"{accuracy['lenet']:.1%}; {results['seconds']['median']:.1f} s",
            "own_images",
            f"{simple} {accuracy[simple]:.1%}",
            judged(
                "better, by 3 points hoped for; 15 s",
                accuracy["lenet"] > accuracy[simple] and results["seconds"]["median"] <= 15,
            ),
        )


def predict_row() -> Row:
    """`lenet predict --out` beside plain scripts of the same network."""
    found = record("predict_many")
    photographs = found["photographs"]
    ours, ratio = photographs["lenet"]["seconds"]["median"], photographs["ratio"]
    peers = [
        f"{photographs[name]['seconds']['median'] / ours:.2f} × a plain loop with Pillow and {title} "
        f"({photographs[name]['seconds']['median']:.1f} s)"
        for name, title in (("onnxruntime", "onnxruntime"), ("pytorch", "PyTorch"))
    ]
    return Row(
        "predict many",
        f"`lenet predict --out` over {found['images']:,} JPEGs of 160×120 pixels, a network of 28×28, "
        f"{found['cores']} cores, whole process",
        f"{ours:.1f} s, {found['images'] / ours:,.0f} images/s",
        "predict_many",
        ", ".join(peers),
        judged("1.6 × or more, 1.9 hoped for", ratio >= 1.6),
    )
