"""The commands about networks: `lenet show`, `lenet networks` and `lenet import-weights`."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from lenet.cli.options import DataDir, Json, model_options
from lenet.cli.output import note, print_table, say
from lenet.config import checked
from lenet.errors import quoted
from lenet.registry import MODELS

CHOICES = f"One of {', '.join(MODELS)}."


@model_options
def show(
    model: Annotated[str, typer.Argument(metavar="MODEL", help=CHOICES)],
    input_: Annotated[
        str, typer.Option("--input", metavar="CxHxW", help="Channels, height and width of an image.")
    ] = "1x28x28",
    classes: Annotated[int, typer.Option(metavar="N", help="Number of classes.", min=1)] = 10,
    **settings: Any,
) -> None:
    """Print the layers of a network.

    Prints output shape, parameters, multiply-adds and memory for one image. Nothing is allocated.

    Example: lenet show mlp --input 3x1000x1000 --hidden 256
    """
    model, given = checked("model", model), _checked(settings)

    from lenet.networks import build, summary
    from lenet.networks.sizes import in_bytes, parse_input

    channels, *size = parse_input(input_)
    layers = summary.rows(build(model, in_channels=channels, input_size=size, num_classes=classes, **given))
    rows = [
        [
            layer.name,
            str((1, *layer.output_shape)),
            f"{layer.num_parameters:,}",
            f"{layer.multiply_adds:,}",
            in_bytes(layer.parameter_bytes),
            in_bytes(layer.output_bytes),
        ]
        for layer in layers
    ]
    total = summary.total(layers)
    rows.append(
        [
            "total",
            "",
            f"{total.num_parameters:,}",
            f"{total.multiply_adds:,}",
            in_bytes(total.parameter_bytes),
            in_bytes(sum(layer.output_bytes for layer in layers)),
        ]
    )
    titles = ["layer", "output shape", "parameters", "multiply-adds", "fp32 parameters", "fp32 output"]
    print_table(titles, rows, has_total=True)


def networks(json_: Json = False) -> None:
    """List the ready-made networks, which come with lenet.

    Their names stand for runs in every command: lenet predict mnist photo.jpg. A run directory of the same name is taken
    before them.

    Example: lenet networks
    """
    from lenet import ready
    from lenet.runs.run import Run

    runs = {name: Run.load(ready.path(name)) for name in ready.NAMES}
    if json_:
        say(json.dumps([run.summary.to_dict() | {"name": name, "run": str(run.path)} for name, run in runs.items()]))
        return
    rows = [
        [
            name,
            run.config.recipe,
            run.resolved.model.name,
            f"{run.resolved.model.parameters:,}",
            f"{run.test_accuracy:.4f}",
            ", ".join(run.classes),
        ]
        for name, run in runs.items()
    ]
    print_table(["name", "recipe", "model", "parameters", "test acc", "classes"], rows)
    note(f"they are in {ready.FOLDER}")


@model_options
def import_weights(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that PyTorch saved: .pt, .pth or .safetensors.")],
    model: Annotated[str, typer.Option(metavar="NAME", help=f"Network. {CHOICES}")],
    data: Annotated[str, typer.Option(metavar="NAME", help="The data set it was trained on, which gives the classes.")],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The file to write; by default beside the old one.")
    ] = None,
    normalize: Annotated[
        bool,
        typer.Option(
            "--normalize",
            help="It was trained on normalised pixels: measure their mean and std.",
        ),
    ] = False,
    mean: Annotated[float | None, typer.Option(metavar="X", help="The mean given to Normalize in training.")] = None,
    std: Annotated[float | None, typer.Option(metavar="X", help="The std given to Normalize in training.")] = None,
    data_dir: DataDir = None,
    **settings: Any,
) -> None:
    """Import weights that PyTorch saved.

    Reads a state dict without running any code in it, and writes a weights file for evaluate and predict. Tensors are
    matched by name, else by shape. The weights do not tell activation and pooling: give those of the training.

    Example: lenet import-weights net.pt --model lenet-avg --data fashion-mnist --out net.safetensors
    """
    model, given = checked("model", model), _checked(settings)

    from lenet.files import untrusted
    from lenet.files.safetensors_header import format_shape
    from lenet.networks import importing

    imported = importing.import_weights(
        file,
        model=model,
        data=data,
        out=out,
        normalize=normalize,
        mean=mean,
        std=std,
        data_dir=data_dir,
        **given,
    )
    network = imported.network
    shapes = network.architecture.tensor_shapes
    print_table(
        ["in the file", "in the network", "shape"],
        [[untrusted.printable(theirs), ours, format_shape(shapes[ours])] for theirs, ours in imported.names.items()],
    )
    for remark in imported.notes:
        say(f"- {remark}")
    note(f"wrote {network.path}")
    note(f"next: lenet evaluate {quoted(network.path)} --data {data}")


def _checked(settings: dict[str, Any]) -> dict[str, Any]:
    return {name: checked(name, value) for name, value in settings.items()}
