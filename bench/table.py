"""The tables of numbers in the documents, from the records; `make docs` puts them there, and a test compares.

python bench/table.py                 (prints README.md with the table of today's records)
python bench/table.py examples        (the same for examples/README.md)
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
BEGIN, END = "<!-- numbers: bench/table.py -->\n", "<!-- /numbers -->"


def record(name: str) -> dict[str, Any]:
    """The last line of bench/records/NAME.log."""
    lines = (ROOT / "bench" / "records" / f"{name}.log").read_text(encoding="utf-8").splitlines()
    result: dict[str, Any] = json.loads(lines[-1])
    return result


def rows() -> Iterator[tuple[str, str, str, str]]:
    """What was measured, the figure, what was wanted and whether it is met, and the record."""
    accuracy, whole, speed, sprint, memory, startup = (
        record(name) for name in ("accuracy", "end_to_end", "throughput", "time_to_accuracy", "memory", "startup")
    )
    seconds = sprint["seconds"]
    yield (
        f"`sprint`: 90 % on Fashion-MNIST, process start to finish, {sprint['threads']} CPU threads",
        f"{seconds['mean']:.1f} ± {seconds['deviation']:.1f} s with {sprint['test_accuracy']['mean']:.2%} ± "
        f"{100 * sprint['test_accuracy']['deviation']:.2f} ({sprint['seeds']} seeds)",
        at_most(seconds["mean"], 12, 6, "s") if sprint["met"] else "90 %: **not met**",
        "time_to_accuracy",
    )
    for recipe, low, high in (("fast", 0.91, 1.0), ("book-sgd", 0.78, 0.84)):
        found = accuracy[recipe]["cpu"]
        wanted = f"{low:.0%} or more" if high == 1 else f"{low:.0%} to {high:.0%}"
        yield (
            f"test accuracy on Fashion-MNIST, `{recipe}`, {found['epochs']} epochs",
            f"{found['mean']:.2%} ± {100 * found['deviation']:.2f} (mean and deviation, {found['seeds']} seeds)",
            judged(wanted, low <= found["mean"] <= high),
            "accuracy",
        )
    book, fast, wide = (speed["training"][name] for name in ("book-sgd", "fast", "kernel-7"))
    yield (
        f"`book-sgd` (LeNetAvg, sigmoid, batch 256), training steps, {speed['threads']} CPU threads",
        f"{book['images_per_second']['lenet cpu']['median']:,.0f} images/s",
        "",
        "throughput",
    )
    yield (
        "… share of what the multiply-add units can do",
        f"{book['share_of_ceiling']:.0%}",
        judged("50 % or more, 70 % hoped for", book["share_of_ceiling"] >= 0.5),
        "throughput",
    )
    for found, peer, what, least, hoped in (
        (book, "PyTorch eager", "… against PyTorch eager, data in memory", 6, 8),
        (book, "PyTorch channels_last", "… against PyTorch channels_last", 4, 5.5),
        (book, "torch.compile channels_last", "… against torch.compile, channels_last", None, None),
        (fast, "PyTorch channels_last", "`fast` against PyTorch channels_last with fused AdamW", 4, 5.5),
        (wide, "PyTorch channels_last", "kernels of 7, channels 12 and 32, against PyTorch channels_last", 2.5, 4),
        (
            speed["evaluation"],
            "PyTorch channels_last",
            "evaluation against PyTorch channels_last, inference_mode",
            3,
            6,
        ),
    ):
        yield what, f"{found['ratio'][peer]:.1f} ×", at_least(found["ratio"][peer], least, hoped), "throughput"
    narrow = record("throughput_avx2")
    book, fast, wide = (narrow["training"][name] for name in ("book-sgd", "fast", "kernel-7"))
    last = "PyTorch channels_last"
    ratios = [
        (book["ratio"]["PyTorch eager"], 6),
        *(
            (found["ratio"][last], least)
            for found, least in ((book, 4), (fast, 4), (wide, 2.5), (narrow["evaluation"], 3))
        ),
    ]
    yield (
        "the same five with nothing but AVX2 on both sides",
        ", ".join(f"{ratio:.1f} ×" for ratio, _ in ratios),
        "; ".join(judged(f"{least:g} ×", ratio >= least) for ratio, least in ratios),
        "throughput_avx2",
    )
    ratio = speed["many"]["ratio"]
    yield (
        "many models at once, a thread each, against one after the other",
        f"{ratio:.2f} ×",
        at_least(ratio, 1, 1.2),
        "throughput",
    )
    rate, ratios = whole["images_per_second"], whole["ratio"]
    what = f"`book-sgd`, load to save, {whole['epochs']} epochs and evaluations, {whole['threads']} CPU threads"
    yield what, f"{rate['lenet_cpu']['median']:,.0f} images/s", "", "end_to_end"
    for name, comment, least, hoped in (
        ("tutorial_4_workers", "a tutorial's DataLoader, 4 workers, as the books have it", 14, 20),
        ("tutorial_0_workers", "a tutorial's DataLoader, no workers, its fastest here", 14, 20),
        ("lenet_reference", "lenet's reference engine, plain PyTorch", None, None),
    ):
        yield (
            f"… against {comment}",
            f"{ratios[name]:.1f} × (it makes {rate[name]['median']:,.0f} images/s)",
            at_least(ratios[name], least, hoped),
            "end_to_end",
        )
    process = whole["process_seconds"]["median"]
    yield (
        "… from starting the process to the saved run",
        f"{process:.1f} s",
        at_most(process, 25, 15, "s"),
        "end_to_end",
    )
    peak = max(values["max"] for values in memory["peak_megabytes"].values())
    yield "peak memory of a training on Fashion-MNIST", f"{peak:,.0f} MB", at_most(peak, 350, 280, "MB"), "memory"
    for name, what, limit in (("lenet_help", "`lenet --help`", 300), ("import_lenet", "`import lenet`", 50)):
        milliseconds = 1000 * startup[name]["median"]
        yield what, f"{milliseconds:.0f} ms", judged(f"under {limit} ms", milliseconds < limit), "startup"


def at_least(ratio: float, least: float | None, hoped: float | None) -> str:
    """The judgement of how many times as fast something is."""
    return judged(f"{least:g} × or more, {hoped:g} hoped for", ratio >= least) if least is not None else ""


def at_most(figure: float, most: float, hoped: float, unit: str) -> str:
    """The judgement of a figure that is to be small."""
    return judged(f"{most:g} {unit} or less, {hoped:g} hoped for", figure <= most)


def judged(wanted: str, is_met: bool) -> str:
    """What was wanted, and whether it is met."""
    return f"{wanted}: {'met' if is_met else '**not met**'}"


def table() -> str:
    """The lines of the table."""
    lines = ["| what | figure | wanted | record |", "| --- | --- | --- | --- |"]
    lines += [
        f"| {what} | {figure} | {wanted} | [{name}](bench/records/{name}.log) |"
        for what, figure, wanted, name in rows()
    ]
    return "\n".join(lines) + "\n"


def examples_table() -> str:
    """The lines of the table in examples/README.md, and of what stands below it."""
    found = record("examples")
    lines = [
        "| program · 程序 | the line that changed · 改动的一行 | files · 文件 | seconds · 秒 | "
        "printed at the end · 最后的输出 |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, program in found["programs"].items():
        script = (ROOT / "examples" / f"{name}.py").read_text(encoding="utf-8")
        title, imported = re.findall(r"^# # (.*)$|^((?:from|import) lenet.*)$", script, flags=re.M)
        lines.append(
            f"| {title[0]} | `{program['published']}` → `{imported[1]}` | [script]({name}.py) · [notebook]({name}.ipynb) | "
            f"{program['seconds']:.0f} | `{program['printed']}` |"
        )
    batches = found["every_batch"]
    count, seconds = batches["num_batches"], batches["seconds"]
    lines += [
        "",
        f"The first epoch of program 1 in its author's way, all 10,000 test pictures after each of {count} batches, takes "
        f"{seconds:.0f} seconds here; the test accuracy is above 0.2 after batch {batches['above_0.2_after']}, and "
        f"{batches['accuracy']:.3f} at the end.",
        "",
        f"按程序 1 作者当时的做法，第一个周期的 {count} 个小批量每个之后都评估全部 1 万张测试图，"
        f"在这里需要 {seconds:.0f} 秒；"
        f"第 {batches['above_0.2_after']} 个小批量之后测试准确率超过 0.2，周期结束时为 {batches['accuracy']:.3f}。",
    ]
    return "\n".join(lines) + "\n"


def filled(document: str, lines: str) -> str:
    """The document with these lines between its marks."""
    return between((ROOT / document).read_text(encoding="utf-8"), BEGIN, lines)


def between(text: str, begin: str, lines: str) -> str:
    """The text with these lines between the mark `begin` and the next END."""
    head, _, rest = text.partition(begin)
    return head + begin + lines + END + rest.partition(END)[2]


def readme() -> str:
    """README.md with its table."""
    return filled("README.md", table())


def examples_readme() -> str:
    """examples/README.md with its table."""
    return filled("examples/README.md", examples_table())


if __name__ == "__main__":
    sys.stdout.write(examples_readme() if sys.argv[1:] == ["examples"] else readme())
