"""Tables of pixels: labels first, last or none, headers or none, what is wrong with a line."""

import gzip

import numpy as np
import pytest

from lenet.data.own.collection import read_collection
from lenet.errors import DataError


def write(path, table, header="", delimiter=",", form="%d"):
    np.savetxt(path, table, form, delimiter, header=header, comments="")
    return path


@pytest.fixture
def table(digits):
    """Kaggle's columns: the label, then 36 pixels."""
    return np.column_stack([digits[1], digits[0].reshape(20, 36)])


PIXELS = ",".join(f"pixel{i}" for i in range(36))
SIZES = ",".join(f"{row}x{column}" for row in range(1, 7) for column in range(1, 7))


@pytest.mark.parametrize(
    ("header", "change"),
    [
        (f"label,{PIXELS}", lambda table: table),
        (f"Label,{PIXELS}", lambda table: table),
        (f"label,{SIZES}", lambda table: table),
        ("", lambda table: table),
        ("", lambda table: np.roll(table, -1, axis=1)),
        (f"{PIXELS},label", lambda table: np.roll(table, -1, axis=1)),
        (f"id,label,{PIXELS}", lambda table: np.column_stack([np.arange(20), table])),
        (f",label,{PIXELS}", lambda table: np.column_stack([np.arange(20), table])),
        ("label," + ",".join(map(str, range(36))), lambda table: table),
        (",".join(map(str, range(37))), lambda table: table),
        (
            f"label,width,{PIXELS},height",
            lambda table: np.column_stack([table[:, :1], table[:, 0] + 9, table[:, 1:], table[:, :1]]),
        ),
    ],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_columns(tmp_path, digits, table, header, change, delimiter):
    path = write(tmp_path / "own.csv", change(table), header.replace(",", delimiter), delimiter)
    collection = read_collection(path)
    assert collection.format == "a CSV of pixels"
    assert (collection.arrays == digits[0]).all()
    assert [item.label for item in collection.items] == list(map(str, digits[1]))
    assert collection.items[0].name == f"own.csv, line {2 if header else 1}"
    assert {item.split for item in collection.items} == {None}


def test_splits_by_name(tmp_path, digits, table):
    write(tmp_path / "mnist_train.csv", table)
    write(tmp_path / "mnist_test.csv", table[:6])
    collection = read_collection(tmp_path)
    assert [item.split for item in collection.items] == ["test"] * 6 + ["train"] * 20


def test_kaggles_test_csv_has_no_labels(tmp_path, digits, table):
    write(tmp_path / "train.csv", table, f"label,{PIXELS}")
    write(tmp_path / "test.csv", table[:, 1:], PIXELS)
    (tmp_path / "sample_submission.csv").write_text("ImageId,Label\n1,0\n2,0\n")
    collection = read_collection(tmp_path)
    assert len(collection.items) == 20
    assert collection.notes == ("test images without labels are left out: 20",)
    unlabelled = read_collection(tmp_path / "test.csv", for_training=False)
    assert (unlabelled.arrays == digits[0]).all()
    assert unlabelled.items[3] == ("test.csv, line 5", None, "test")


@pytest.mark.parametrize("change", ["crlf", "bom", "quotes", "blank line", "no last line feed", "gzip", "spaces"])
def test_spellings_of_text(tmp_path, digits, table, change):
    path = write(tmp_path / "own.csv", table, f"label,{PIXELS}")
    content = path.read_bytes()
    path.write_bytes(
        {
            "crlf": content.replace(b"\n", b"\r\n"),
            "bom": b"\xef\xbb\xbf" + content,
            "quotes": b"\n".join(b'"' + row.replace(b",", b'","') + b'"' for row in content.split(b"\n")[:-1]) + b"\n",
            "blank line": content + b"\n\n",
            "no last line feed": content[:-1],
            "gzip": gzip.compress(content),
            "spaces": content.replace(b",", b", "),
        }[change]
    )
    assert (read_collection(path).arrays == digits[0]).all()


def test_four_lines_with_labels_at_the_end(tmp_path, digits, table):
    path = write(tmp_path / "own.csv", np.roll(table, -1, axis=1)[[0, 1, 5, 6]])
    assert (read_collection(path).arrays == digits[0][[0, 1, 5, 6]]).all()


def test_a_line_without_label(tmp_path, table):
    rows = write(tmp_path / "own.csv", table).read_text().splitlines()
    rows[2] = rows[2][1:]
    (tmp_path / "own.csv").write_text("\n".join(rows))
    with pytest.raises(DataError, match=r"own.csv, line 3 has no label"):
        read_collection(tmp_path / "own.csv")
    assert read_collection(tmp_path / "own.csv", skip_bad=True).classes == ("0", "1", "2", "3", "4")


def test_a_file_that_is_there_twice_counts_once(tmp_path, table):
    (tmp_path / "sign_train").mkdir()
    for name in ("sign_train.csv", "sign_train/sign_train.csv", "sign_test.csv"):
        write(tmp_path / name, table)
    assert len(read_collection(tmp_path).items) == 40


def test_text_floats_and_colours(tmp_path, digits, table):
    rows = [",".join([chr(65 + row[0]), *map(str, row[1:])]) for row in table]
    (tmp_path / "own.csv").write_text("\n".join(rows))
    assert read_collection(tmp_path / "own.csv").classes == ("A", "B", "C", "D", "E")
    rows = [",".join([*map(str, row[1:]), chr(65 + row[0])]) for row in table]
    (tmp_path / "own.csv").write_text("\n".join(rows))
    collection = read_collection(tmp_path / "own.csv")
    assert [item.label for item in collection.items] == [chr(65 + label) for label in digits[1]]
    assert (collection.arrays == digits[0]).all()
    scaled = np.column_stack([digits[1], digits[0].reshape(20, 36) / 255])
    assert (read_collection(write(tmp_path / "own.csv", scaled, form="%.6f")).arrays == digits[0]).all()
    ramp = np.add.outer(np.arange(12), np.arange(12))
    colours = np.stack([np.stack([ramp, ramp * 4, 200 - ramp], axis=-1) + n for n in range(20)])
    path = write(tmp_path / "own.csv", np.column_stack([colours.reshape(20, -1), digits[1]]))
    assert (read_collection(path).arrays == colours).all()


def test_the_first_image_as_pandas_header(tmp_path, digits, table):
    """The A-Z data set: pandas took the first image for a header and made its numbers different."""
    path = write(tmp_path / "own.csv", table)
    first, rest = path.read_text().split("\n", 1)
    seen, cells = {}, []
    for cell in first.split(","):
        cells.append(f"{cell}.{seen[cell]}" if cell in seen else cell)
        seen[cell] = seen.get(cell, 0) + 1
    assert len(seen) < len(cells)
    path.write_text(",".join(cells) + "\n" + rest)
    assert (read_collection(path).arrays == digits[0]).all()


def test_fer_has_all_pixels_in_one_column(tmp_path, digits):
    usage = ["Training"] * 12 + ["PublicTest"] * 4 + ["PrivateTest"] * 4
    rows = [
        f"{label},{' '.join(map(str, image.ravel()))},{use}"
        for image, label, use in zip(*digits[:2], usage, strict=True)
    ]
    (tmp_path / "fer2013.csv").write_text("\n".join(["emotion,pixels,Usage", *rows]))
    collection = read_collection(tmp_path / "fer2013.csv")
    assert [item.split for item in collection.items] == ["test"] * 4 + ["train"] * 12 + ["validation"] * 4
    assert (collection.arrays[4:16] == digits[0][:12]).all()
    assert collection.items[0].name == "fer2013.csv, line 18"


@pytest.mark.parametrize(
    ("line", "change", "message"),
    [
        (4, lambda row: row.rsplit(",", 1)[0], "own.csv, line 4 has 36 columns; expected 37"),
        (4, lambda row: row + ",5", "own.csv, line 4 has 38 columns; expected 37"),
        (4, lambda row: row.replace(",", ",abc,", 1).rsplit(",", 1)[0], "line 4 has 'abc' in column 2"),
        (6, lambda row: "1," + "," * 35, "line 6 has nothing in column 2; expected a number"),
        (6, lambda row: "1" + ",nan" * 36, "line 6 has 'nan' in column 2"),
    ],
)
def test_bad_lines_are_named(tmp_path, table, digits, line, change, message):
    rows = write(tmp_path / "own.csv", table).read_text().splitlines()
    rows[line - 1] = change(rows[line - 1])
    (tmp_path / "own.csv").write_text("\n".join(rows))
    with pytest.raises(DataError, match=message):
        read_collection(tmp_path / "own.csv")
    collection = read_collection(tmp_path / "own.csv", skip_bad=True)
    assert [bad.name for bad in collection.bad] == [f"own.csv, line {line}"]
    assert (collection.arrays == np.delete(digits[0], line - 1, axis=0)).all()
    assert collection.items[line - 1].name == f"own.csv, line {line + 1}"


def test_tables_of_several_data_sets_are_refused(tmp_path, table):
    for name in ("emnist-letters-train.csv", "emnist-digits-train.csv"):
        write(tmp_path / name, table)
    with pytest.raises(
        DataError, match=r"holds files of several data sets: emnist-digits-train.csv, emnist-letters"
    ) as error:
        read_collection(tmp_path)
    assert "name one of the files" in error.value.hint
    assert len(read_collection(tmp_path / "emnist-digits-train.csv").items) == 20


def test_test_images_alone_cannot_be_trained(tmp_path, table):
    path = write(tmp_path / "test.csv", table[:, 1:], PIXELS)
    with pytest.raises(DataError, match=r"test.csv has no labels \(a CSV of pixels, test.csv, line 2 for one\)"):
        read_collection(path)


def test_other_tables_are_refused(tmp_path, table):
    with pytest.raises(DataError, match="has 34 pixels an image; expected those of a square"):
        read_collection(write(tmp_path / "own.csv", table[:, :35], "label," + PIXELS[: PIXELS.index(",pixel34")]))
    (tmp_path / "own.csv").write_text("name,age\nx,3\ny,4\n")
    with pytest.raises(DataError, match="of no format that lenet knows"):
        read_collection(tmp_path / "own.csv")
    (tmp_path / "own.csv").write_text("")
    with pytest.raises(DataError, match="of no format that lenet knows"):
        read_collection(tmp_path / "own.csv")
