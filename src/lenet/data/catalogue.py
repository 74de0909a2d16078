"""Every known data set: where it comes from, what is in it, and the hashes of its files.

The SHA-256 of a file is that of its content without compression, so it does not matter who compressed it. Where only the
compressed file has a published hash, a download is checked by that, and the content in the cache by the SHA-256 that it had
then. Downloads of KMNIST, QMNIST and EMNIST were tried against a server of the tests only, not against the real ones.
"""

import os
import re
from pathlib import Path

from lenet.data import idx
from lenet.data.emnist import ENTRIES as EMNIST
from lenet.data.entry import Entry, File, Packed
from lenet.errors import DataError, choices_hint, quoted
from lenet.files import untrusted
from lenet.images.invariants import ObjectRange


def _files(
    *sizes_and_hashes: tuple[int, str],
    size: tuple[int, int] = (28, 28),
    num_train: int = 60_000,
    num_test: int = 10_000,
) -> tuple[File, File, File, File]:
    """The four files of a data set, with MNIST's names and, unless said otherwise, MNIST's shape."""
    names = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
    shapes = ((num_train, *size), (num_train,), (num_test, *size), (num_test,))
    a, b, c, d = (
        File(name, shape, download_size, sha256)
        for name, shape, (download_size, sha256) in zip(names, shapes, sizes_and_hashes, strict=True)
    )
    return a, b, c, d


def _packed(*sizes_and_hashes: tuple[int, str]) -> tuple[File, File, File, File]:
    """Four files with MNIST's names and shapes whose compressed forms have these hashes."""
    plain = _files(*((size, "") for size, _ in sizes_and_hashes))
    a, b, c, d = (
        File(file.name, file.shape, size, packed=Packed(f"{file.name}.gz", size, sha256))
        for file, (size, sha256) in zip(plain, sizes_and_hashes, strict=True)
    )
    return a, b, c, d


def _qmnist_files(*sizes_and_hashes: tuple[int, str]) -> tuple[File, File, File, File]:
    """The four files of QMNIST, whose labels are rows of eight numbers, the class first."""
    names = (f"qmnist-{part}-{what}" for part in ("train", "test") for what in ("images-idx3-ubyte", "labels-idx2-int"))
    shapes = ((60_000, 28, 28), (60_000, 8)) * 2
    a, b, c, d = (
        File(
            name,
            shape,
            size,
            packed=Packed(f"{name}.gz", size, sha256),
            code=idx.UNSIGNED_BYTE if len(shape) == 3 else idx.INT,
        )
        for name, shape, (size, sha256) in zip(names, shapes, sizes_and_hashes, strict=True)
    )
    return a, b, c, d


DIGITS = tuple("0123456789")

