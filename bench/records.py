"""Makes the tables of numbers in the documents from bench/records/*.log; `make docs` runs it, and a test compares.

    python bench/records.py

A document has a table where it has the lines `<!-- numbers: NAME -->` and `<!-- /numbers -->`, NAME being a key of TABLES.
"""

import argparse
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import benchmarks, headlines
from big_data_table import big_data
from c_tables import c_peer, c_source
from explorer_tables import explorer
from export_tables import onnx
from photograph_tables import photograph_conditions, photograph_files, photographs
from ready_made_tables import ready_made, ready_made_seconds
from recording import record
from scale_tables import ray_nodes, ray_parts, ray_scale, ray_sweep, spread_cost, spread_from, spread_measured
from server_table import server
from unknown_tables import unknown_confidence, unknown_rejected

ROOT = Path(__file__).parent.parent


def own_images() -> Iterator[str]:
    """The recipe `own` beside the best of scikit-learn's simple classifiers, by set."""
    yield "| 20 images a class | recipe `own` | best simple classifier | difference | from process start to exit |"
    yield "| --- | --- | --- | --- | --- |"
    for name, row in record("own_images")["sets"].items():
        best, accuracy = row["best_simple"], row["accuracy"]
        gain = 100 * (accuracy["lenet"] - accuracy[best])
        yield (
            f"| {name} | {accuracy['lenet']:.1%} | {accuracy[best]:.1%} ({best}) | {gain:+.1f} points | "
            f"{row['seconds']['median']:.1f} s |"
        )


def sklearn_estimator() -> Iterator[str]:
    """The estimator beside scikit-learn's own and a PyTorch loop, by data set."""
    found = record("sklearn_estimator")
    yield "| data | classifier | fit | predict | test accuracy |"
    yield "| --- | --- | --- | --- | --- |"
    for data, part in found["sets"].items():
        for name, row in part["rows"].items():
            yield (
                f"| {data}, {part['train']:,} and {part['test']:,} images | {name} | {row['fit']['median']:.1f} s | "
                f"{row['predict']['median']:.2f} s | {row['accuracy']:.1%} |"
            )


def doctor_chance() -> Iterator[str]:
    """Of the trainings that end at chance level, those that were reported, by configuration."""
    keys = ("at_chance", "named", "others", "others_named", "others_named_later", "not_finite")
    found = record("doctor")["chance"]
    yield "| network | configuration | ended at chance | reported | others | reported | reported later | not finite |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for activation in ("sigmoid", "relu"):
        for name, row in found[activation].items():
            yield f"| {activation} | {name} | {' | '.join(str(row[key]) for key in keys)} |"
    total = found["total"]
    target = f"{'met' if total['met'] else '**not met**'}: 99 % or more, 1 % or less"
    yield f"| all | {target} | {' | '.join(str(total[key]) for key in keys)} |"


def doctor_remedies() -> Iterator[str]:
    """How often one change made a training learn that had ended at chance level."""
    changes = {
        "xavier-uniform": "sigmoid: `--init xavier-uniform`",
        "relu": "sigmoid: `--activation relu`",
        "rate": "ReLU: a tenth of the rate",
    }
    found = record("doctor")
    yield "| what was changed | configuration | learned | of |"
    yield "| --- | --- | --- | --- |"
    for name, what in changes.items():
        for activation in ("sigmoid", "relu"):
            for configuration, row in found["chance"][activation].items():
                if name in row:
                    yield f"| {what} | {configuration} | {row[name][0]} | {row[name][1]} |"
        learned, total = found["cures"][name]
        yield f"| {what} | all | {learned} | {total} |"


def doctor_healthy() -> Iterator[str]:
    """Findings on healthy recipes, and how near these came to the thresholds."""
    yield "| recipe, 10 epochs | trainings | findings | largest gap | largest rise of the loss | dead | saturated |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for recipe, row in record("doctor")["healthy"].items():
        names = ", ".join(f"{count} {name}" for name, count in row["findings"].items()) or "none"
        shares = f"{row['dead']:.0%} | {row['saturated']:.0%}"
        yield f"| `{recipe}` | {row['runs']} | {names} | {row['gap']:.3f} | {row['rise']:.2f} | {shares} |"


def doctor_cost() -> Iterator[str]:
    """The doctor's seconds, and their share of a training."""
    yield "| training | seconds | before the first step | after chunks | after epochs | copies of the state | in all |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for name, row in record("doctor")["cost"].items():
        parts = [row["doctor_seconds"][part] for part in ("before", "after_chunk", "after_epoch", "state_dict")]
        spent = " | ".join(f"{1000 * part:.0f} ms" for part in parts)
        yield f"| {name} | {row['seconds']:.1f} | {spent} | {row['share']:.1%} |"


