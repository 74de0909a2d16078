"""lenet_test.c: up to 16 images with the logits that lenet computes, for trying the C sources where they are to run."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenet.data.dataset import Images
from lenet.deploy.c import text

COUNT = 16
NOISE = "noise"
MAX_PIXELS = 1 << 18  # of all images: a source of a megabyte
TOLERANCE = 1e-3  # of float logits, whose last bits differ from machine to machine

CLASSIFIED = """\
#ifndef LENET_NO_CLASSIFY
        const lenet_answer answer = lenet_classify(images[image]);
        if (answer.label != best || (unknown[image] != EITHER && answer.unknown != unknown[image])) differs = 1;
#endif
"""
EITHER = 2  # for an outlier score so near its limit that another rounding may decide
NEAR = 0.01

CODE = """
/* Returns how many of the images have other logits than lenet's. */
int lenet_self_test(void);

int lenet_self_test(void)
{
    int failures = 0;
    for (int image = 0; image < IMAGES; image++) {
        float logits[LENET_CLASSES];
        int best = 0, differs = 0;
        lenet_logits(images[image], logits);
        for (int label = 0; label < LENET_CLASSES; label++) {
            const float wanted = expected[image][label], difference = logits[label] - wanted;
            const float tolerance = TOLERANCE * (1.0f + (wanted < 0.0f ? -wanted : wanted));
            if (!(difference <= tolerance && difference >= -tolerance)) differs = 1;
            if (logits[label] > logits[best]) best = label;
        }
{classified}        if (differs || best != lenet_predict(images[image])) failures++;
    }
    return failures;
}

#ifndef LENET_NO_MAIN
#include <stdio.h>

int main(void)
{
    const int failures = lenet_self_test();
    printf("%d of %d images have the expected logits\\n", IMAGES - failures, IMAGES);
    return failures != 0;
}
#endif
"""


@dataclass(frozen=True, eq=False)
class SelfTestImages:
    """Images for the self-test.

    Attributes:
        images: uint8 (N, height, width) or (N, height, width, 3).
        origin: what they are, for a comment.
    """

    images: Images
    origin: str

    @classmethod
    def of(cls, images: Images, name: str) -> "SelfTestImages":
        """Return up to 16 images of a data set, evenly spread."""
        places = np.linspace(0, len(images) - 1, min(_count(images.shape[1:]), len(images))).astype(int)
        return cls(np.ascontiguousarray(images[places]), f"test images of {name}")

    @classmethod
    def made_up(cls, shape: tuple[int, ...]) -> "SelfTestImages":
        """Return images of noise, of increasing contrast, for when no data set is at hand."""
        count = _count(shape)
        noise = np.random.default_rng(0).integers(0, 256, (count, *shape))
        contrast = np.linspace(1 / count, 1, count).reshape(-1, *[1] * len(shape))
        return cls((noise * contrast).astype(np.uint8), NOISE)


@dataclass(frozen=True, eq=False)
class Expected:
    """What the C source must compute for N images.

    Attributes:
        logits: (N, num_classes).
        is_exact: whether it computes them bit for bit.
        outlier_scores: (N,), of the calibration; None without lenet_classify.
    """

    logits: NDArray[np.float32]
    is_exact: bool
    outlier_scores: NDArray[np.float64] | None = None


def self_test(images: SelfTestImages, expected: Expected, first_line: str) -> str:
    """Return the content of lenet_test.c; `first_line` says what the files are, for a comment."""
    tolerance = text.number(0.0 if expected.is_exact else TOLERANCE)
    rows = "".join(f"    {{\n{text.lines(map(str, image.ravel().tolist()))}    }},\n" for image in images.images)
    wanted = "".join(f"    {{\n{text.lines(map(text.number, row))}    }},\n" for row in expected.logits)
    return f"""/* {first_line}
 *
 * A self-test with {text.commented(images.origin)}: cc -std=c99 lenet.c lenet_test.c && ./a.out
 * Without stdio: compile with -DLENET_NO_MAIN and call lenet_self_test, which returns 0 if all is well. */
#include "lenet.h"

#define IMAGES {len(images.images)}
#define TOLERANCE {tolerance}

static const uint8_t images[IMAGES][LENET_PIXELS] = {{
{rows}}};

static const float expected[IMAGES][LENET_CLASSES] = {{
{wanted}}};
{_unknown(expected.outlier_scores)}{CODE.replace("{classified}", "" if expected.outlier_scores is None else CLASSIFIED)}"""


def _unknown(scores: NDArray[np.float64] | None) -> str:
    if scores is None:
        return ""
    values = np.where(np.abs(scores - 1) < NEAR, EITHER, scores > 1)
    return f"""
#ifndef LENET_NO_CLASSIFY
#define EITHER {EITHER}
static const int unknown[IMAGES] = {{{", ".join(map(str, values.tolist()))}}};
#endif
"""


def _count(shape: tuple[int, ...]) -> int:
    return max(1, min(COUNT, MAX_PIXELS // int(np.prod(shape))))
