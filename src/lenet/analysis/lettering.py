"""Text in images that Pillow draws: a font with many letters, names that it can draw, and lines of a width."""

import contextlib
import functools
import importlib.util
import string
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont, ImageFont

    Font = FreeTypeFont | ImageFont


@functools.cache
def font_of(size: int) -> "Font":
    """Return the font that matplotlib brings, found without importing it; else Pillow's, which has English letters only."""
    from PIL import ImageFont

    spec = importlib.util.find_spec("matplotlib")
    for folder in (spec and spec.submodule_search_locations) or ():
        with contextlib.suppress(OSError):
            return ImageFont.truetype(Path(folder) / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf", size)
    return ImageFont.load_default(size)


def drawable(name: str, index: int | None) -> str:
    """Return the name, or the class's number if the font lacks a letter of it; without a number, ? for each such letter."""
    lacking = {letter for letter in set(name) - set(string.printable) if _glyph(letter) == _glyph("\U0010ffff")}
    if lacking and index is not None:
        return f"class {index}"
    return "".join("?" if letter in lacking or not letter.isprintable() else letter for letter in name)


def _glyph(letter: str) -> bytes:
    return bytes(font_of(14).getmask(letter))


def cut(text: str, width: float, font: "Font") -> str:
    """Return the beginning of a text that fits into a width, with … where it was cut."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f"{text}…") > width:
        text = text[:-1]
    return f"{text}…"


def lines_of(text: str, width: float, font: "Font") -> list[str]:
    """Return a text in lines of a width."""
    lines, line = [], ""
    for word in text.split():
        if line and font.getlength(f"{line} {word}") > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return [*lines, line]
