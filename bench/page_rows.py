"""The published measurements of the explorer's page."""

from collections.abc import Iterator

from recording import record
from row import Row, is_recorded, judged


def page_rows() -> Iterator[Row]:
    """Those that are recorded."""
    if is_recorded("page_training"):
        found = record("page_training")
        best, times = found["best"], found["times"]
        others = [name for name in found if name in ("convnetjs", "tfjs cpu", "tfjs wasm")]
        yield Row(
            "page training",
            "training a LeNet in the explorer's page, SGD, batch 64, headless Chromium, one thread",
            f"{found['lenet']['median']:,.0f} images/s",
            "page_training",
            peer="; ".join(f"{times_of(found, name)} × {name} ({found[name]['median']:,.0f})" for name in others),
            target=judged(f"3 × the best, {best}; 10 × hoped for", times >= 3),
        )
    if is_recorded("page_logits"):
        found = record("page_logits")
        equal, images = found["equal"], found["images"]
        yield Row(
            "page logits",
            "test images with the same logits, bit for bit: the page's JavaScript, its WebAssembly, native `sse4`",
            f"{equal:,} of {images:,}",
            "page_logits",
            target=judged("all of 10,000", equal == images >= 10_000),
        )


def times_of(found: dict[str, dict[str, float]], name: str) -> str:
    """How many times as fast lenet is as another program."""
    return f"{found['lenet']['median'] / found[name]['median']:.0f}"
