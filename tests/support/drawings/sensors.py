"""Conditions of cameras, scanners and files."""

import numpy as np
from PIL import Image

from drawings.canvas import Subject, blur, clouds, grain, jpeg, paint, png, sheet, to_bytes

SHAPE = (400, 400)


def noisy(subject: Subject, rng: np.random.Generator) -> bytes:
    """A sensor's strong noise, in each colour by itself."""
    image = paint(sheet(SHAPE, (196, 192, 184)), subject.layer(SHAPE), subject.dark)
    return png(image + 18 * rng.standard_normal(image.shape, np.float32))


def jpeg_blocks(subject: Subject, rng: np.random.Generator) -> bytes:
    """A JPEG of the lowest quality, with its blocks."""
    return jpeg(paint(sheet(SHAPE), subject.layer(SHAPE), subject.dark), 8)


def out_of_focus(subject: Subject, rng: np.random.Generator) -> bytes:
    """A lens out of focus."""
    return jpeg(blur(paint(sheet(SHAPE), subject.layer(SHAPE, pen=0.09), subject.dark), 8))


def moved(subject: Subject, rng: np.random.Generator) -> bytes:
    """A camera that moved sideways while it looked."""
    image = paint(sheet(SHAPE), subject.layer(SHAPE, pen=0.1), subject.dark)
    return jpeg(np.mean([np.roll(image, shift, axis=1) for shift in range(-6, 7)], axis=0))


def rotated(subject: Subject, rng: np.random.Generator) -> bytes:
    """A sheet that was held askew by up to twelve degrees."""
    image = paint(sheet(SHAPE), subject.layer(SHAPE, scale=0.9), subject.dark)
    angle = rng.uniform(-12, 12)
    turned = Image.fromarray(to_bytes(image)).rotate(angle, Image.Resampling.BICUBIC, fillcolor=(242, 240, 234))
    return jpeg(np.asarray(turned))


def on_its_side(subject: Subject, rng: np.random.Generator) -> bytes:
    """Stored on its side, with the EXIF orientation that turns it upright."""
    image = paint(sheet(SHAPE), subject.layer(SHAPE), subject.dark)
    exif = Image.Exif()
    exif[0x0112] = 6
    return jpeg(np.rot90(image), exif=exif)


def twelve_megapixels(subject: Subject, rng: np.random.Generator) -> bytes:
    """A photo of a phone: 4000 × 3000 pixels."""
    small = (750, 1000)
    image = grain(paint(sheet(small), subject.layer(small, scale=0.8), subject.dark), 3, rng)
    large = Image.fromarray(to_bytes(image)).resize((4000, 3000), Image.Resampling.BICUBIC)
    return jpeg(np.asarray(large))


def ten_bits(subject: Subject, rng: np.random.Generator) -> bytes:
    """Ten bits in a 16-bit PNG: black near 64, paper near 940."""
    grey = paint(sheet(SHAPE), subject.layer(SHAPE), (30, 30, 30))[:, :, 0]
    return png(np.rint(64 + grey * 3.6 + rng.normal(0, 3, SHAPE)).astype(np.uint16))


def twelve_bits(subject: Subject, rng: np.random.Generator) -> bytes:
    """Twelve bits in a 16-bit PNG, light on dark."""
    grey = paint(sheet(SHAPE, (20, 20, 20)), subject.layer(SHAPE), (230, 230, 230))[:, :, 0]
    return png(np.rint(grey * 16).astype(np.uint16))


def sixteen_bits(subject: Subject, rng: np.random.Generator) -> bytes:
    """A 16-bit PNG that uses all sixteen bits."""
    grey = paint(sheet(SHAPE), subject.layer(SHAPE), (30, 30, 30))[:, :, 0]
    return png(np.rint(grey * 257).astype(np.uint16))


def one_bit(subject: Subject, rng: np.random.Generator) -> bytes:
    """A fax or a mask: black and white alone."""
    grey = paint(sheet(SHAPE), subject.layer(SHAPE), (0, 0, 0))[:, :, 0]
    return png(Image.fromarray(to_bytes(grey)).convert("1", dither=Image.Dither.NONE))


def mask(subject: Subject, rng: np.random.Generator) -> bytes:
    """A segmentation mask in a PNG: 0 and 1 in bytes."""
    return png((subject.layer(SHAPE).coverage > 0.5).astype(np.uint8))


def transparent(subject: Subject, rng: np.random.Generator) -> bytes:
    """A drawing on nothing: a transparent PNG."""
    layer = subject.layer(SHAPE)
    colour = paint(sheet(SHAPE, (0, 0, 0)), layer, subject.dark)
    return png(np.dstack([to_bytes(colour), to_bytes(255 * layer.coverage)]))


def transparent_light(subject: Subject, rng: np.random.Generator) -> bytes:
    """A light drawing on nothing: a transparent PNG."""
    layer = subject.layer(SHAPE)
    return png(np.dstack([to_bytes(sheet(SHAPE, subject.pale)), to_bytes(255 * layer.coverage)]))


def palette(subject: Subject, rng: np.random.Generator) -> bytes:
    """A PNG of eight colours."""
    image = Image.fromarray(to_bytes(paint(sheet(SHAPE), subject.layer(SHAPE), subject.dark)))
    return png(image.quantize(8))


def screen(subject: Subject, rng: np.random.Generator) -> bytes:
    """Photographed from a screen: a moiré of fine stripes."""
    image = paint(sheet(SHAPE, (214, 222, 232)), subject.layer(SHAPE), (30, 34, 40))
    rows = 9 * np.sin(np.arange(SHAPE[0]) * 1.9) + 7 * np.sin(np.arange(SHAPE[0]) * 0.13)
    return jpeg(grain(image + rows[:, None, None] + 5 * clouds(SHAPE, 4, rng)[:, :, None], 2, rng))


def sharpened(subject: Subject, rng: np.random.Generator) -> bytes:
    """Sharpened too much: bright seams around all that is dark."""
    image = blur(paint(sheet(SHAPE, (214, 212, 206)), subject.layer(SHAPE), subject.dark), 1.5)
    return jpeg(image + 2.2 * (image - blur(image, 3)))


def banding(subject: Subject, rng: np.random.Generator) -> bytes:
    """The bands of flickering light in a phone's video."""
    image = paint(sheet(SHAPE, (206, 204, 198)), subject.layer(SHAPE), subject.dark)
    rows = 1 + 0.12 * np.sin(np.arange(SHAPE[0]) * rng.uniform(0.04, 0.06))
    return jpeg(grain(image * rows[:, None, None], 2, rng))


def few_levels(subject: Subject, rng: np.random.Generator) -> bytes:
    """Only six levels of each colour, so that a sloping ground has steps."""
    light = np.linspace(0.75, 1, SHAPE[1], dtype=np.float32)[None, :, None]
    image = paint(sheet(SHAPE), subject.layer(SHAPE), subject.dark) * light
    return png(np.rint(image / 51) * 51)


def four_inks(subject: Subject, rng: np.random.Generator) -> bytes:
    """A JPEG for printers: cyan, magenta, yellow and black."""
    image = Image.fromarray(to_bytes(paint(sheet(SHAPE), subject.layer(SHAPE), subject.dark))).convert("CMYK")
    return jpeg(np.asarray(image))
