"""Which display is chosen."""

import io
import subprocess
import sys

import pytest
from terminal import FakeTerminal

from lenet.display.choice import choose_display
from lenet.display.plain import Lines, Quiet
from lenet.display.terminal import Terminal
from lenet.errors import ConfigError


def test_the_stream_decides_what_is_shown():
    assert type(choose_display("auto", FakeTerminal())) is Terminal
    assert type(choose_display("auto", io.StringIO())) is Lines
    assert type(choose_display("quiet", FakeTerminal())) is Quiet
    own = Quiet(io.StringIO())
    assert choose_display(own) is own
    with pytest.raises(ConfigError, match="unknown progress 'loud'"):
        choose_display("loud")


def test_plain_displays_import_rich_only_when_made():
    code = (
        "import sys, lenet.training.train, lenet.training.parallel\n"
        "print([name for name in ('rich', 'IPython', 'matplotlib') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
