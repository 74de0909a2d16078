"""A stream that is closed while it is written to."""

import io
import os

import pytest

from lenet.display.choice import choose_display
from lenet.display.streams import closable
from lenet.runs.run import Run


def test_a_stream_that_goes_away_is_no_error(tmp_path):
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream:
        display = choose_display("auto", stream)
        display.start(Run(tmp_path), [("data", "some")], None, 1)
        os.close(reading)
        for _ in range(3):
            display.notice("more")
        stream.write("what is left in its memory")


@pytest.mark.parametrize("encoding", ["ascii", "cp437", "cp1252"])
def test_characters_that_a_stream_cannot_hold_are_replaced(encoding):
    content = io.BytesIO()
    stream = closable(io.TextIOWrapper(content, encoding, write_through=True))
    stream.write("5 × 5, 五.jpg → boot\n")
    stream.flush()
    assert content.getvalue().endswith(b"?.jpg ? boot\n")
