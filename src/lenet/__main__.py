"""The command `lenet`, which is `python -m lenet` too."""

import os
import signal
import sys
from typing import Any


def main() -> None:
    """Imports the command line, and hands over to it.

    Until it heeds Ctrl-C itself, that ends the process at once: an exception in the midst of an import may be swallowed.
    """
    # On Windows nothing takes its place later.
    if sys.platform != "win32" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, end)
    from lenet.cli import main

    main.main()


def end(number: int, frame: Any) -> None:
    """Ends the process, with the exit code by which a shell knows that a signal did."""
    os._exit(128 + number)


if __name__ == "__main__":
    main()
