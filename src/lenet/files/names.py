"""From any text to a part of a file's name: letters, digits, - and _ on every system."""

import re

MAX_LENGTH = 80  # characters; file systems take 255 bytes, and a letter may have four


def file_name(text: str) -> str:
    """Return a text as a part of a file's name.

        file_name("../my photos") == "my-photos"

    Args:
        text: such as the name of a data set.
    """
    return re.sub(r"[^\w-]+", "-", text).strip("-")[:MAX_LENGTH] or "data"
