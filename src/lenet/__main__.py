"""The command `lenet`, which is `python -m lenet` too."""

import signal
import sys


def main() -> None:
    """Imports the command line, and hands over to it.

    Until it heeds Ctrl-C itself, the system does: an exception in the midst of an import may be swallowed.
    """
    if sys.platform != "win32" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from lenet import cli

    cli.main()


if __name__ == "__main__":
    main()