CATALOGUE: dict[str, Entry] = {
    "fashion-mnist": Entry(
        name="fashion-mnist",
        title="Fashion-MNIST",
        description="Grey images of garments from a shop's catalogue, 28×28, light on a black background.",
        classes=(
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        licence="MIT, Zalando SE",
        homepage="https://github.com/zalandoresearch/fashion-mnist",
        folder="FashionMNIST",
        sources=(
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
            # The authors' own; there is no https, and none is needed for content whose SHA-256 is known.
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        ),
        files=_files(
            (26_421_880, "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"),
            (29_515, "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"),
            (4_422_102, "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"),
            (5_148, "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
        ),
    ),
    "mnist": Entry(
        name="mnist",
        title="MNIST",
        description="Handwritten digits, 28×28, white on black, scaled into 20×20 and centred by their centre of mass.",
        classes=DIGITS,
        licence="CC BY-SA 3.0, Yann LeCun, Corinna Cortes",
        homepage="http://yann.lecun.com/exdb/mnist",
        folder="MNIST",
        sources=(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
        files=_files(
            (9_912_422, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
            (28_881, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
            (1_648_877, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
            (4_542, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
        ),
        framing="mass",
    ),
    "kmnist": Entry(
        name="kmnist",
        title="KMNIST",
        description=(
            "Kuzushiji-MNIST: handwritten Japanese characters from old books, 28×28, white on black; each of the ten "
            "classes is one hiragana."
        ),
        classes=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
        licence="CC BY-SA 4.0, CODH, adapted from the Kuzushiji Dataset of NIJL and others",
        homepage="https://github.com/rois-codh/kmnist",
        folder="KMNIST",
        sources=(
            "https://codh.rois.ac.jp/kmnist/dataset/kmnist/",
            "http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
        ),
        files=_packed(
            (18_165_135, "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4"),
            (29_497, "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17"),
            (3_041_136, "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5"),
            (5_120, "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c"),
        ),
    ),
    "qmnist": Entry(
        name="qmnist",
        title="QMNIST",
        description=(
            "MNIST made again from its sources, 28×28, white on black, with all 60,000 test images, of which MNIST has "
            "10,000."
        ),
        classes=DIGITS,
        licence="BSD 3-Clause, Facebook, Chhavi Yadav, Léon Bottou",
        homepage="https://github.com/facebookresearch/qmnist",
        folder="QMNIST",
        sources=("https://raw.githubusercontent.com/facebookresearch/qmnist/master/",),
        files=_qmnist_files(
            (9_704_059, "9e26a7bf1683614e065d7b76460ccd52807165b3f22561fb782bd9f38c52b51d"),
            (463_024, "2c05dc77f6b916b38e455e97ab129a42a444f3dbef09b278a366f82904e0dd9f"),
            (9_742_279, "43fc22bf7498b8fc98de98369d72f752d0deabc280a43a7bcc364ab19e57b375"),
            (526_800, "9fbcbe594c3766fdf4f0b15c5165dc0d1e57ac604e01422608bb72c906030d06"),
        ),
        framing="mass",
    ),
    **EMNIST,
    "digits": Entry(
        name="digits",
        title="the built-in digits",
        description=(
            "Made by lenet from 1,797 real handwritten digits of 8×8 pixels. They are split first, "
            "1,500 for training and 297 for testing, so that no original is in both; then each is enlarged to 28×28 and "
            "drawn about forty times with small shifts, rotations and stretches (fixed seed) to make 60,000 and 10,000 "
            "images. So there are fewer kinds of handwriting in them than in MNIST, and they are easier."
        ),
        classes=DIGITS,
        licence="CC BY 4.0, E. Alpaydin and C. Kaynak, UCI Optical Recognition of Handwritten Digits",
        homepage="https://archive.ics.uci.edu/dataset/80",
        folder="digits",
        sources=(),
        files=_files(
            (47_040_016, "a3cc0d48b121b35e040a803ac9fdedcd2d6ec24d41ab42a5249d1884236a3d63"),
            (60_008, "22092bc60325abe1d3326a9fd1778076aeca56e6deeeac0322b6b2d52a44cfe1"),
            (7_840_016, "3a4382479592a7c96735b0894fef1a8ce82db1ae29e3ef52096c8f8737b3b155"),
            (10_008, "bd2ac0946d0b5a27c1dffbc51eb9fbce318ed1c29f80373e05320d8f3ad78f05"),
        ),
        framing="mass",
        objects=ObjectRange(least=0.5714, most=0.9286, off_centre=0.1979),
    ),
}


ALIASES = {
    "fmnist": "fashion-mnist",
    "kuzushijimnist": "kmnist",
    "kuzushiji": "kmnist",
    "mnist784": "mnist",
    "zalandofashionmnist": "fashion-mnist",
}


def find_entry(name: str) -> Entry:
    """Return the data set of that name, also in other spellings such as FashionMNIST, fashion_mnist or EMNIST/letters.

    Raises:
        DataError: There is none; the hint has the choices.
    """
    if name in CATALOGUE:
        return CATALOGUE[name]
    if name.lower() == "auto":
        raise DataError("auto is a choice for training, not a data set", hint=f"choose from {', '.join(CATALOGUE)}")
    spelled = {_letters(each): each for each in CATALOGUE} | ALIASES
    for spelling in (name, name.rpartition("/")[2]):  # Hugging Face's names begin with that of an owner
        if _letters(spelling) in spelled:
            return CATALOGUE[spelled[_letters(spelling)]]
    if _letters(name) == "emnist":
        raise DataError("EMNIST has six splits, each a data set", hint=f"choose from {', '.join(EMNIST)}")
    if os.path.lexists(name):
        what = quoted(Path(name))
        raise DataError(
            f"{untrusted.printable(name)} is data of your own; expected the name of a data set",
            hint=f"lenet data check {what} looks through it, lenet train --data {what} trains on it",
        )
    raise DataError(f"unknown data set {untrusted.printable(name)!r}", hint=choices_hint(name, ["auto", *CATALOGUE]))


def owner(sha256: str) -> Entry | None:
    """Return the data set that has a file with this SHA-256."""
    return next((entry for entry in CATALOGUE.values() if sha256 in (file.sha256 for file in entry.files)), None)


def _letters(name: str) -> str:
    """The letters and digits of a name, in lower case."""
    return re.sub("[^a-z0-9]", "", name.lower())
