"""The table of docs/data.md about ten million images."""

from collections.abc import Iterator

from recording import record
from row import judged

KINDS = {"training_fast": "training, recipe `fast`", "training_small": "training, recipe `small`"}
KINDS |= {"evaluation": "evaluation of all", "check": "`lenet data check`"}


def big_data() -> Iterator[str]:
    """What ten million images take: time to pack, memory beside that of Fashion-MNIST, and steps beside those in memory."""
    found = record("big_data")
    yield f"| {found['images']:,} images of 28×28 | measured | wanted |"
    yield "| --- | --- | --- |"
    met = judged("200,000 images/s", found["packing"] >= 200_000)
    yield f"| packed from IDX | {found['packing']:,.0f} images/s, {found['packing_mb']:.0f} MB of memory | {met} |"
    for key, name in KINDS.items():
        big, more = found[key]["big"], found[key]["more_mb"]
        met = judged("+150 MB, +50 hoped for", more <= 150) if key.startswith("training") else ""
        own, mapped = f"{big['RssAnon']:.0f} MB of memory", f"{big['RssFile'] / 1000:.1f} GB of mapped pages"
        yield f"| {name} | {own}, {more:+.0f} MB beside the same on Fashion-MNIST; {mapped} | {met} |"
    check = found["check"]["big"]
    whole = check["images"] / (check["measuring"] + check["comparing"] + check["findings"])
    yield f"| `lenet data check`, speed | {whole:,.0f} images/s | |"
    ratio = found["ratio"]
    met = judged("0.8 ×, 0.95 hoped for", ratio["median"] >= 0.8)
    speed = f"{ratio['median']:.3f} × ({ratio['min']:.3f} to {ratio['max']:.3f})"
    yield f"| speed of training steps, beside the same in memory | {speed} | {met} |"
