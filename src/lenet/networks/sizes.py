"""Checks of the arguments that models share, and sizes as text."""

from collections.abc import Iterable

from lenet.errors import ModelError


def height_and_width(size: int | tuple[int, int]) -> tuple[int, int]:
    """Return (height, width) of a size that may be one number for both."""
    return (size, size) if isinstance(size, int) else (size[0], size[1])


def check_positive(**numbers: int) -> None:
    """Raise ModelError for a number that is not at least 1."""
    for name, number in numbers.items():
        if number < 1:
            raise ModelError(f"{name} is {number}; expected at least 1")


def check_choice(what: str, name: str, choices: Iterable[str]) -> None:
    """Raise ModelError, listing the choices, for a name that is not among them."""
    if name not in tuple(choices):  # from a file it may be anything, also what has no hash
        raise ModelError(f"unknown {what} {name!r}", hint=f"choose from {', '.join(choices)}")


def parse_input(text: str) -> tuple[int, int, int]:
    """Return (channels, height, width) of a text such as 3x64x64, or 28x28 for one channel.

    Raises:
        ModelError: for any other text.
    """
    try:
        numbers = [int(part) for part in text.lower().replace("×", "x").split("x")]
    except ValueError:
        numbers = []
    if len(numbers) == 2:
        numbers = [1, *numbers]
    if len(numbers) != 3 or min(numbers) < 1:
        raise ModelError(f"the input {text!r} is not an image size", hint="give CHANNELSxHEIGHTxWIDTH, such as 1x28x28")
    return numbers[0], numbers[1], numbers[2]


def in_bytes(number: int) -> str:
    """Return a number of bytes as text, in powers of 1000: 3.07 GB."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if number >= size:
            return f"{number / size:.2f} {unit}"
    return f"{number} B"
