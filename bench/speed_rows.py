"""The published measurements of training steps and evaluations, from the records that have them."""

from collections.abc import Iterator

from recording import record
from row import Row, is_recorded, judged

# Of each comparison: key, part of the record, peer, least ratio, ratio hoped for.
RATIOS: list[tuple[str, str, str, float | None, float | None]] = [
    ("steps", "book-sgd", "PyTorch eager", 6, 8),
    ("channels last", "book-sgd", "PyTorch channels_last", 4, 5.5),
    ("compile", "book-sgd", "torch.compile channels_last", None, None),
    ("fast", "fast", "PyTorch channels_last", 4, 5.5),
    ("kernel 7", "kernel-7", "PyTorch channels_last", 2.5, 4),
    ("evaluation", "evaluation", "PyTorch channels_last", 3, 6),
]
AVX2: dict[str, tuple[float, float | None]] = {"steps": (4, None)}  # the same where the kernels for AVX2 have their own
WORK = {
    "book-sgd": "training steps, LeNetAvg with sigmoid, SGD, batch 256",
    "fast": "training steps, LeNet with ReLU, fused AdamW, batch 64",
    "kernel-7": "training steps, kernels of 7, channels 12 and 32, batch 256",
    "evaluation": "evaluation of 10,000 images, LeNetAvg",
}


def speed_rows() -> Iterator[Row]:
    """Every published measurement of training steps and evaluations."""
    yield from throughput("throughput")
    yield from throughput("throughput_avx2")
    found = record("throughput")
    share, ratio = found["training"]["book-sgd"]["share_of_ceiling"], found["many"]["ratio"]
    target = judged("50 % or more, 70 % hoped for", share >= 0.5)
    yield Row("ceiling", "share of the multiply-add units' peak, LeNetAvg", f"{share:.0%}", "throughput", target=target)
    target = judged("1 × or more, 1.2 hoped for", ratio >= 1)
    what = "eight trainings at once with a thread each"
    yield Row("many", what, f"{ratio:.2f} ×", "throughput", "one after the other", target)
    for name, rows in (
        ("networks", networks),
        ("threads", threads),
        ("augmentation", augmentation),
        ("against", against),
    ):
        if is_recorded(name):
            yield from rows()


def throughput(name: str) -> Iterator[Row]:
    found = record(name)
    parts = found["training"] | {"evaluation": found["evaluation"]}
    where = f"{found['threads']} CPU threads, {found['variant']}"
    for key, part, peer, least, hoped in RATIOS:
        if peer not in parts[part]["ratio"]:
            continue
        if found["variant"] == "avx2":
            least, hoped = AVX2.get(key, (least, hoped))
        rates, ratio = parts[part]["images_per_second"], parts[part]["ratio"][peer]
        yield Row(
            key if name == "throughput" else f"{key}, avx2",
            f"{WORK[part]}, {where}",
            f"{rates['lenet cpu']['median']:,.0f} images/s",
            name,
            f"{ratio:.1f} × {peer} ({rates[peer]['median']:,.0f})",
            judged(f"{least:g} × or more{f', {hoped:g} hoped for' if hoped else ''}", ratio >= least) if least else "",
        )


def networks() -> Iterator[Row]:
    found = record("networks")
    where = f"{found['threads']} CPU threads, {found['variant']}"
    for key, what, least in (
        ("small", "training steps, `small`, fused AdamW, batch 128", 2.5),
        ("evaluation", "evaluation of 10,000 images, `small` with batch normalization folded", 2),
        ("colours", "training steps, four convolutions on 3×64×64 images, fused AdamW, batch 64", 2),
    ):
        entry = found[key]
        peer = entry.get("peer", "PyTorch channels_last")
        rates, ratio = entry["images_per_second"], entry["ratio"][peer]
        name = peer.replace("channels_last, ", "channels_last in batches of ")
        yield Row(
            f"networks, {key}",
            f"{what}, {where}",
            f"{rates['lenet cpu']['median']:,.0f} images/s",
            "networks",
            f"{ratio:.1f} × {name} ({rates[peer]['median']:,.0f})",
            judged(f"{least:g} × or more, 4 hoped for", ratio >= least),
        )
    share, without = found["small"]["share_of_ceiling"], found["small"]["share_without_padding"]
    yield Row(
        "networks, ceiling",
        "share of the multiply-add units' peak, training `small`, in operations of the direct sums",
        f"{share:.0%}; {without:.0%} without those on padding",
        "networks",
        target=judged("80 % or more, 130 % hoped for", share >= 0.8),
    )


def threads() -> Iterator[Row]:
    targets = {"sprint, batch 32": (1.7, 1.9), "sprint, batch 64": (1.85, 1.95)}
    for name, entry in record("threads")["trainings"].items():
        rates, ratio = entry["images_per_second"], entry["ratio"]["median"]
        least, hoped = targets[name]
        yield Row(
            f"threads, {name}",
            f"training steps, {name}, two threads",
            f"{rates['2']['median']:,.0f} images/s",
            "threads",
            f"{ratio:.2f} × one thread ({rates['1']['median']:,.0f})",
            judged(f"{least:g} × or more, {hoped:g} hoped for", ratio >= least),
        )


def augmentation() -> Iterator[Row]:
    found = record("augmentation")["augment"]
    plain = found["none"]["images_per_second"]["median"]
    for name in ("light", "strong"):
        step, epoch = found[name]["step_cost"]["median"], found[name]["epoch_cost"]["median"]
        yield Row(
            f"augment {name}",
            f"what `--augment {name}` adds to the time of a step of `fast`",
            f"{step:.0%}; {epoch:.0%} with drawing the epoch's random numbers",
            "augmentation",
            f"no augmentation ({plain:,.0f} images/s)",
            judged("25 % or less, 10 hoped for", step <= 0.25),
        )


def against() -> Iterator[Row]:
    found = record("against")
    for name, entry in found["trainings"].items():
        rates, ratio = entry["images_per_second"], entry["ratio"]["median"]
        yield Row(
            f"against, {name}",
            f"training steps, {name}, in fresh processes",
            f"{rates['new']['median']:,.0f} images/s",
            "against",
            f"{ratio:.2f} × commit {found['old']} ({rates['old']['median']:,.0f})",
            judged("0.97 × or more", ratio >= 0.97),
        )
