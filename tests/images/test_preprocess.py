import base64
import dataclasses
import gzip
import io
import struct
import warnings
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from made_up import noise
from PIL import Image, ImageDraw

from lenet.data.dataset import Dataset
from lenet.errors import ImageError, RunError
from lenet.images.framing import place
from lenet.images.pixels import mean_and_std
from lenet.images.preprocess import Preprocessing

DIGIT = Preprocessing(size=(28, 28), framing="mass")
GARMENT = Preprocessing(size=(28, 28), framing="box")


def real(folder, name):
    content = gzip.decompress((folder / name / "t10k-images-idx3-ubyte.gz").read_bytes())
    return np.frombuffer(content, np.uint8, offset=16).reshape(-1, 28, 28)


def drawing(size=(200, 260), paper=255, ink=0, mode="L"):
    """A thick cross with a foot, off-centre and without any symmetry."""
    image = Image.new("L", size, paper)
    pen = ImageDraw.Draw(image)
    pen.line((60, 40, 60, 200), fill=ink, width=16)
    pen.line((30, 90, 110, 90), fill=ink, width=16)
    pen.line((60, 200, 140, 200), fill=ink, width=16)
    return image.convert(mode)


def difference(a, b):
    return np.abs(a.astype(int) - b.astype(int)).mean()


@settings(max_examples=40)
@given(arrays(np.uint8, (28, 28), elements=st.integers(0, 255)), st.sampled_from(["L", "RGB", "RGBA", "LA", "I;16"]))
def test_an_image_that_is_framed_like_garments_is_left_as_it_is(tmp_path_factory, pixels, mode):
    pixels[:, :3] = pixels[:, -3:] = 0
    pixels[0, 9] = pixels[-1, 9] = pixels[9, 3] = pixels[9, -4] = 255
    path = tmp_path_factory.getbasetemp() / "same.png"
    image = Image.fromarray(pixels.astype(np.uint16) * 257) if mode == "I;16" else Image.fromarray(pixels).convert(mode)
    image.save(path)
    np.testing.assert_array_equal(GARMENT.apply(path), pixels)
    np.testing.assert_array_equal(GARMENT.apply(255 - pixels), pixels)


@pytest.mark.parametrize(("name", "preprocessing"), [("mnist", DIGIT), ("fashion-mnist", GARMENT)])
def test_files_of_the_test_images_are_seen_as_in_evaluation(real_data, tmp_path, name, preprocessing):
    for number, image in enumerate(real(real_data, name)[:40]):
        Image.fromarray(image).save(tmp_path / f"{number}.png")
        np.testing.assert_array_equal(preprocessing.apply(tmp_path / f"{number}.png"), image)
        np.testing.assert_array_equal(preprocessing.apply(255 - image), image)
        np.testing.assert_array_equal(preprocessing.apply(np.stack([image] * 3, axis=2)), image)


def test_digits_that_are_not_in_the_middle_are_moved_there(real_data):
    """By four pixels, as far as there is room: nearly the same image comes back."""
    differences = []
    for image in real(real_data, "mnist")[:60]:
        moved = np.roll(image, (-4, 4), axis=(0, 1))
        if not image[:4].any() and not image[:, -4:].any():
            differences.append(difference(DIGIT.apply(moved), image))
    assert np.mean(differences) < 2


