"""What the page holds: networks, their training, images and numbers, as JSON values and NumPy arrays.

    data = page_data("runs/first", "runs/second")

docs/explorer.md describes it. The same runs give the same data.
"""

import os
from collections.abc import Sequence
from typing import Any

from lenet.data.dataset import Splits
from lenet.errors import LenetError
from lenet.explorer.description import describe, name_of
from lenet.explorer.measured import NOTHING, Network, measure
from lenet.explorer.replay import replay
from lenet.networks.trained import TrainedNetwork
from lenet.runs.data import must_fit, splits_for
from lenet.runs.opening import Source, network_of, open_trained
from lenet.runs.run import Run
from lenet.version import __version__

FORMAT = 1


def page_data(
    run: Source,
    other: "Source | None" = None,
    *,
    data: str | os.PathLike[str] | Splits | None = None,
    data_dir: str | None = None,
    num_images: int | None = None,
    positions: Sequence[int] | None = None,
) -> dict[str, Any]:
    """Make the data of a page.

    Args:
        run: a run, its directory, a ready-made network, a weights file, or one on the Hub.
        other: a second one of the same classes and input; one of others is left out, and a notice says why.
        data: the data set whose images the page holds; by default that of the run.
        data_dir: where to look for the data first.
        num_images: test images of the page; by default 1,000, or fewer if they are large.
        positions: of the test images of the page, which are chosen otherwise.

    Returns:
        JSON values with NumPy arrays in them, for `build.page`.

    Raises:
        RunError: if a run cannot be read.
        ModelError: if a module is not a chain of lenet's layers.
    """
    networks, notices = [opened(run)], list[str]()
    if other is not None:
        networks, notices = _pair(networks[0], opened(other))
    for network in networks:
        if isinstance(network, Run) and network.stopped:
            notices.append(network.stopped.notice)
    shown = None
    try:
        splits = splits_for(networks[0], data, data_dir)
        must_fit(networks[0], splits.test)
        must_fit(networks[0], splits.train)
        shown, parts = measure(networks, splits, num_images, positions)
    except LenetError as error:
        hint = f" ({error.hint})" if error.hint else ""
        notices.append(f"There are no images of the data set here: {error.message}{hint}.")
        parts = [dict(NOTHING) for _ in networks]
    runs = [
        describe(network) | part | replay(network, shown, (part["embeddings"] or {}).get("map"))
        for network, part in zip(networks, parts, strict=True)
    ]
    return {"format": FORMAT, "version": __version__, "runs": runs, "notices": notices}


def opened(source: Source) -> Network:
    """Return the run or network of a source; of a module, what its layers compute.

    Raises:
        RunError: if it cannot be read.
        ModelError: if a module is not a chain of lenet's layers.
    """
    trained = open_trained(source)
    if isinstance(trained, Run | TrainedNetwork):
        return trained
    from lenet.pytorch.described import as_trained

    return as_trained(trained)


def _pair(first: Network, second: Network) -> tuple[list[Network], list[str]]:
    """Both networks if the page can show them side by side, else the first and a sentence that says why."""
    one, two = network_of(first), network_of(second)
    if one.classes != two.classes:
        reason = f"it has the classes {', '.join(two.classes)}, not {', '.join(one.classes)}"
    elif one.preprocessing.shape != two.preprocessing.shape:
        reason = f"it takes images of {two.preprocessing.kind}, not {one.preprocessing.kind}"
    else:
        return [first, second], []
    return [first], [f"{name_of(second)} is not shown beside {name_of(first)}: {reason}."]
