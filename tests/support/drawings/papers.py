"""Conditions of the ground: ruled and squared paper, cells, frames, sheets on a desk, cloth."""

import numpy as np

from drawings.canvas import PAPER, Colour, Floats, Layer, Shape, Subject, clouds, grain, grid, jpeg, paint, png, sheet

SHAPE = (420, 420)
BLUE: Colour = (120, 150, 205)


def ruled(subject: Subject, rng: np.random.Generator) -> bytes:
    """Ruled paper with pale blue lines."""
    return png(_ruled(subject, rng, (176, 196, 226)))


def ruled_dark(subject: Subject, rng: np.random.Generator) -> bytes:
    """Ruled paper whose lines are half as dark as the ink."""
    return png(_ruled(subject, rng, (100, 116, 150)))


def squared(subject: Subject, rng: np.random.Generator) -> bytes:
    """Squared paper as in mathematics exercise books."""
    ground = sheet(SHAPE)
    step, start = rng.integers(34, 56), rng.integers(30)
    ground[start::step] = ground[:, start::step] = (168, 190, 222)
    return png(paint(ground, subject.layer(SHAPE), subject.dark))


def margin(subject: Subject, rng: np.random.Generator) -> bytes:
    """The red margin line of an exercise book beside the object."""
    ground = sheet(SHAPE)
    edge = int(rng.uniform(0.06, 0.16) * SHAPE[1])
    ground[:, edge : edge + 3] = (214, 92, 96)
    return png(paint(ground, subject.layer(SHAPE, spot=(0.58, 0.5), scale=0.9), subject.dark))


def cell(subject: Subject, rng: np.random.Generator) -> bytes:
    """A cell cut out of a sudoku: dark lines on two to four sides, some broader."""
    shape = (120, 120)
    image = paint(sheet(shape, (255, 255, 255)), subject.layer(shape, scale=1.1), subject.dark)
    for side in rng.permutation(4)[: rng.integers(2, 5)]:
        width = rng.integers(2, 6)
        _turned(image, int(side))[:width] = 12
    return png(image)


def cell_inside(subject: Subject, rng: np.random.Generator) -> bytes:
    """A cell cut out too large: its lines run a little inside the image, past the corners."""
    shape = (160, 160)
    image = paint(sheet(shape, (250, 250, 248)), subject.layer(shape, scale=0.95), subject.dark)
    low, high = rng.integers(6, 14), shape[0] - rng.integers(8, 15)
    for line in (low, high):
        image[line : line + 2] = image[:, line : line + 2] = 30
    return png(image)


def box(subject: Subject, rng: np.random.Generator) -> bytes:
    """The box of a form around the object, drawn on a larger sheet."""
    image = paint(sheet(SHAPE), subject.layer(SHAPE, scale=0.8), subject.dark)
    low, high = 58 + rng.integers(8), 358 + rng.integers(8)
    for line in (low, high):
        image[line : line + 3, low : high + 3] = image[low : high + 3, line : line + 3] = (60, 60, 66)
    return png(image)


def frame_thin(subject: Subject, rng: np.random.Generator) -> bytes:
    """A dark frame of one pixel around the image, as screenshots have it."""
    image = paint(sheet(SHAPE), subject.layer(SHAPE), subject.dark)
    image[[0, -1]] = image[:, [0, -1]] = 0
    return png(image)


def frame_thick(subject: Subject, rng: np.random.Generator) -> bytes:
    """A dark frame of a thirtieth of the image around it."""
    image = paint(sheet(SHAPE), subject.layer(SHAPE, scale=0.9), subject.dark)
    width = 14
    image[:width] = image[-width:] = image[:, :width] = image[:, -width:] = (30, 28, 28)
    return png(image)


def scanner_strip(subject: Subject, rng: np.random.Generator) -> bytes:
    """A black strip along one edge, where the scanner's lid was open."""
    image = paint(sheet(SHAPE), subject.layer(SHAPE, scale=0.9), subject.dark)
    _turned(image, int(rng.integers(4)))[: rng.integers(8, 22)] = 6
    return png(grain(image, 1, rng))


def on_desk(subject: Subject, rng: np.random.Generator) -> bytes:
    """A sheet of paper on a wooden desk."""
    shape = (600, 800)
    wood = _wood(shape, rng)
    top, left = rng.integers(60, 110), rng.integers(120, 190)
    wood[top : top + 440, left : left + 460] = PAPER
    spot = ((left + 230) / shape[1], (top + 220) / shape[0])
    return jpeg(grain(paint(wood, subject.layer(shape, spot, scale=0.55), subject.dark), 2, rng))


def edge_of_sheet(subject: Subject, rng: np.random.Generator) -> bytes:
    """The sheet ends before the image does; beyond it is the desk."""
    shape = (450, 600)
    image = sheet(shape)
    width = rng.integers(40, 90)
    image[:, -width:] = _wood(shape, rng)[:, -width:]
    image = image[:, ::-1] if rng.integers(2) else image
    return jpeg(paint(image, subject.layer(shape, scale=0.7), subject.dark))


def tilted_sheet(subject: Subject, rng: np.random.Generator) -> bytes:
    """A sheet that lies askew on a dark desk, so that the desk shows in the corners."""
    shape = (500, 500)
    x, y = grid(shape)
    angle = np.radians(rng.uniform(4, 9)) * rng.choice([-1, 1])
    u, v = (x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle), (y - 0.5) * np.cos(angle) - (x - 0.5) * np.sin(angle)
    inside = ((np.abs(u) < 0.43) & (np.abs(v) < 0.43))[:, :, None]
    image = np.where(inside, np.array(PAPER, np.float32), _wood(shape, rng)).astype(np.float32)
    return jpeg(grain(paint(image, subject.layer(shape, scale=0.8), subject.dark), 2, rng))


