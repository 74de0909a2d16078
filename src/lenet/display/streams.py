"""Streams that may be closed while a training writes to them, or lack some characters."""

import os
from typing import Any, TextIO, cast


def closable(stream: TextIO) -> TextIO:
    """Return a stream that writes to `stream`, and nowhere once that is closed; characters that it lacks become ?.

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
        except UnicodeEncodeError:  # a character that the terminal or the file cannot hold, such as × in ASCII
            encoding = self.stream.encoding
            return self.stream.write(text.encode(encoding, "replace").decode(encoding))
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
