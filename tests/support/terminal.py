"""A terminal in place of stderr."""

import io
import re

ESCAPE_SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class FakeTerminal(io.StringIO):
    """Text written to a terminal."""

    def isatty(self) -> bool:
        return True


def without_styles(text: str) -> str:
    """The text without the escape sequences of colours and cursor movements."""
    return ESCAPE_SEQUENCE.sub("", text)
