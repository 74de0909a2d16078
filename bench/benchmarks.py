"""The published measurements: each with its figure, the peer it was compared with, lenet's own target, and its record.

`bench/records.py` puts all of them into docs/benchmarks.md and those of HEADLINES into README.md.
"""

from collections.abc import Iterator
from typing import Any

from export_tables import export_rows
from own_rows import own_rows
from page_rows import page_rows
from photograph_tables import photograph_rows
from recording import commit_of, record
from row import Row, is_recorded, judged
from speed_rows import speed_rows

# The rows of the README: what a visitor asks first. At most eight.
HEADLINES = ("sprint", "accuracy", "steps", "compile", "end to end", "evaluation", "installed", "predict")


def rows() -> Iterator[Row]:
    """Every published measurement."""
    yield from accuracies()
    yield from speed_rows()
    yield from whole_trainings()
    yield from busy()
    yield from costs()
    if is_recorded("light"):
        yield from installation()
    if is_recorded("photographs"):
        yield from photograph_rows()
    if is_recorded("packing") and is_recorded("own_images"):
        yield from own_rows()
    if is_recorded("exports"):
        yield from export_rows()
    yield from page_rows()


def accuracies() -> Iterator[Row]:
    sprint, accuracy = record("time_to_accuracy"), record("accuracy")
    seconds, reached = sprint["seconds"], sprint["test_accuracy"]
    yield Row(
        "sprint",
        f"90 % on Fashion-MNIST with `--recipe sprint`, process start to exit, {sprint['threads']} CPU threads",
        f"{seconds['mean']:.1f} ± {seconds['deviation']:.1f} s, {reached['mean']:.2%} ± {100 * reached['deviation']:.2f}",
        "time_to_accuracy",
        target=judged("12 s or less, 6 hoped for", sprint["met"] and seconds["mean"] <= 12),
    )
    for key, recipe, low, high in (("accuracy", "fast", 0.91, 1.0), ("book accuracy", "book-sgd", 0.78, 0.84)):
        found = accuracy[recipe]["cpu"]
        target = f"{low:.0%} or more" if high == 1 else f"{low:.0%} to {high:.0%}"
        yield Row(
            key,
            f"test accuracy on Fashion-MNIST, recipe `{recipe}`, {found['epochs']} epochs, {found['seeds']} seeds",
            f"{found['mean']:.2%} ± {100 * found['deviation']:.2f}",
            "accuracy",
            target=judged(target, low <= found["mean"] <= high),
        )
    for recipe, found in record("accuracy_normalized").items():
        if recipe != "bench":
            yield Row(
                f"{recipe} accuracy",
                f"test accuracy on Fashion-MNIST, recipe `{recipe}`, {found['cpu']['epochs']} epochs, "
                f"{found['cpu']['seeds']} seeds",
                f"{found['cpu']['mean']:.2%} ± {100 * found['cpu']['deviation']:.2f}",
                "accuracy_normalized",
            )


def whole_trainings() -> Iterator[Row]:
    whole = record("end_to_end")
    rates, ours = whole["images_per_second"], f"{whole['images_per_second']['lenet_cpu']['median']:,.0f} images/s"
    what = f"recipe `book-sgd`, load to save, {whole['epochs']} epochs and evaluations, {whole['threads']} CPU threads"
    for key, name, peer, least in (
        ("end to end", "tutorial_4_workers", "a tutorial's DataLoader, 4 workers as in the books", 16),
        ("no workers", "tutorial_0_workers", "a tutorial's DataLoader, no workers, its fastest here", 14),
        ("reference", "lenet_reference", "lenet's reference engine, plain PyTorch", None),
    ):
        ratio = whole["ratio"][name]
        compared = f"{ratio:.1f} × {peer} ({rates[name]['median']:,.0f})"
        target = judged(f"{least} × or more, 20 hoped for", ratio >= least) if least else ""
        yield Row(key, what, ours, "end_to_end", compared, target)
    seconds = whole["process_seconds"]["median"]
    target = judged("25 s or less, 15 hoped for", seconds <= 25)
    yield Row(
        "process", "the same from starting the process to its exit", f"{seconds:.1f} s", "end_to_end", target=target
    )


