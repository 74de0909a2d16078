"""The table of docs/explorer.md, from the records explorer, page_training, page_logits, page_parity_* and live."""

from collections.abc import Iterator

from recording import record
from row import is_recorded, judged

MEGABYTE = 1_000_000


def explorer() -> Iterator[str]:
    """How large the page is, how fast, and how much of it agrees with Python to the bit."""
    found = record("explorer")
    yield "| recipe `fast`, 1,000 test images, 10 snapshots | MNIST | Fashion-MNIST | target | record |"
    yield "| --- | --- | --- | --- | --- |"
    sets = [found[name] for name in ("mnist", "fashion-mnist")]
    sizes = [each["bytes"] / MEGABYTE for each in sets]
    size = judged("2.5 MB or less, 1.5 hoped for", max(sizes) <= 2.5)
    yield f"| size of the file | {sizes[0]:.2f} MB | {sizes[1]:.2f} MB | {size} | {_link('explorer')} |"
    for key, what, most, hope in (
        ("first_answer", "from opening the file to the first answer painted", 1000, 400),
        ("stroke", "one point of a stroke, to all maps repainted", 50, 16),
        ("stroke_computing", "… of which computing", None, None),
        ("occlusion", "occlusion map of 784 places, from choosing the image", 200, 40),
    ):
        times = [each[key]["median"] for each in sets]
        target = judged(f"{most} ms or less, {hope} hoped for", max(times) <= most) if most else ""
        yield f"| {what} | {times[0]:.0f} ms | {times[1]:.0f} ms | {target} | {_link('explorer')} |"
    training = record("page_training")
    best = training["best"]
    target = judged("3 × or more, 10 hoped for", training["times"] >= 3)
    name = {"convnetjs": "ConvNetJS"}.get(best, "TensorFlow.js")
    peers = f"{training['times']:.0f} × {name} ({training[best]['median']:,.0f})"
    rate = f"{training['lenet']['median']:,.0f} images/s"
    yield f"| training in the page, one thread | | {rate}: {peers} | {target} | {_link('page_training')} |"
    logits = record("page_logits")
    target = judged("all", logits["equal"] == logits["images"])
    of = f"{logits['equal']:,} of {logits['images']:,}"
    what = "images with the same logits in JavaScript, WebAssembly and SSE4"
    yield f"| {what} | {of}, both sets | | {target} | {_link('page_logits')} |"
    parity = [record(f"page_parity_{name}") for name in ("mnist", "fashion")]
    cells = [f"{each['equal']:,} of {each['images']:,}" for each in parity]
    target = judged("all", all(each["equal"] == each["images"] for each in parity))
    links = ", ".join(_link(f"page_parity_{name}") for name in ("mnist", "fashion"))
    yield f"| images preprocessed as in Python, bit for bit | {cells[0]} | {cells[1]} | {target} | {links} |"
    if is_recorded("live"):
        found = record("live")["slower"]
        slower = found["median"]
        target = judged("2 % or less", slower <= 0.02)
        spread = f"{slower:+.1%} ({found['min']:+.1%} to {found['max']:+.1%} in {record('live')['pairs']} pairs)"
        yield f"| time of a training with `--live`, against one without | | {spread} | {target} | {_link('live')} |"


def _link(name: str) -> str:
    return f"[{name}](../bench/records/{name}.log)"
