"""Test images of our own: a drawn digit or garment, photographed under one of many conditions.

    content = draw("vignette", "digit", label=5, seed=1)     # an encoded image, as in a file
    path = save(folder, "vignette", "digit", label=5, seed=1)

An image follows from condition, kind, label and seed alone. Even seeds are for developing against; odd seeds are held out:
accuracies that are reported or asserted are measured on them alone.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from drawings import cloths, clutter, colours, grounds, lights, papers, pens, sensors, sizes
from drawings.canvas import Subject
from drawings.clothes import NAMES
from drawings.several import write_row

Draw = Callable[[Subject, np.random.Generator], bytes]

__all__ = ["CONDITIONS", "GROUPS", "KINDS", "LABELS", "Condition", "conditions", "draw", "save", "write_row"]

KINDS = ("digit", "garment")
LABELS = {"digit": tuple("0123456789"), "garment": NAMES}

# Groups of conditions, each a function with a sentence.
GROUPS: dict[str, tuple[Draw, ...]] = {
    "pens": (
        pens.plain, pens.thin, pens.thick, pens.pencil, pens.chalk, pens.marker, pens.faint, pens.bleeding, pens.dry,
        pens.brush, pens.crayon,
    ),
    "lights": (
        lights.dark_ground, lights.sloping, lights.vignette, lights.lamp, lights.corner_shadow, lights.shadow_edge,
        lights.window, lights.glare, lights.dim, lights.wrinkled, lights.drop_shadow, lights.torch, lights.dark_sloping,
        lights.two_shadows,
    ),
    "papers": (
        papers.ruled, papers.ruled_dark, papers.squared, papers.margin, papers.cell, papers.cell_inside, papers.box,
        papers.frame_thin, papers.frame_thick, papers.scanner_strip, papers.on_desk, papers.edge_of_sheet,
        papers.tilted_sheet, papers.cardboard, papers.old_paper, papers.woven, papers.show_through, papers.letterbox,
        papers.instant_photo, papers.dotted, papers.sticky_note, papers.light_desk, papers.table, papers.underlined,
    ),
    "colours": (
        colours.equal_brightness, colours.red_on_green, colours.blue_on_grey, colours.yellow_on_white,
        colours.coloured_paper, colours.neon, colours.blue_on_black, colours.two_grounds, colours.many_coloured,
        colours.purple_on_blue,
    ),
    "grounds": (
        grounds.planks, grounds.tiles, grounds.carpet, grounds.bed, grounds.checked, grounds.striped,
        grounds.wall_and_floor, grounds.bricks, grounds.pale_on_white, grounds.dark_on_dark, grounds.marble,
    ),
    "cloths": (
        cloths.stripes, cloths.dots, cloths.tartan, cloths.print_in_front, cloths.two_halves, cloths.camouflage, cloths.shiny,
        cloths.white_on_grey,
    ),
    "clutter": (
        clutter.speck, clutter.dust, clutter.salt_and_pepper, clutter.cut_neighbours, clutter.signature,
        clutter.stroke_beside, clutter.smudge, clutter.hole, clutter.price_tag, clutter.date_stamp, clutter.crease,
        clutter.hanger, clutter.fingers, clutter.pen_beside, clutter.staple, clutter.corner_mark,
    ),
    "sensors": (
        sensors.noisy, sensors.jpeg_blocks, sensors.out_of_focus, sensors.moved, sensors.rotated, sensors.on_its_side,
        sensors.twelve_megapixels, sensors.ten_bits, sensors.twelve_bits, sensors.sixteen_bits, sensors.one_bit,
        sensors.mask, sensors.transparent, sensors.transparent_light, sensors.palette, sensors.screen,
        sensors.sharpened, sensors.banding, sensors.few_levels, sensors.four_inks,
    ),
    "sizes": (
        sizes.small_on_page, sizes.in_corner, sizes.touching, sizes.wide, sizes.tall, sizes.tiny_light, sizes.tiny_dark,
        sizes.tiny_filling, sizes.small_32, sizes.enlarged, sizes.tiny_coloured, sizes.middle_64, sizes.panorama,
        sizes.small_on_dark,
    ),
}  # fmt: skip

DIGITS_ALONE = {
    *(draw.__name__ for draw in GROUPS["pens"][1:]), "ruled", "ruled_dark", "squared", "margin", "cell", "cell_inside", "box",
    "show_through", "cut_neighbours", "stroke_beside", "tiny_light", "tiny_dark", "tiny_filling", "small_32", "enlarged",
    "tiny_coloured", "middle_64", "table", "dotted", "pen_beside",
}  # fmt: skip


@dataclass(frozen=True)
class Condition:
    """Under what an image is made."""

    name: str
    group: str
    sentence: str
    draw: Draw
    kinds: tuple[str, ...]


CONDITIONS: dict[str, Condition] = {
    draw.__name__: Condition(
        draw.__name__,
        group,
        (draw.__doc__ or "").splitlines()[0],
        draw,
        KINDS[1:] if group == "cloths" else KINDS[:1] if draw.__name__ in DIGITS_ALONE else KINDS,
    )
    for group, functions in GROUPS.items()
    for draw in functions
}


def conditions(kind: str) -> list[Condition]:
    """The conditions that there are for digits, or for garments."""
    return [condition for condition in CONDITIONS.values() if kind in condition.kinds]


def draw(condition: str, kind: str, label: int, seed: int) -> bytes:
    """Draw an image: an encoded PNG or JPEG.

    Args:
        condition: A name in CONDITIONS.
        kind: "digit" or "garment".
        label: The class, 0 to 9.
        seed: Even while developing; odd ones are held out.
    """
    rng = np.random.default_rng([zlib.crc32(condition.encode()), KINDS.index(kind), label, seed])
    return CONDITIONS[condition].draw(Subject(kind, label, rng), rng)


def save(folder: Path, condition: str, kind: str, label: int, seed: int) -> Path:
    """Draw an image into a folder; its path."""
    content = draw(condition, kind, label, seed)
    suffix = "png" if content.startswith(b"\x89PNG") else "jpg"
    path = folder / f"{condition}-{LABELS[kind][label].replace(' ', '-').lower()}-{seed}.{suffix}"
    path.write_bytes(content)
    return path