def busy() -> Iterator[Row]:
    found = record("busy")
    for training, engines in found["trainings"].items():
        share, peer = (engines[name]["1"]["of_quiet"]["median"] for name in ("lenet", "PyTorch"))
        yield Row(
            f"busy, {training}",
            f"share of the quiet speed kept beside an endless loop on the same {found['threads']} cores, {training}",
            f"{share:.0%}",
            "busy",
            f"PyTorch: {peer:.0%}",
            judged("55 % or more, 66 hoped for", share >= 0.55),
        )


def costs() -> Iterator[Row]:
    memory, startup = record("memory"), record("startup")
    peak = max(values["max"] for values in memory["peak_megabytes"].values())
    target = judged("350 MB or less, 280 hoped for", peak <= 350)
    yield Row("memory", "peak memory of a training on Fashion-MNIST", f"{peak:,.0f} MB", "memory", target=target)
    for key, name, what, limit in (
        ("help", "lenet_help", "`lenet --help`", 300),
        ("import", "import_lenet", "`import lenet`", 50),
    ):
        milliseconds = 1000 * startup[name]["median"]
        target = judged(f"under {limit} ms", milliseconds < limit)
        yield Row(key, what, f"{milliseconds:.0f} ms", "startup", target=target)


def installation() -> Iterator[Row]:
    light = record("light")
    new, old = light["new"], light.get("old")

    def peer(figure: str) -> str:
        return f"commit {light['old_name']}, which needed PyTorch: {figure}" if old else ""

    what = "installed with all dependencies, without extras"
    target = judged("230 MB or less", new["installed_megabytes"] <= 230)
    # Without a peer: the older version's environment may hold more than its dependencies.
    yield Row("installed", what, f"{new['installed_megabytes']:,.0f} MB", "light", target=target)
    for command, what, most_seconds, most_megabytes in (
        ("predict", "`lenet predict` of a photo, whole process", 0.4, 90),
        ("evaluate", "`lenet evaluate` of a run on digits, whole process", 0.6, None),
        ("mistake", "a mistyped option, whole process", 0.25, None),
        ("sprint", "`lenet train --recipe sprint` on Fashion-MNIST, whole process", None, 170),
    ):
        seconds, memory = new[command]["seconds"]["median"], new[command]["megabytes"]["median"]
        targets = [judged(f"{most_seconds:g} s or less", seconds <= most_seconds)] if most_seconds else []
        targets += [judged(f"{most_megabytes} MB or less", memory <= most_megabytes)] if most_megabytes else []
        if old and command == "sprint":
            targets.append(
                judged("0.65 of the older version's time", seconds <= 0.65 * old[command]["seconds"]["median"])
            )
        compared = peer(took(old[command])) if old else ""
        yield Row(
            f"{command} process" if command == "sprint" else command,
            what,
            took(new[command]),
            "light",
            compared,
            "; ".join(targets),
        )


def took(command: dict[str, Any]) -> str:
    return f"{command['seconds']['median']:.2f} s, {command['megabytes']['median']:,.0f} MB"


def headlines() -> Iterator[str]:
    """The rows of HEADLINES, for the README."""
    by_key = {row.key: row for row in rows()}
    yield "| what | lenet | compared with |"
    yield "| --- | --- | --- |"
    for row in (by_key[key] for key in HEADLINES):
        yield f"| {row.what} | {row.figure} | {row.peer} |"


def benchmarks() -> Iterator[str]:
    """All rows, with targets and records, for docs/benchmarks.md."""
    yield "| what | lenet | compared with | target | record | commit |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for row in rows():
        link = f"[{row.record}](../bench/records/{row.record}.log)"
        yield f"| {row.what} | {row.figure} | {row.peer} | {row.target} | {link} | {commit_of(row.record)} |"
