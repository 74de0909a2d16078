"""Lists of files and labels, Label Studio's exports among them."""

import gzip
import json

import numpy as np
import pytest
from PIL import Image

from lenet.data.own.collection import Item, read_collection
from lenet.errors import DataError

NAMES = ["1.png", "2.png", "3.png", "4.png"]


@pytest.fixture
def photos(tmp_path):
    """Four images in a folder, and one beside it."""
    for number, name in enumerate([*NAMES, "unlisted.png"]):
        (tmp_path / "images").mkdir(exist_ok=True)
        Image.fromarray(np.full((4, 5), number, np.uint8)).save(tmp_path / "images" / name)
    return tmp_path


EXPECTED = [
    Item(f"images/{name}", label, None) for name, label in zip(NAMES, ("cat", "cat", "dog", "dog"), strict=True)
]


def check(path, form="CSV", expected=EXPECTED):
    collection = read_collection(path)
    assert collection.format == f"images listed in a {form} file"
    assert sorted(collection.items) == sorted(expected)
    content = [(path if path.is_dir() else path.parent) / item.name for item in collection.items]
    assert [collection.read(i) for i in range(len(content))] == [file.read_bytes() for file in content]
    return collection


@pytest.mark.parametrize(
    "text",
    [
        "file,label\nimages/1.png,cat\nimages/2.png,cat\nimages/3.png,dog\nimages/4.png,dog\n",
        "Image Path;Class\nimages/1.png;cat\nimages/2.png;cat\nimages/3.png;dog\nimages/4.png;dog\n",
        "label,filename\ncat,1.png\ncat,2.png\ndog,3.png\ndog,4.png\n",
        "images\\1.png,cat\nimages\\2.png,cat\nimages\\3.png,dog\nimages\\4.png,dog\n",
        "cat,1.png\ncat,2.png\ndog,3.png\ndog,4.png\n",
        "id,breed\n1,cat\n2,cat\n3,dog\n4,dog\n",
        '\ufeff"file_name","text","label"\n"1.png","a, b","cat"\n2.png,"x\ny",cat\n3.png,,dog\n4.png,,dog\n',
        "image,cat,dog\n1.png,1,0\n2.png,1,0\n3.png,0,1\n4.png,0,1\n",
        "images/1.png cat\nimages/2.png cat\nimages/3.png dog\nimages/4.png dog\n",
        "Width,ClassId,Path\n5,cat,1.png\n5,cat,2.png\n5,dog,3.png\n5,dog,4.png\n",
        "Image,Id\n1.png,cat\n2.png,cat\n3.png,dog\n4.png,dog\n",
        "image\tlabel\n/kaggle/input/images/1.png\tcat\nC:/x/2.png\tcat\n./images/3.png\tdog\nimages/../4.png\tdog\n",
    ],
)
def test_tables(photos, text):
    (photos / "labels.csv").write_text(text, encoding="utf-8")
    collection = check(photos)
    assert collection.notes == ("images that labels.csv does not list are ignored: 1",)
    assert collection.files == (photos / "labels.csv",)
    check(photos / "labels.csv")


def test_a_long_compressed_table(photos):
    text = "\n".join(["file,label", *(f"{item.name},{item.label}" for item in EXPECTED)]) + "\n" * 1_500_000
    (photos / "labels.csv.gz").write_bytes(gzip.compress(text.encode()))
    check(photos / "labels.csv.gz")


