"""README.md beside the C sources: what they are, what they take, and how to use them."""

from lenet.deploy.c.lenet_c import Source
from lenet.deploy.c.size import CLASSIFY_STACK, STACK
from lenet.files.untrusted import printable
from lenet.images.preprocess import WHOLE, Preprocessing
from lenet.networks.trained import TrainedNetwork

CLASSIFY = """\
```c
lenet_answer answer = lenet_classify(pixels); /* label, probability, unknown */
```

`answer.unknown` is 1 if the image is unlike those that the network was trained on: take no answer then. It computes in float;
`-DLENET_NO_CLASSIFY` leaves it out, and so does a linker that drops unused functions.

"""


def readme(trained: TrainedNetwork, source: Source, notes: tuple[str, ...], first_line: str) -> str:
    """Return the content of README.md."""
    classes = "\n".join(f"| {number} | {_cell(name)} |" for number, name in enumerate(trained.classes))
    stack = STACK + (CLASSIFY_STACK if source.classify_flash else 0)
    lines = "\n".join(f"- {note}" for note in notes)
    return f"""# A small image classifier in C

{_cell(first_line)}

{lines}

The sources are C99 and need no library: no memory allocation, no stdio, no libm. The memory of {source.work.size:,} bytes is
static; with `-DLENET_CALLER_WORK` it is yours, a `lenet_work` for each task. Add the stack, some {stack} bytes.

## Use

```c
#include "lenet.h"

static uint8_t pixels[LENET_PIXELS];

int label = lenet_predict(pixels); /* from 0 to LENET_CLASSES - 1 */

float logits[LENET_CLASSES];
lenet_logits(pixels, logits);
```

{CLASSIFY if source.classify_flash else ""}{_pixels(trained.preprocessing)}

| label | name |
| --- | --- |
{classes}

## Compile and test

```sh
cc -std=c99 -O2 lenet.c lenet_test.c -o lenet_test && ./lenet_test
```

lenet_test.c compares logits with those that lenet computes. On a board, compile it with `-DLENET_NO_MAIN` and call
`lenet_self_test()`, which returns 0 if all is well. In an Arduino sketch, put lenet.h and lenet.c beside the sketch.

On AVR the constants stay in flash memory (PROGMEM), where an array may have at most 32,767 bytes. Other processors that read
flash memory by special instructions: define the macros at the top of lenet.c.
"""


def _pixels(preprocessing: Preprocessing) -> str:
    height, width = preprocessing.size
    order = "three bytes for each pixel: red, green, blue" if preprocessing.channels == 3 else "one byte for each pixel"
    text = (
        f"An image has {height} rows of {width} pixels, from left to right and top to bottom, {order}; 0 is black, "
        "255 white. The normalisation is part of the network."
    )
    if preprocessing.framing == WHOLE:
        return f"{text} It is a whole image brought to that size."
    ground = {"dark": "light on a dark background", "light": "dark on a light background"}.get(preprocessing.ground)
    framing = {
        "mass": f"scaled into {round(height * 20 / 28)}×{round(width * 20 / 28)} pixels and centred by its centre of mass",
        "box": "scaled to fill the image and centred",
    }[preprocessing.framing]
    return f"{text} The object is {ground or 'on any background'}, {framing}, as in the training images."


def _cell(text: str) -> str:
    return printable(text).replace("|", "\\|")