@pytest.mark.parametrize("ground", ["black", "white", "grey"])
def test_enlarged_digits_come_back(real_data, ground):
    """Ten times as large, off-centre on a larger canvas: close to the original, whatever the background."""
    differences = []
    for image in real(real_data, "mnist")[:100]:
        canvas = np.zeros((400, 500), np.uint8)
        canvas[30:310, 180:460] = np.kron(image, np.ones((10, 10), np.uint8))
        canvas = {"black": canvas, "white": 255 - canvas, "grey": 60 + canvas // 2}[ground]
        differences.append(difference(DIGIT.apply(canvas), image))
    assert np.mean(differences) < 1  # of 255; a shift by one pixel makes about 17, and a rounded centre may shift


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK", "P", "1", "LA", "RGBA", "I;16", "F"])
def test_every_mode_shows_the_same_drawing(tmp_path, mode):
    expected = DIGIT.apply(drawing())
    path = tmp_path / ("drawing.tiff" if mode in ("CMYK", "F") else "drawing.png")
    if mode == "I;16":
        Image.fromarray(np.asarray(drawing()).astype(np.uint16) * 257).save(path)
    else:
        drawing(mode=mode).save(path)
    assert difference(DIGIT.apply(path), expected) < 2


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM"])
def test_every_format_of_the_list_is_read(tmp_path, kind):
    path = tmp_path / "drawing"
    drawing().save(path, format=kind)
    assert difference(DIGIT.apply(path), DIGIT.apply(drawing())) < 3


def test_white_on_black_and_black_on_white_are_the_same():
    light, dark = drawing(), drawing(paper=0, ink=255)
    assert difference(DIGIT.apply(light), DIGIT.apply(dark)) < 1
    bright = Preprocessing(size=(28, 28), ground="light")
    assert difference(bright.apply(light), 255 - GARMENT.apply(dark)) < 1


@pytest.mark.parametrize("ink", [0, 255])
def test_ink_on_transparency_does_not_vanish(ink):
    shape = np.asarray(drawing(paper=0, ink=255))
    image = np.dstack([np.full_like(shape, ink)] * 3 + [shape])
    assert difference(DIGIT.apply(image), DIGIT.apply(drawing())) < 1


def test_exif_orientation_is_followed(tmp_path):
    turned = drawing().transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 270° to stand upright
    turned.save(tmp_path / "turned.jpg", exif=exif, quality=95)
    assert difference(DIGIT.apply(tmp_path / "turned.jpg"), DIGIT.apply(drawing())) < 3


def test_the_contrast_of_a_photographed_sheet_is_stretched():
    """Grey paper under light that falls from one side, and noise: the background becomes black, the ink white."""
    random = np.random.RandomState(0)
    ink = np.asarray(drawing(paper=0, ink=255)) > 0
    paper = 150 + np.linspace(0, 60, ink.shape[1])[None, :] + random.normal(0, 3, ink.shape)
    sheet = np.where(ink, paper - 110, paper).clip(0, 255).astype(np.uint8)
    image = DIGIT.apply(sheet)
    assert (image == 0).mean() > 0.5
    assert image.max() == 255
    assert difference(image, DIGIT.apply(drawing())) < 8


def test_digits_are_centred_by_mass_and_garments_by_their_box():
    by_mass, by_box = DIGIT.apply(drawing()).astype(float), GARMENT.apply(drawing())
    rows, columns = np.indices((28, 28))
    for axis in (rows, columns):
        assert 13 <= (axis * by_mass).sum() / by_mass.sum() <= 15
    inside = np.argwhere(by_mass > 30)
    assert (np.ptp(inside, axis=0) + 1).max() == 20
    inside = np.argwhere(by_box > 30)
    assert (np.ptp(inside, axis=0) + 1).max() == 28


def test_placing_keeps_every_pixel():
    pixels = np.arange(1, 13, dtype=np.uint8).reshape(3, 4)
    for framing in ("mass", "box"):
        frame = place(pixels, (9, 8), framing)
        assert frame.sum() == pixels.sum()
        assert frame.shape == (9, 8)


def test_images_without_a_common_background_are_only_scaled():
    photograph = Preprocessing(size=(28, 28), ground="mixed")
    assert (photograph.apply(np.full((56, 56), 200, np.uint8)) == 200).all()
    image = np.arange(784, dtype=np.uint8).reshape(28, 28)
    np.testing.assert_array_equal(photograph.apply(image), image)


@pytest.mark.parametrize("shape", [(1, 40), (40, 1), (1, 3), (3, 900)])
def test_thin_images_work(shape):
    pixels = np.zeros(shape, np.uint8)
    pixels.ravel()[pixels.size // 2] = 255
    assert DIGIT.apply(pixels).shape == GARMENT.apply(pixels).shape == (28, 28)


def test_the_first_frame_of_an_animation_is_taken(tmp_path):
    other = drawing().transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    drawing().save(tmp_path / "moving.gif", save_all=True, append_images=[other])
    assert difference(DIGIT.apply(tmp_path / "moving.gif"), DIGIT.apply(drawing())) < 2


@pytest.mark.parametrize("size", [(28, 28), (100, 100), (28, 28, 3)])
def test_an_empty_image_is_an_error_at_every_size(size):
    for value in (0, 128, 255):
        for preprocessing in (DIGIT, GARMENT):
            with pytest.raises(ImageError, match="shows nothing: all pixels are alike"):
                preprocessing.apply(np.full(size, value, np.uint8))


def header(width, height):
    """A PNG whose header announces an image, and nothing else."""
    parts = [b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0), b"IDAT" + zlib.compress(b"\0" * 100)]
    packed = [struct.pack(">I", len(part) - 4) + part + struct.pack(">I", zlib.crc32(part)) for part in parts]
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def test_a_gif_with_a_gigantic_frame_is_refused(tmp_path, monkeypatch):
    # Found by fuzzing: 33 bytes, 168 MB as soon as they were opened.
    frame = b"!\xf9\x04\xff\x00\x00\x00\x00=,\x00\x00\x00\x00\x0c\xdf\x0e\x0c\x0c\x0c"
    path = tmp_path / "bomb.gif"
    path.write_bytes(b"GIF89a\x00\x81\x00\x00\n\x00\x00" + frame)
    monkeypatch.setattr(Image, "open", lambda *_, **__: pytest.fail("it was opened"))
    with pytest.raises(ImageError, match=r"bomb\.gif is too large: 57,100 × 3,086 pixels, more than 16 megapixels"):
        GARMENT.apply(path)


def test_a_gif_may_have_a_comment_and_a_frame_larger_than_itself(tmp_path):
    pixels = np.zeros((28, 28), np.uint8)
    pixels[:, 8:20] = 255
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "GIF", comment=b"," * 600, transparency=3, disposal=2)
    content = bytearray(file.getvalue())
    content[6:10] = struct.pack("<HH", 1, 1)
    path = tmp_path / "frame.gif"
    path.write_bytes(content)
    assert (GARMENT.apply(path) == pixels).all()


