"""Names in any script on charts: in an installed font that has their characters, or else a number in their place."""

import functools
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LATIN = 0x24F  # the last character of the scripts that every font has
DEFAULT = "DejaVu Sans"  # matplotlib's own font
BOXES = "Last Resort"  # a font of boxes, which has all characters


def drawable(names: Sequence[str], what: str, first: int = 0) -> list[str]:
    """Return names as a chart can show them.

    Args:
        names: such as those of classes.
        what: such as "class".
        first: the number of the first name.

    Returns:
        Each name, or "class 3" for the name number 3 whose characters no installed font has.
    """
    return [name if _family(_unusual(name)) else f"{what} {number}" for number, name in enumerate(names, start=first)]


@contextmanager
def fitting_fonts(figure: "Figure") -> Iterator[None]:
    """Give the texts of a figure fonts that have their characters; a character that none has is drawn as a box."""
    from matplotlib.text import Text

    texts = [text for text in figure.findobj(Text) if isinstance(text, Text)]  # also those of ticks
    families = {family for text in texts if (family := _family(_unusual(text.get_text())))}
    for text in texts if families - {DEFAULT} else ():
        text.set_fontfamily([DEFAULT, *sorted(families - {DEFAULT})])
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        yield


def _unusual(text: str) -> frozenset[str]:
    return frozenset(character for character in text if ord(character) > LATIN)


@functools.lru_cache(maxsize=256)
def _family(characters: frozenset[str]) -> str | None:
    """A font that has all these characters, matplotlib's own if it does; None if no installed font has."""
    if not characters:
        return DEFAULT
    from matplotlib import font_manager

    fonts = [font for font in font_manager.fontManager.ttflist if not font.name.startswith(BOXES)]
    fonts.sort(key=lambda font: (font.name != DEFAULT, font.name))
    return next((font.name for font in fonts if characters <= _characters(font.fname)), None)


@functools.lru_cache(maxsize=256)
def _characters(path: str) -> frozenset[str]:
    """All characters of a font; none if it cannot be read."""
    from matplotlib.ft2font import FT2Font

    try:
        return frozenset(map(chr, FT2Font(path).get_charmap()))
    except (OSError, RuntimeError, ValueError):  # such as a font of bitmaps
        return frozenset()
