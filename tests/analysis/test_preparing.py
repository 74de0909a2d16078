import time

import numpy as np

from lenet.analysis.answer import Unreadable
from lenet.analysis.given_images import Given
from lenet.analysis.preparing import BATCH, prepared
from lenet.errors import ImageError
from lenet.images.preprocess import Preprocessing

MNIST = Preprocessing((28, 28), 0.1307, 0.3081)


def test_batches_do_not_depend_on_time() -> None:
    """A module's last bits depend on how many images it sees at once."""

    def given(number: int) -> Given:
        def read() -> np.ndarray:
            time.sleep((number % 3) / 200)
            if number == 5:
                raise ImageError("cannot be read")
            image = np.zeros((28, 28), np.uint8)
            image[8:20, 12 : 14 + number % 4] = 255
            return image

        return Given(str(number), read)

    batches = list(prepared([given(number) for number in range(2 * BATCH + 3)], MNIST))
    assert [len(batch) for batch in batches] == [BATCH, BATCH, 3]
    names = [each.image if isinstance(each, Unreadable) else each.image.name for batch in batches for each in batch]
    assert names == [str(number) for number in range(2 * BATCH + 3)]
    assert isinstance(batches[0][5], Unreadable)