# Stripes of single pixels, as dark as they are light: they rise from their ground, and on average they do not.
STRIPES = (
    "c-"
    "nLFEn|QHJ0R8oVje~Y20kFo2!u=^2}1@H5Z~~h#(;sr{s03*{R0Mu0uZj4lbir%J7Kz&0p`~C@85$Y&@^gi*YjrnvhTE!UG}5p<*"
    "mXe{wJYkL6m{W#V`QTE#H9fDga#bist"
)


@pytest.mark.filterwarnings("ignore")  # Pillow's
def test_an_image_of_which_nothing_is_left_is_an_error(tmp_path):
    """Found by fuzzing: an empty image has no centre of mass."""
    path = tmp_path / "stripes"
    path.write_bytes(zlib.decompress(base64.b85decode(STRIPES)))
    with pytest.raises(ImageError, match="stripes shows nothing: nothing stands out from its background"):
        Preprocessing((14, 12), 0.3, 0.4, "dark", "mass").apply(path)


@pytest.mark.parametrize(("width", "height"), [(20_000, 20_000), (60_000, 60_000)])
def test_a_gigantic_image_is_refused_before_it_is_decoded(tmp_path, width, height):
    path = tmp_path / "bomb.png"
    path.write_bytes(header(width, height))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a person has no warnings as errors
        with pytest.raises(ImageError, match=r"bomb\.png is too large: .* more than (64|16) megapixels"):
            DIGIT.apply(path)
    with pytest.raises(ImageError, match="is too large"):
        DIGIT.apply(path)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "TIFF"])
