import pytest

from lenet.files.names import file_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("fashion-mnist", "fashion-mnist"),
        ("emnist_letters", "emnist_letters"),
        ("../../evil", "evil"),
        ("a/b", "a-b"),
        ("a:b\\c", "a-b-c"),
        ("my photos.v2", "my-photos-v2"),
        ("数字", "数字"),
        ("line\nbreak\0", "line-break"),
        ("..", "data"),
        ("", "data"),
        ("x" * 300, "x" * 80),
    ],
)
def test_a_name_fits_into_a_path(text, name):
    assert file_name(text) == name
