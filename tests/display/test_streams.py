"""A stream that is closed while it is written to."""

import os

from lenet.display.choice import choose_display


def test_a_stream_that_goes_away_is_no_error(tmp_path):
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream:
        display = choose_display("auto", stream)
        display.start([("data", "some")], None, 1)
        os.close(reading)
        for _ in range(3):
            display.notice("more")
        stream.write("what is left in its memory")