def test_json_lines_and_json(photos):
    rows = [{"file_name": item.name, "label": item.label, "width": 5} for item in EXPECTED]
    (photos / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    check(photos, "JSON lines")
    check(photos / "metadata.jsonl", "JSON lines")
    (photos / "metadata.jsonl").unlink()
    folders = {"cat": ["1.png", "2.png"], "dog": ["3.png", "4.png"]}
    for value in (rows, {"annotations": rows}, {item.name: item.label for item in EXPECTED}, folders):
        (photos / "own.json").write_text(json.dumps(value, indent=1))
        check(photos / "own.json", "JSON")


def test_metadata_of_hugging_face_beside_class_folders(tmp_path):
    for split in ("train", "test"):
        (tmp_path / split).mkdir()
        for number in range(4):
            Image.fromarray(np.full((4, 5), number, np.uint8)).save(tmp_path / split / f"{number}.png")
        rows = "".join(f"{number}.png,{'cat' if number < 2 else 'dog'}\n" for number in range(4))
        (tmp_path / split / "metadata.csv").write_text(f"file_name,label\n{rows}")
    collection = read_collection(tmp_path)
    assert {item.split for item in collection.items} == {"train", "test"}
    assert Item("train/3.png", "dog", "train") in collection.items
    assert len(collection.items) == 8


def test_numbers_as_labels_and_splits(photos):
    rows = ["1.png,2.0,train", "2.png,10.0,TRAINING", "3.png,2.0,valid", "4.png,10.0,test"]
    (photos / "labels.csv").write_text("\n".join(["file,class,split", *rows]))
    collection = read_collection(photos)
    assert collection.classes == ("2", "10")
    assert [item.split for item in collection.items] == ["train", "train", "validation", "test"]


def test_splits_by_the_names_of_lists(photos):
    (photos / "train.csv").write_text("file,label\n1.png,a\n2.png,b\n")
    (photos / "test_labels.csv").write_text("file,label\n3.png,a\n4.png,b\n")
    assert [item.split for item in read_collection(photos).items] == ["test", "test", "train", "train"]


def test_a_list_without_split_beside_lists_with_one_is_ignored(photos):
    (photos / "Train.csv").write_text("Path,ClassId\n1.png,0\n2.png,1\n")
    (photos / "Test.csv").write_text("Path,ClassId\n3.png,0\n4.png,1\n")
    (photos / "Meta.csv").write_text("Path,ClassId\nunlisted.png,0\n")
    collection = read_collection(photos)
    assert [item.split for item in collection.items] == ["test", "test", "train", "train"]
    assert "Meta.csv is ignored, as its name says no split" in collection.notes


def test_numbers_that_are_also_names_of_files_are_labels_beside_names_of_files(photos):
    (photos / "labels.csv").write_text("1,1.png\n1,2.png\n2,3.png\n2,4.png\n")
    assert [item.label for item in read_collection(photos).items] == ["1", "1", "2", "2"]


def test_names_of_one_hot_columns_stay_as_they_are(photos):
    (photos / "_classes.csv").write_text(
        "filename, Golden Retriever, T-Shirt\n1.png,1,0\n2.png,1,0\n3.png,0,1\n4.png,0,1\n"
    )
    assert read_collection(photos).classes == ("Golden Retriever", "T-Shirt")


URLS = [
    "/data/upload/1/0a1b2c3d-1.png",
    "/data/local-files/?d=images/2.png",
    "http://h/data/upload/3.png",
    "s3://b/x/4.png",
]


def test_label_studio(photos):
    labels = [item.label for item in EXPECTED]
    tasks = [
        {
            "id": number,
            "data": {"image": url},
            "annotations": [
                {"was_cancelled": True, "result": [{"type": "choices", "value": {"choices": ["wrong"]}}]},
                {"result": [{"type": "choices", "from_name": "choice", "value": {"choices": [label]}}]},
            ],
        }
        for number, (url, label) in enumerate(zip(URLS, labels, strict=True))
    ]
    (photos / "export.json").write_text(json.dumps(tasks))
    check(photos / "export.json", "JSON")
    small = [
        {"image": url, "id": n, "choice": label, "annotator": 1, "annotation_id": n, "created_at": "x"}
        for n, (url, label) in enumerate(zip(URLS, labels, strict=True))
    ]
    small[0]["choice"] = {"choices": ["cat"]}
    (photos / "export.json").write_text(json.dumps(small))
    check(photos, "JSON")
    (photos / "export.json").unlink()
    rows = [f"1,2022,{n},{url},1.5,{label},2022" for n, (url, label) in enumerate(zip(URLS, labels, strict=True))]
    (photos / "export.csv").write_text("\n".join(["annotator,created_at,id,image,lead_time,choice,updated_at", *rows]))
    check(photos)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1.png,a\n2.png,\n3.png,b\n4.png,b", "labels.csv, line 3 has no label"),
        ("1.png,a\n2.png,a\nx.png,b\n4.png,b", "labels.csv, line 4 names x.png, which does not exist"),
        ("1.png,a\n2.png,a\n3.png\n4.png,b", "labels.csv, line 4 has 1 column; expected 2, as in the first line"),
        ("1.png,a\n2.png,a\n3.png,b\n4.png,b\n1.png,b", "line 6 labels images/1.png b; labels.csv, line 2 labels it a"),
        ('1.png,a\n2.png,a\n3.png,"[""a"", ""b""]"\n4.png,b', "line 4 has several labels"),
    ],
)
def test_bad_rows_are_named(photos, text, message):
    (photos / "labels.csv").write_text(f"file,label\n{text}\n")
    with pytest.raises(DataError, match=message) as error:
        read_collection(photos)
    assert "--skip-bad" in error.value.hint
    collection = read_collection(photos, skip_bad=True, for_training=False)
    assert len(collection.bad) == 1
    assert len(collection.items) >= 3


def test_a_base_name_in_two_folders(photos):
    (photos / "more").mkdir()
    (photos / "more/1.png").write_bytes((photos / "images/1.png").read_bytes())
    (photos / "labels.csv").write_text("file,label\n1.png,a\n2.png,a\n3.png,b\n4.png,b\n")
    with pytest.raises(DataError, match=r"line 2 names 1.png, which may be images/1.png or more/1.png"):
        read_collection(photos / "labels.csv")


def test_a_split_that_is_none(photos):
    (photos / "labels.csv").write_text("file,label,split\n1.png,a,train\n2.png,a,train\n3.png,b,train\n4.png,b,tset\n")
    with pytest.raises(DataError, match="has the split 'tset'; expected train, validation or test"):
        read_collection(photos)


def test_a_broken_list_is_named_where_nothing_else_has_labels(photos):
    (photos / "labels.jsonl").write_text('{"file_name": "1.png", "label": "a"}\n{"file_name": "2.png", \n')
    with pytest.raises(DataError, match=r"labels.jsonl, line 2 is no JSON"):
        read_collection(photos)


@pytest.mark.parametrize("text", ["[1, 2]", '{"a": {"b": 1}}', "[" * 100_000, '[{"a": 1}', "nonsense"])
def test_other_json_is_refused(tmp_path, text):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(DataError):
        read_collection(tmp_path / "x.json")
