"""Text that Pillow draws."""

from lenet.analysis.lettering import cut, drawable, font_of, lines_of


def test_class_names_that_the_font_lacks_become_numbers():
    names = ("Coat", "T-shirt/top", "café", "Ёж", "一二")
    assert [drawable(name, 3) for name in names] == [*names[:-1], "class 3"]
    assert drawable("一\n.png", None) == "??.png"


def test_long_texts_are_cut_or_broken():
    font = font_of(12)
    assert cut("short", 100, font) == "short"
    assert cut("x" * 100, 50, font).endswith("x…")
    assert font.getlength(cut("x" * 100, 50, font)) <= 50
    assert lines_of("one two three", font.getlength("one two"), font) == ["one two", "three"]
    assert lines_of("", 50, font) == [""]


def test_without_matplotlib_pillows_own_font_is_taken(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    font_of.cache_clear()
    assert font_of(12).getlength("text") > 0
    font_of.cache_clear()
