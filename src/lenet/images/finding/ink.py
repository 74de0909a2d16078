"""Finding ink: what is thin and stands out from its ground, as a digit on paper (framing "mass").

A stroke is thinner than what it is written on. So the ground of dark ink is the image after a closing with a square wider
than the strokes: it fills what is narrower, and keeps what is wider, such as shadows with hard edges, a desk, and the
darker corners of a photo. Light ink is the same in the inverse image.

How wide the strokes are, and whether they are dark, is not known. So the image is read in several ways, each with what it
keeps and what it drops, and the most plausible reading wins: that with the smoothest ground, least noise, and strokes.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lenet.images.finding.components import Components, Ints, box_of, label
from lenet.images.finding.filters import Floats, blurred, closing, dilated, eroded
from lenet.images.finding.lines import ruling
from lenet.images.finding.quantiles import median
from lenet.images.finding.reading import MIN_CONTRAST, Reading, gaps
from lenet.images.found import Mask

REACHES = (1 / 24, 1 / 12, 1 / 6, 1 / 3)  # half the width of the squares, as shares of the image's longest edge
MIN_RISE = 1 / 4  # of the strongest ink: ink has steep edges, and the blur or shadow around it is not ink
SOFT = 0.06  # of the object's size: how far its soft edges reach, in which it may be as pale as this share
MIN_SOFT = 1 / 32
NEAR = 0.15  # of the object's size: how far away what belongs to it may lie


def find_ink(grey: Floats) -> Reading | None:
    """Find what is written in an image.

    Args:
        grey: float32 (height, width), some hundred pixels along each edge.

    Returns:
        The most plausible reading; None if nothing stands out from the ground.
    """
    smooth = blurred(grey, 1)
    grounds = [
        ground
        for sign in (-1, 1)  # dark ink, then light ink
        for share in REACHES
        if (ground := _ground(grey, smooth, sign, max(2, round(share * max(grey.shape))))) is not None
    ]
    best: Reading | None = None
    for ground in sorted(grounds, key=lambda ground: ground.least_cost):
        if best is not None and ground.least_cost >= best.cost:
            break
        reading = _read(ground)
        if reading is not None and (best is None or reading.cost < best.cost):
            best = reading
    return best


@dataclass(frozen=True, eq=False)
class _Ground:
    """A ground that an image may have, and what stands out from it.

    Attributes:
        relief: float32 (height, width): how far the image differs from it.
        noise: How far noise lets the relief rise above zero (three stds).
        strongest: The strongest ink.
        roughness: How rough the ground is: the sum of its steps, by its longest edge.
    """

    relief: Floats
    noise: float
    strongest: float
    roughness: float

    def cost(self, strength: float) -> float:
        """What noise and roughness add to the cost of a reading whose ink is so strong."""
        return (self.roughness + 10 / 3 * self.noise) / strength

    @cached_property
    def least_cost(self) -> float:
        """The least cost that a reading with this ground can have."""
        return self.cost(float(self.relief.max()))


def _ground(grey: Floats, smooth: Floats, sign: int, reach: int) -> _Ground | None:
    """The ground of ink that is darker (sign -1) or lighter (1), closed by squares of a reach; None if nothing stands out."""
    ground = blurred(closing(-sign * smooth, reach), reach / 4)
    relief = ground + grey if sign == 1 else ground - grey
    half = relief.size // 2
    ordered = np.partition(relief, half, axis=None)
    level = ordered[half]  # ink covers less than half of the image
    relief -= level
    middle = np.count_nonzero(relief <= 0) // 2
    noise = 3 * 1.4826 * float(level - np.partition(ordered[: half + 1], middle)[middle])
    count = max(1, relief.size // 2000)
    strongest = float(np.partition(ordered[half:], -count)[-count] - level)
    if strongest < max(MIN_CONTRAST, 5 / 3 * noise):
        return None
    steps = sum(float(np.abs(np.diff(ground, axis=axis)).sum()) for axis in (0, 1))
    return _Ground(relief, noise, strongest, steps / max(grey.shape))


def _read(ground: _Ground) -> Reading | None:
    """Read what stands out from a ground: which of it is the object, and how plausible that is."""
    relief, noise, strongest = ground.relief, ground.noise, ground.strongest
    mask = relief > max(4 / 3 * noise, strongest * MIN_RISE)
    components = label(mask)
    if _spans(components).any():
        mask &= ~ruling(mask, relief)
        components = label(mask)
    if not len(components):
        return None
    chosen, touches = _belonging(components, relief)
    kept = components.keep(chosen)
    box = box_of(kept)
    reach = max(1, round(SOFT * max(box.height, box.width)))
    kept |= dilated(kept, reach) & (relief > max(noise, strongest * MIN_SOFT)) & ~mask
    dropped = mask & ~kept
    cost = _cost(ground, kept, dropped) + touches
    return Reading(relief, noise, parts_of(kept), kept, dropped, cost)


def _spans(components: Components) -> Mask:
    """Which components reach from one edge of the image to the opposite one."""
    reaches = components.contacts > 0
    return np.asarray((reaches[:, 0] & reaches[:, 1]) | (reaches[:, 2] & reaches[:, 3]))


def _belonging(components: Components, relief: Floats) -> tuple[Mask, float]:
    """Which components belong to the object, and how implausible it is that it touches the border.

    The object is what has most ink and extent; frames, lines and neighbours' strokes touch the border, so what does comes
    last. A box or circle around the object is none of it.
    """
    mass, sizes = components.sums(relief), components.sizes
    touching = np.asarray(components.contacts.any(axis=1))
    along = components.contacts.max(axis=1) > 0.5 * sizes  # as a frame or a strip
    rank = mass * sizes * np.where(along, 0.02, np.where(touching, 0.3, 1))
    main = int(rank.argmax())
    while True:
        inner = _inside(components.boxes, components.boxes[main])
        inner &= (mass >= 0.2 * mass[main]) & (sizes >= 0.3 * sizes[main])
        if not inner.any():
            break
        main = int(np.where(inner, rank, 0).argmax())
    around = _inside(components.boxes[main], components.boxes) & (mass <= 5 * mass[main]) & (0.3 * sizes <= sizes[main])
    chosen = np.arange(len(components)) == main
    possible = ~around & (~touching | touching[main])
    while True:
        apart = gaps(components.boxes, components.boxes[chosen])
        near = (apart <= NEAR * sizes[main]) & (mass >= 0.02 * mass[main])
        similar = (sizes >= 0.5 * sizes[main]) & (mass >= 0.2 * mass[main])
        more = chosen | (possible & (near | similar))
        if (more == chosen).all():
            return chosen, 0.6 * float(touching[main]) + 0.8 * float(along[main])
        chosen = more


def _inside(inner: Ints, outer: Ints) -> Mask:
    """Whether boxes (…, 4) lie inside others, away from their sides."""
    inset = np.maximum(2, 0.03 * np.maximum(outer[..., 1] - outer[..., 0], outer[..., 3] - outer[..., 2]))
    return np.asarray(((inner - outer) * np.array([1, -1, 1, -1]) >= inset[..., None]).all(axis=-1))


def _cost(ground: _Ground, kept: Mask, dropped: Mask) -> float:
    """How implausible a reading is: by a rough ground, noise, uneven ink, no strokes, and much that is dropped.

    The main term is the ground's roughness: in the wrong reading it shows the outlines of the ink.
    """
    ink = ground.relief[kept]
    strength = median(ink)
    box = box_of(kept)
    low, high = sorted((box.height, box.width))
    is_sheet = bool(np.count_nonzero(kept) > 0.75 * low * high and low > 0.5 * high)
    is_solid = is_sheet or bool(eroded(kept, max(1, round(0.2 * high))).any())
    return float(ink.std()) / strength + ground.cost(strength) + 3 * is_solid + np.count_nonzero(dropped) / dropped.size


def parts_of(kept: Mask) -> tuple[Mask, ...]:
    """Split what is kept into parts of similar size, left to right: one for a digit, three for a number of three.

    A part is as high as six tenths of the whole. What is lower, such as the bar of a 5, belongs to the part beside it, and
    parts that lie above each other are one.
    """
    components = label(kept)
    boxes = components.boxes
    heights = boxes[:, 1] - boxes[:, 0]
    tall = np.flatnonzero(heights >= 0.6 * (boxes[:, 1].max() - boxes[:, 0].min()))
    if len(tall) < 2:
        return (kept,)
    groups = [[int(number)] for number in tall[np.argsort(boxes[tall, 2:].sum(axis=1), kind="stable")]]
    for left, right in zip(groups[-2::-1], groups[:0:-1], strict=True):
        if _overlap(boxes[left[0]], boxes[right[0]]) > 0.6:
            left += right
            right.clear()
    groups = [group for group in groups if group]
    for number in np.setdiff1d(np.arange(len(components)), tall):
        apart = [gaps(boxes[number : number + 1, [2, 3, 2, 3]], boxes[group][:, [2, 3, 2, 3]])[0] for group in groups]
        groups[int(np.argmin(apart))].append(int(number))
    return tuple(components.keep(np.isin(np.arange(len(components)), group)) for group in groups)


def _overlap(one: Ints, other: Ints) -> float:
    """How much of the narrower of two boxes lies above or below the other, as a share of its width."""
    common = min(one[3], other[3]) - max(one[2], other[2])
    return max(0.0, float(common)) / float(min(one[3] - one[2], other[3] - other[2]))
