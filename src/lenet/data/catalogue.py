"""Every known data set: where it comes from, what is in it, and the SHA-256 of its content.

The hashes are of the IDX files without compression, so it does not matter who compressed them.
"""

from dataclasses import dataclass

from lenet.data import idx
from lenet.errors import DataError, choices_hint


@dataclass(frozen=True)
class File:
    """One of the four IDX files of a data set.

    Args:
        name: Its name, without .gz.
        shape: The shape of its array: (N, height, width) for images, (N,) for labels.
        download_size: Its size in bytes, compressed as the sources have it.
        sha256: The SHA-256 of its content, decompressed.
    """

    name: str
    shape: tuple[int, ...]
    download_size: int
    sha256: str

    @property
    def num_bytes(self) -> int:
        """The size of its content, decompressed."""
        return idx.num_bytes(self.shape)


@dataclass(frozen=True)
class Entry:
    """A data set of the catalogue.

    Args:
        name: What commands and `lenet.data.load` call it.
        title: What messages call it.
        description: What it is, in a sentence or two.
        classes: The names of its classes, in the order of their labels.
        licence: Its licence and its authors.
        homepage: Where it is described.
        folder: torchvision's name for it.
        sources: Base addresses of its files, tried in this order; a data set without any is made on this machine.
        files: Training images and labels, test images and labels, in this order.
        ground: The background of its images, as in `lenet.images.preprocess.Preprocessing`.
        framing: How its images are framed, likewise.
    """

    name: str
    title: str
    description: str
    classes: tuple[str, ...]
    licence: str
    homepage: str
    folder: str
    sources: tuple[str, ...]
    files: tuple[File, File, File, File]
    ground: str = "dark"
    framing: str = "box"

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the images, in pixels."""
        height, width = self.files[0].shape[1:]
        return height, width

    @property
    def num_train(self) -> int:
        """The number of training images."""
        return self.files[0].shape[0]

    @property
    def num_test(self) -> int:
        """The number of test images."""
        return self.files[2].shape[0]

    @property
    def download_size(self) -> int:
        """The bytes to download for all four files."""
        return sum(file.download_size for file in self.files)


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
    "digits": Entry(
        name="digits",
        title="the built-in digits",
        description=(
            "Made on this machine from 1,797 real handwritten digits of 8×8 pixels. They are split first, "
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
    ),
}


def find_entry(name: str) -> Entry:
    """Return the data set of that name; raise DataError, with the choices, if there is none."""
    if name in CATALOGUE:
        return CATALOGUE[name]
    if name == "auto":
        raise DataError("auto is a choice for training, not a data set", hint=f"choose from {', '.join(CATALOGUE)}")
    raise DataError(f"unknown data set {name!r}", hint=choices_hint(name, ["auto", *CATALOGUE]))


def owner(sha256: str) -> Entry | None:
    """Return the data set that has a file with this SHA-256."""
    return next((entry for entry in CATALOGUE.values() if sha256 in (file.sha256 for file in entry.files)), None)
