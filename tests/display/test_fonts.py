"""Names in any script on charts, without a warning and without boxes."""

import warnings

import pytest

from lenet.display import fonts
from lenet.display.fonts import drawable
from lenet.display.style import rendered, styled_figure

NAMES = ("boot", "Größe → 5×", "一二")


@pytest.fixture
def only_latin(monkeypatch):
    """No other fonts than matplotlib's own, whatever is installed here."""
    from matplotlib import font_manager

    own = [font for font in font_manager.fontManager.ttflist if "mpl-data" in font.fname]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", own)
    fonts._family.cache_clear()
    yield
    fonts._family.cache_clear()


def test_a_name_that_no_font_has_becomes_its_number(only_latin):
    assert drawable(NAMES, "class") == ["boot", "Größe → 5×", "class 2"]
    assert drawable(NAMES, "run", first=1)[2] == "run 3"


def test_a_font_that_has_the_characters_is_used(only_latin, monkeypatch):
    own = fonts._characters
    monkeypatch.setattr(fonts, "_characters", lambda path: own(path) | frozenset("一二"))
    fonts._family.cache_clear()
    assert drawable(NAMES, "class") == list(NAMES)


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_nothing_warns_of_characters_that_are_missing(only_latin, kind):
    with styled_figure(3, 2) as figure:
        axes = figure.subplots()
        axes.set_title("一二")
        axes.set_xticks(range(3), NAMES)
        axes.plot([0, 1], label="二")
        axes.legend()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert rendered(figure, kind)
