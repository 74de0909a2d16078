"""The command `lenet`, also called as `python -m lenet`."""

import sys


def main() -> None:
    """Import and run the command line. Ctrl-C ends it with exit code 130, as a shell expects."""
    try:
        from lenet.cli import main

        main.main()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
