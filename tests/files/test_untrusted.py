import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lenet.errors import ImageError, RunError
from lenet.files import untrusted


def test_a_regular_file_is_read_whole(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"content")
    assert untrusted.read(path, 7) == b"content"
    with pytest.raises(RunError, match="has 7 bytes; expected at most 6"):
        untrusted.read(path, 6)
    with pytest.raises(ImageError, match="has 7 bytes"):
        untrusted.read(path, 6, ImageError)


@pytest.mark.skipif(os.name == "nt", reason="Windows has none of these")
def test_anything_but_a_regular_file_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for path, words in [
        (tmp_path / "pipe", "not a regular file"),
        ("/dev/zero", "not a regular file"),
        (tmp_path, "is a folder; expected a file"),
        (tmp_path / "loop", "symbolic links"),
        (tmp_path / "nowhere", "No such file"),
        (tmp_path / ("a" * 300), "too long"),
    ]:
        with pytest.raises(RunError, match=words):
            untrusted.read(path, 1000)


def test_a_file_that_grows_while_it_is_read_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"content")
    fstat = os.fstat

    def grow(descriptor):
        status = fstat(descriptor)
        with path.open("ab") as file:
            file.write(b"more")
        return status

    monkeypatch.setattr("os.fstat", grow)
    with pytest.raises(RunError, match="changed while it was read"):
        untrusted.read(path, 1000)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc")
def test_descriptors_are_closed(tmp_path):
    """Also those of files that are refused."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_bytes(b"x" * 100)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for path in (tmp_path / "pipe", tmp_path / "file", tmp_path, tmp_path / "nowhere"):
        with pytest.raises(RunError):
            untrusted.read(path, 10)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "Expecting"),
        ('{"a": 1, "b": 2, "a": 3}', "it has 'a' twice"),
        ("[NaN]", "NaN is not a number"),
        ("[-Infinity]", "-Infinity is not a number"),
        ("1e999", "1e999 is too large"),
        ("1" * 5000, "digits"),
        ("[" * 200_000, "nested too deeply"),
        ('{"a":' * 200_000, "nested too deeply"),
        ("\xff", "utf-8"),
        ("", "Expecting"),
    ],
)
def test_json_that_lenet_never_writes_is_refused(text, words):
    with pytest.raises(ValueError, match=words):
        untrusted.parse_json(text.encode("latin-1"))


@settings(max_examples=100)
@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_other_json_is_read_as_it_is(value):
    import json

    assert untrusted.parse_json(json.dumps(value).encode()) == value


@settings(max_examples=100)
@given(st.text() | st.lists(st.text()))
def test_printable_text_is_one_short_line_without_control_characters(text):
    words = untrusted.printable(text)
    assert len(words) <= untrusted.MAX_PRINTED + 1
    assert all(c.isprintable() for c in words)


def test_a_deeply_nested_list_is_printable():
    value: list = []
    for _ in range(100_000):
        value = [value]
    assert untrusted.printable(value).startswith("[[[")
    while value:  # taken apart by hand, as a plain deletion would nest as deeply
        value = value.pop()
