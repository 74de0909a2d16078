"""The tables and rows of exported networks, made from bench/records/exports.log."""

from collections.abc import Iterator
from typing import Any

from recording import record
from row import Row, judged

LIMIT = 1e-4  # of the largest difference of logits
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
    versions = {row["name"]: row["version"] for row in reversed(programs)}  # the first of each name is the newest
    rows = [row for row in programs if row["name"] in OURS and row["version"] == versions[row["name"]]]
    same, images, difference = (
        sum(r["same"] for r in rows),
        sum(r["of"] for r in rows),
        max(r["difference"] for r in rows),
    )
    names = " and ".join(f"{name} {versions[name]}" for name in OURS)
    yield Row(
        "onnx",
        f"ONNX files of the three ready-made networks in {names}: answers that are lenet's; largest difference of logits",
        f"{same:,} of {images:,}; {difference:.1e}",
        "exports",
        target=judged("all; 1e-4 or less, 1e-5 hoped for", same == images and difference <= LIMIT),
    )