def cardboard(subject: Subject, rng: np.random.Generator) -> bytes:
    """Brown cardboard with fibres."""
    ground = sheet(SHAPE, (186, 150, 108)) + 9 * clouds(SHAPE, 60, rng)[:, :, None]
    return jpeg(grain(paint(ground, subject.layer(SHAPE), subject.dark), 4, rng))


def old_paper(subject: Subject, rng: np.random.Generator) -> bytes:
    """Old paper with large pale stains."""
    ground = sheet(SHAPE, (226, 208, 170)) + 14 * clouds(SHAPE, 6, rng)[:, :, None]
    return jpeg(grain(paint(ground, subject.layer(SHAPE), subject.dark), 2, rng))


def woven(subject: Subject, rng: np.random.Generator) -> bytes:
    """Coarse cloth: a fine regular weave."""
    x, y = grid(SHAPE)
    weave = 10 * np.sin(2 * np.pi * 70 * x) * np.sin(2 * np.pi * 70 * y)
    ground = sheet(SHAPE, (206, 202, 192)) + weave[:, :, None]
    return png(grain(paint(ground, subject.layer(SHAPE), subject.dark), 2, rng))


def show_through(subject: Subject, rng: np.random.Generator) -> bytes:
    """Writing on the back of the sheet shows through, pale and mirrored."""
    other = Subject("digit", int(rng.integers(10)), rng).layer(SHAPE, spot=(0.25, 0.5))
    ground = paint(sheet(SHAPE), Layer(other.coverage[:, ::-1] * 0.5, other.shade), (214, 212, 208))
    return png(paint(ground, subject.layer(SHAPE), subject.dark))


def letterbox(subject: Subject, rng: np.random.Generator) -> bytes:
    """Black bars above and below, as in a screenshot of a phone."""
    image = paint(sheet(SHAPE), subject.layer(SHAPE, scale=0.75), subject.dark)
    height = int(rng.uniform(0.1, 0.16) * SHAPE[0])
    image[:height] = image[-height:] = 0
    return png(image)


def instant_photo(subject: Subject, rng: np.random.Generator) -> bytes:
    """A white frame, broader below, around a photo of a darker ground."""
    image = paint(sheet(SHAPE, (178, 170, 160)), subject.layer(SHAPE, (0.5, 0.46), scale=0.75), subject.dark)
    image[:24] = image[-70:] = image[:, :24] = image[:, -24:] = 250
    return jpeg(grain(image, 2, rng))


def dotted(subject: Subject, rng: np.random.Generator) -> bytes:
    """Paper of a notebook with a grid of grey dots."""
    ground = sheet(SHAPE)
    for down, across in ((0, 0), (0, 1), (1, 0), (1, 1)):
        ground[12 + down :: 26, 14 + across :: 26] = (150, 150, 156)
    return png(paint(ground, subject.layer(SHAPE), subject.dark))


def sticky_note(subject: Subject, rng: np.random.Generator) -> bytes:
    """A yellow note on a white wall."""
    image = sheet(SHAPE, (236, 236, 234))
    top, left = rng.integers(20, 60, 2)
    image[top : top + 340, left : left + 340] = (250, 226, 90)
    spot = ((left + 170) / SHAPE[1], (top + 170) / SHAPE[0])
    return jpeg(grain(paint(image, subject.layer(SHAPE, spot, scale=0.75), subject.dark), 2, rng))


def light_desk(subject: Subject, rng: np.random.Generator) -> bytes:
    """A sheet on a desk that is only a little darker than the paper."""
    image = sheet(SHAPE, (212, 206, 196))
    top, left = rng.integers(24, 60, 2)
    image[top : top + 330, left : left + 330] = PAPER
    spot = ((left + 165) / SHAPE[1], (top + 165) / SHAPE[0])
    return jpeg(grain(paint(image, subject.layer(SHAPE, spot, scale=0.75), subject.dark), 2, rng))


def table(subject: Subject, rng: np.random.Generator) -> bytes:
    """A row of a printed table: dark lines above and below from edge to edge."""
    shape = (220, 360)
    image = paint(sheet(shape, (252, 252, 252)), subject.layer(shape, scale=1.1), subject.dark)
    for line in (rng.integers(8, 22), rng.integers(198, 210)):
        image[line : line + 2] = 40
    return png(image)


def underlined(subject: Subject, rng: np.random.Generator) -> bytes:
    """A dotted line of a form below the object."""
    image = sheet(SHAPE)
    for x in range(60, 360, 12):
        image[366:369, x : x + 4] = (70, 70, 76)
    return png(paint(image, subject.layer(SHAPE, (0.5, 0.43), scale=0.9), subject.dark))


def _ruled(subject: Subject, rng: np.random.Generator, colour: Colour) -> Floats:
    ground = sheet(SHAPE)
    step, start = rng.integers(40, 60), rng.integers(30)
    for line in range(start, SHAPE[0] - 1, step):
        ground[line : line + 2] = colour
    return paint(ground, subject.layer(SHAPE), subject.dark)


def _turned(image: Floats, turns: int) -> Floats:
    """A view of the image, turned, to paint its sides alike."""
    return np.rot90(image, turns)


def _wood(shape: Shape, rng: np.random.Generator) -> Floats:
    """The top of a brown desk."""
    stripes = np.repeat(clouds((shape[0], 8), 24, rng)[:, :1], shape[1], axis=1)
    return sheet(shape, (96, 64, 42)) + 8 * stripes[:, :, None]