def faults() -> Iterator[str]:
    """What was done, how often, how often all was as promised, and the evidence."""
    yield "| fault | trials | survived | wanted | evidence |"
    yield "| --- | ---: | ---: | --- | --- |"
    for row in record("faults")["rows"]:
        kept = f"{row['survived']:,}" if row["survived"] == row["trials"] else f"**{row['survived']:,}: not met**"
        yield f"| {row['fault']} | {row['trials']:,} | {kept} | {row['wanted']} | {row['evidence']} |"


def examples() -> Iterator[str]:
    """The published programs and what they printed, in English and Chinese, for examples/README.md."""
    found = record("examples")
    titles = (
        "program · 程序",
        "the line that changed · 改动的一行",
        "files · 文件",
        "seconds · 秒",
        "printed at the end · 最后的输出",
    )
    yield f"| {' | '.join(titles)} |"
    yield "| --- | --- | --- | --- | --- |"
    for name, program in found["programs"].items():
        script = (ROOT / "examples" / f"{name}.py").read_text(encoding="utf-8")
        title, imported = re.findall(r"^# # (.*)$|^((?:from|import) lenet.*)$", script, flags=re.M)
        line, files = f"`{program['published']}` → `{imported[1]}`", f"[script]({name}.py) · [notebook]({name}.ipynb)"
        yield f"| {title[0]} | {line} | {files} | {program['seconds']:.0f} | `{program['printed']}` |"
    batches = found["every_batch"]
    count, seconds, left = batches["num_batches"], batches["seconds"], batches["above_0.2_after"]
    yield (
        f"\nThe first epoch of program 1 as its author ran it, with an evaluation after each of {count} batches, takes "
        f"{seconds:.0f} seconds here; the test accuracy is above 0.2 after batch {left}, and "
        f"{batches['accuracy']:.3f} at the end."
    )
    yield (
        f"\n按程序 1 作者当时的做法，第一个周期的 {count} 个小批量每个之后都评估全部 1 万张测试图，"
        f"在这里需要 {seconds:.0f} 秒；第 {left} 个小批量之后测试准确率超过 0.2，周期结束时为 {batches['accuracy']:.3f}。"
    )


def hub() -> Iterator[str]:
    """Seconds of cards, pushes and opening, each a process."""
    rows = {
        "card": "`lenet card`: README.md and two images",
        "push": "`lenet push` to a server on the same machine, card included",
        "predict": "`lenet predict` with the ready-made network",
        "predict, first time": "the same from the server, nothing in the cache",
        "predict, checked": "from the cache, after a question to the server",
        "predict, commit": "from the cache by its commit, without a question",
        "predict, offline": "from the cache with `HF_HUB_OFFLINE=1`",
    }
    found = record("hub")
    yield "| what, from process start to exit | median | fastest to slowest of 5 |"
    yield "| --- | --- | --- |"
    for name, what in rows.items():
        seconds = found["seconds"][name]
        yield f"| {what} | {seconds['median']:.2f} s | {seconds['min']:.2f} to {seconds['max']:.2f} s |"


TABLES: dict[str, Callable[[], Iterator[str]]] = {
    make.__name__: make
    for make in (
        *(headlines, benchmarks, doctor_chance, doctor_remedies, doctor_healthy, doctor_cost, faults, examples),
        *(photographs, photograph_conditions, photograph_files, own_images, ready_made, ready_made_seconds),
        sklearn_estimator,
        *(onnx, c_source, c_peer),
        server,
        explorer,
        hub,
        *(unknown_confidence, unknown_rejected),
        *(big_data, ray_sweep, ray_parts, ray_nodes, ray_scale, spread_measured, spread_cost, spread_from),
    )
}
DOCUMENTS = [ROOT / "README.md", ROOT / "examples/README.md", *sorted((ROOT / "docs").glob("*.md"))]


def filled(text: str) -> str:
    """The document with its tables made anew."""

    def table(match: re.Match[str]) -> str:
        return match[1] + "\n".join(TABLES[match[2]]()) + "\n" + match[3]

    return re.sub(r"(<!-- numbers: (\w+) -->\n).*?(<!-- /numbers -->)", table, text, flags=re.S)


def main() -> None:
    argparse.ArgumentParser(description="Makes the tables of the documents from bench/records/*.log.").parse_args()
    for document in DOCUMENTS:
        document.write_text(filled(document.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
