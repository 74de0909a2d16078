"""The tables and rows of exported networks, made from bench/records/exports.log."""

from collections.abc import Iterator
from typing import Any

from recording import record
from row import Row, judged

LIMIT, HOPE = 1e-4, 1e-5  # of the largest difference of logits
OURS = ("onnxruntime", "OpenCV")  # what `lenet export --check` compares


def onnx() -> Iterator[str]:
    """For each program and data set, how many answers are lenet's, and the largest difference of logits."""
    found = record("exports")["onnx"]
    yield f"| program | {' | '.join(found)} |"
    yield f"| --- |{' --- |' * len(found)}"
    for rows in zip(*(each["programs"] for each in found.values()), strict=True):
        cells = " | ".join(f"{row['same']:,} of {row['of']:,}, {row['difference']:.1e}" for row in rows)
        name, *more = rows[0]["name"].split(", ")
        yield f"| {', '.join([name + ' ' + rows[0]['version'], *more])} | {cells} |"


def export_rows() -> Iterator[Row]:
    """The rows of docs/benchmarks.md."""
    programs: list[dict[str, Any]] = [row for each in record("exports")["onnx"].values() for row in each["programs"]]
    checked = [row for row in programs if row["name"] in OURS]
    newest = {name: [row for row in checked if row["name"] == name] for name in OURS}
    same, images = sum(row["same"] for row in checked), sum(row["of"] for row in checked)
    difference = max(row["difference"] for row in checked)
    versions = ", ".join(
        f"{name} {' and '.join(dict.fromkeys(r['version'] for r in rows))}" for name, rows in newest.items()
    )
    yield Row(
        "onnx",
        f"ONNX files of the three ready-made networks in {versions}: answers that are lenet's; largest difference of logits",
        f"{same:,} of {images:,}; {difference:.1e}",
        "exports",
        target=judged("all; 1e-4 or less, 1e-5 hoped for", same == images and difference <= LIMIT),
    )
