"""The six splits of EMNIST: one zip file, images stored column by column, the letters numbered from 1."""

import string

from lenet.data.entry import Entry, File, Packed

ARCHIVE = Packed("gzip.zip", 561_753_746, "fb9bb67e33772a9cc0b895e4ecf36d2cf35be8b709693c3564cea2a019fcda8e")
# Of capital and small letters that look alike, the small ones are in the class of the capital.
MERGED = (*string.digits, *string.ascii_uppercase, *"abdefghnqrt")

# Of each split: what is in it, its classes, the numbers of training and test images, and the MD5 of its compressed files,
# which is all that is published of them: training images and labels, test images and labels.
SPLITS = {
    "balanced": (
        "Digits and letters, as many of each of 47 classes",
        MERGED,
        (112_800, 18_800),
        "4041b0d6f15785d3fa35263901b5496b 7a35cc7b2b7ee7671eddf028570fbd20 "
        "6818d20fe2ce1880476f747bbc80b22b acd3694070dcbf620e36670519d4b32f",
    ),
    "byclass": (
        "Digits, capital and small letters: 62 classes, as often as they were written",
        (*string.digits, *string.ascii_uppercase, *string.ascii_lowercase),
        (697_932, 116_323),
        "712dda0bd6f00690f32236ae4325c377 ee299a3ee5faf5c31e9406763eae7e43 "
        "1435209e34070a9002867a9ab50160d7 7a0f934bd176c798ecba96b36fda6657",
    ),
    "bymerge": (
        "Digits and letters, with capital and small letters that look alike in one class: 47 classes, as often as they were "
        "written",
        MERGED,
        (697_932, 116_323),
        "4a792d4df261d7e1ba27979573bf53f3 491be69ef99e1ab1f5b7f9ccc908bb26 "
        "8eb5d34c91f1759a55831c37ec2a283f c13f4cd5211cdba1b8fa992dae2be992",
    ),
    "digits": (
        "Digits, as many of each",
        tuple(string.digits),
        (240_000, 40_000),
        "d2662ecdc47895a6bbfce25de9e9a677 2223fcfee618ac9c89ef20b6e48bcf9e "
        "a159b8b3bd6ab4ed4793c1cb71a2f5cc 8afde66ea51d865689083ba6bb779fac",
    ),
    "letters": (
        "Letters, with the capital and the small one in one class, as many of each of 26",
        tuple(string.ascii_uppercase),
        (124_800, 20_800),
        "8795078f199c478165fe18db82625747 c16de4f1848ddcdddd39ab65d2a7be52 "
        "382093a19703f68edac6d01b8dfdfcad d4108920cd86601ec7689a97f2de7f59",
    ),
    "mnist": (
        "Digits, as many as MNIST has",
        tuple(string.digits),
        (60_000, 10_000),
        "3663598a39195d030895b6304abb5065 6c092f03c9bb63e678f80f8bc605fe37 "
        "fb51b6430fc4dd67deaada1bf25d4524 ae7f6be798a9a5d5f2bd32e078a402dd",
    ),
}
TITLES = {"byclass": "ByClass", "bymerge": "ByMerge", "mnist": "MNIST"}


def _entry(split: str) -> Entry:
    what, classes, counts, hashes = SPLITS[split]
    names = [
        f"emnist-{split}-{part}-{kind}-ubyte" for part in ("train", "test") for kind in ("images-idx3", "labels-idx1")
    ]
    shapes = [shape for count in counts for shape in ((count, 28, 28), (count,))]
    a, b, c, d = (
        File(name, shape, 0, packed=Packed(f"{name}.gz", md5=md5))
        for name, shape, md5 in zip(names, shapes, hashes.split(), strict=True)
    )
    return Entry(
        name=f"emnist-{split}",
        title=f"EMNIST {TITLES.get(split, split.capitalize())}",
        description=f"{what}, handwritten, 28×28, white on black, from NIST Special Database 19.",
        classes=classes,
        licence="none stated; NIST, G. Cohen, S. Afshar, J. Tapson, A. van Schaik",
        homepage="https://www.nist.gov/itl/products-and-services/emnist-dataset",
        folder="EMNIST",
        sources=("https://biometrics.nist.gov/cs_links/EMNIST/", "https://www.itl.nist.gov/iaui/vip/cs_links/EMNIST/"),
        files=(a, b, c, d),
        framing="mass",
        archive=ARCHIVE,
        first_label=1 if split == "letters" else 0,
        is_transposed=True,
    )


ENTRIES = {f"emnist-{split}": _entry(split) for split in SPLITS}
