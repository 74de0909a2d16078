"""The lines of metrics.jsonl: what is read of a whole file, and what is rescued from a damaged one."""

import json

import pytest
from toys import chunk, epoch

from lenet.doctor.finding import Finding
from lenet.runs.points import Point, read_points, readable_lines

POINTS: list[Point] = [chunk(1), epoch(1), Finding("x", "wrong", {"loss": 1.0}, "fix it", epoch=1, step=10)]
LINES = [json.dumps(point.to_dict()).encode() for point in POINTS]
DAMAGED = [
    b"no json",
    b"\xff\xfe",
    b"[1, 2]",
    b"{}",
    b'{"kind": "epoch"}',
    b'{"kind": "chunk", "step": "1"}',
    b'{"kind": "finding", "name": "x"}',
    b'{"kind": "added later"}',
    b'{"kind": "epoch", "step": 1}',
    b'{"kind": "finding", "step": 1, "name": "x"}',
    b'{"kind": "added later", "step": 1}',
]


def test_each_kind_is_read_as_it_was_written():
    assert read_points(b"\n".join(LINES) + b"\n") == POINTS


@pytest.mark.parametrize("damaged", DAMAGED, ids=repr)
def test_the_lines_around_a_damaged_one_are_rescued(damaged):
    content = b"\n".join([LINES[0], damaged, *LINES[1:]]) + b"\n"
    assert list(readable_lines(content)) == [point.to_dict() for point in POINTS]


def test_of_nothing_nothing_is_rescued():
    assert list(readable_lines(b"")) == []
    assert read_points(b"") == []
