"""Streams that may be closed while a training writes to them."""

import os
from typing import Any, TextIO, cast


def closable(stream: TextIO) -> TextIO:
    """Return a stream that writes to `stream`, and nowhere once that is closed.

    A terminal may be closed, and the program at the other end of a pipe may end; the training goes on in silence.
    """
    return cast(TextIO, _Closable(stream))


class _Closable:
    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def write(self, text: str) -> int:
        try:
            return self.stream.write(text)
        except OSError:
            self._discard()
            return len(text)

    def flush(self) -> None:
        try:
            self.stream.flush()
        except OSError:
            self._discard()

    def _discard(self) -> None:
        """Send what is buffered, and all that follows, to the null device, so that Python's exit raises no error."""
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, self.stream.fileno())
        os.close(null)
