"""lenet.h: the interface of the C sources."""

from dataclasses import dataclass

from lenet.deploy.c.text import string
from lenet.networks.trained import TrainedNetwork

CLASSIFY = """
/* The answer for an image, and what it is worth. -DLENET_NO_CLASSIFY leaves it out. */
#ifndef LENET_NO_CLASSIFY
typedef struct {
    int label;         /* from 0 to LENET_CLASSES - 1 */
    float probability; /* the share of such answers that are right */
    int unknown;       /* 1 for an image that is unlike those that the network was trained on, else 0 */
} lenet_answer;

lenet_answer lenet_classify(const uint8_t *pixels);
lenet_answer lenet_classify_in(const uint8_t *pixels, lenet_work *work);
#endif
"""


@dataclass(frozen=True)
class Work:
    """The work memory of the C sources.

    Attributes:
        kind: "float" or "uint8_t", of its values.
        values: how many.
        sums: how many int32_t sums there are beside them.
    """

    kind: str
    values: int
    sums: int = 0

    @property
    def size(self) -> int:
        """Bytes."""
        return 4 * self.sums + (4 if self.kind == "float" else 1) * self.padded

    @property
    def padded(self) -> int:
        """Values, at least one, and so many that the whole is a multiple of 4 bytes beside sums."""
        values = max(self.values, 1)
        return -(-values // 4) * 4 if self.sums else values


def header(trained: TrainedNetwork, work: Work, first_line: str, has_classify: bool = False) -> str:
    """Return the content of lenet.h.

    Args:
        trained: the network.
        work: its work memory.
        first_line: what it is, for a comment.
        has_classify: whether there is lenet_classify.
    """
    height, width = trained.preprocessing.size
    channels = trained.preprocessing.channels
    order = "from left to right and top to bottom" + (", red, green and blue of each" if channels == 3 else "")
    members = ([f"    int32_t sums[{work.sums}];"] if work.sums else []) + [f"    {work.kind} values[{work.padded}];"]
    names = ", \\\n    ".join(map(string, trained.classes))
    return f"""/* {first_line}
 *
 * An image is LENET_PIXELS bytes, {order}; 0 is black. */
#ifndef LENET_H
#define LENET_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {{
#endif

#define LENET_HEIGHT {height}
#define LENET_WIDTH {width}
#define LENET_CHANNELS {channels}
#define LENET_PIXELS {height * width * channels}L
#define LENET_CLASSES {len(trained.classes)}
#define LENET_WORK_SIZE {work.size}L /* bytes of lenet_work */

/* The names of the classes: static const char *const names[LENET_CLASSES] = LENET_NAMES; */
#define LENET_NAMES {{ \\
    {names} }}

/* Returns the class of an image, from 0 to LENET_CLASSES - 1. */
int lenet_predict(const uint8_t *pixels);

/* Computes one number for each class; the class of the largest is the answer, the softmax of all are probabilities. */
void lenet_logits(const uint8_t *pixels, float *logits);

/* The same in work memory of the caller's, for several tasks at once. Compile lenet.c with -DLENET_CALLER_WORK to leave out
 * the two functions above and their static memory. */
typedef struct {{
{chr(10).join(members)}
}} lenet_work;

int lenet_predict_in(const uint8_t *pixels, lenet_work *work);
void lenet_logits_in(const uint8_t *pixels, float *logits, lenet_work *work);
{CLASSIFY if has_classify else ""}
#ifdef __cplusplus
}}
#endif

#endif
"""
