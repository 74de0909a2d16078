"""The table of docs/ready-made.md, made from bench/records/ready_made.log."""

from collections.abc import Iterator

from recording import ROOT, record


def size(name: str) -> int:
    """Bytes of a network's weights file as it is now: another calibration changes it, and no accuracy."""
    return (ROOT / "src" / "lenet" / "ready" / name / "model.safetensors").stat().st_size


def ready_made() -> Iterator[str]:
    """Each network: recipe, size, and accuracies, with mean and std of the recipe over seeds."""
    found = record("ready_made")
    yield "| name | recipe | parameters | file | test images | recipe's seeds | drawings | recipe's seeds |"
    yield "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    for name, row in found["networks"].items():
        seeds = [
            f"{row[key]['mean']:.2%} ± {100 * row[key]['deviation']:.2f}" for key in ("test_seeds", "drawings_seeds")
        ]
        yield (
            f"| `{name}` | `{row['recipe']}` | {row['parameters']:,} | {size(name) / 1000:.0f} kB | {row['test']:.2%} | "
            f"{seeds[0]} ({row['seeds']}) | {row['drawings']:.1%} of {row['num_drawings']:,} | {seeds[1]} |"
        )


def ready_made_seconds() -> Iterator[str]:
    """The time of an answer, and the size of all files."""
    found = record("ready_made")
    seconds = found["predict_seconds"]
    total = sum(map(size, found["networks"]))
    yield "| what | measured |"
    yield "| --- | ---: |"
    yield (
        f"| `lenet predict mnist` of a photo of 12 megapixels, whole process | {seconds['median']:.2f} s "
        f"({seconds['min']:.2f} to {seconds['max']:.2f}) |"
    )
    yield f"| weights of all networks | {total / 1000:.0f} kB |"
