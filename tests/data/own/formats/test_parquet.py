"""Parquet files of Hugging Face's; they need pyarrow."""

import io
import json
import sys

import numpy as np
import pytest
from PIL import Image

from lenet.data.own.collection import read_collection
from lenet.errors import DataError

MAGIC = b"PAR1"


def png(value):
    file = io.BytesIO()
    Image.fromarray(np.full((4, 5), value, np.uint8)).save(file, "PNG")
    return file.getvalue()


CONTENTS = [png(number) for number in range(6)]


def write(path, columns, features=None, **options):
    pa = pytest.importorskip("pyarrow")
    table = pa.table(columns)
    if features is not None:
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    path.parent.mkdir(parents=True, exist_ok=True)
    pytest.importorskip("pyarrow.parquet").write_table(table, path, **options)
    return path


def images():
    return [{"bytes": content, "path": None} for content in CONTENTS]


FEATURES = {"image": {"_type": "Image"}, "label": {"names": ["zebra", "ant"], "_type": "ClassLabel"}}


def test_a_data_set_of_hugging_face(tmp_path):
    for name in ("train-00000-of-00002", "train-00001-of-00002", "test-00000-of-00001"):
        columns = {"image": images(), "label": [0, 1, 0, 1, 0, 1]}
        write(tmp_path / "data" / f"{name}.parquet", columns, FEATURES, row_group_size=2)
    (tmp_path / "README.md").write_text("# A data set\n")
    collection = read_collection(tmp_path)
    assert collection.format == "parquet files"
    assert collection.classes == ("zebra", "ant")
    assert [item.split for item in collection.items] == ["test"] * 6 + ["train"] * 12
    assert [collection.read(i) for i in range(18)] == CONTENTS * 3
    assert collection.items[7] == ("data/train-00000-of-00002.parquet, row 2", "ant", "train")


def test_names_of_classes_as_text_and_plain_bytes(tmp_path):
    path = write(tmp_path / "own.parquet", {"picture": CONTENTS, "class": ["b", "a"] * 3})
    collection = read_collection(path)
    assert collection.format == "a parquet file"
    assert collection.classes == ("a", "b")
    assert collection.read(5) == CONTENTS[5]


def test_what_cannot_be_read_is_named(tmp_path):
    path = write(tmp_path / "own.parquet", {"image": images(), "label": [0, 1, 2, 1, 0, 1]}, FEATURES)
    with pytest.raises(DataError, match=r"own.parquet, row 3 has no label, or one that its schema does not know"):
        read_collection(path)
    assert len(read_collection(path, skip_bad=True).items) == 5
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match="is damaged, or no parquet file"):
        read_collection(path)
    with pytest.raises(DataError, match="has the columns a, b, none of images"):
        read_collection(write(path, {"a": [1, 2], "b": ["x", "y"]}))
    with pytest.raises(DataError, match="row 1 holds no image"):
        read_collection(write(path, {"image": [None, *CONTENTS[:3]], "label": [0, 0, 1, 1]})).read(0)


def test_without_pyarrow_the_hint_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / "own.parquet").write_bytes(MAGIC + bytes(20) + MAGIC)
    with pytest.raises(DataError, match="which needs pyarrow") as error:
        read_collection(tmp_path / "own.parquet")
    assert error.value.hint == 'pip install "lenet[parquet]"'