def test_truncated_images_are_named(tmp_path, kind):
    path = tmp_path / "cut"
    drawing().save(path, format=kind)
    content = path.read_bytes()
    for part in (3, 4, 10, 2):
        path.write_bytes(content[: len(content) // part])
        with pytest.raises(ImageError, match="cut is "):
            DIGIT.apply(path)


def test_what_is_no_image_is_named_with_a_hint(tmp_path):
    (tmp_path / "letter.png").write_text("Dear Sir or Madam")
    (tmp_path / "empty.png").write_bytes(b"")
    for name, message in [
        ("letter.png", "is not an image"),
        ("empty.png", "is not an image"),
        ("nothing.png", "there is no file"),
        ("", "is a folder, not an image"),
    ]:
        with pytest.raises(ImageError, match=message) as caught:
            DIGIT.apply(tmp_path / name)
        assert caught.value.hint
    with pytest.raises(ImageError, match="is an array of shape"):
        DIGIT.apply(np.zeros((2, 3, 4, 5), np.uint8))
    with pytest.raises(ImageError, match="NaN, infinite or far too large"):
        DIGIT.apply(np.full((50, 50), np.nan))
    with pytest.raises(ImageError, match="is not an image"):
        DIGIT.apply(3)


def test_the_preprocessing_of_a_data_set_is_measured(tiny):
    assert Preprocessing.of(tiny.train) == Preprocessing(size=(28, 28), ground="dark", framing="whole")
    inverse = Dataset("toy", 255 - tiny.train.images, tiny.train.labels, tiny.train.classes)
    assert Preprocessing.of(inverse).ground == "light"
    half = Dataset(
        "toy", np.concatenate([tiny.train.images[:100], inverse.images[:100]]), np.zeros(200, np.int64), ("a",)
    )
    assert Preprocessing.of(half).ground == "mixed"
    digits = Dataset("digits", tiny.train.images, tiny.train.labels, tiny.train.classes)
    assert Preprocessing.of(digits).framing == "mass"
    colours = noise(8, in_channels=3)
    assert Preprocessing.of(colours) == Preprocessing((28, 28), ground="mixed", framing="whole", channels=3)
    made = Preprocessing((28, 28), ground="light", framing="box", fit="crop")
    own = dataclasses.replace(tiny.train, preprocessing=made)
    assert Preprocessing.of(own) == made == Preprocessing.of(own.subset(np.arange(5)))
    normalised = Preprocessing.of(tiny.train, normalize=True)
    pixels = tiny.train.images / 255
    assert (normalised.mean, normalised.std) == pytest.approx((pixels.mean(), pixels.std()))
    assert mean_and_std(np.full((3, 2, 2), 51, np.uint8)) == (pytest.approx(0.2), 1.0)


def test_it_survives_a_round_trip_through_json(tiny):
    measured = Preprocessing.of(tiny.train, normalize=True)
    values = measured.to_dict()
    assert Preprocessing.from_dict(values) == measured
    earlier = {name: value for name, value in values.items() if name not in ("channels", "fit")}
    assert Preprocessing.from_dict(earlier) == measured
    changes = [{"size": [28]}, {"size": "28"}, {"std": 0}, {"mean": float("nan")}, {"ground": "red"}, {"more": 1}]
    changes += [{"fit": "squeeze"}, {"channels": 2}, {"channels": 3, "framing": "box"}, {"channels": True}]
    for change in (*changes, {"mean": 10**400}, {"std": float("inf")}):
        with pytest.raises(RunError, match="the preprocessing"):
            Preprocessing.from_dict(values | change)
