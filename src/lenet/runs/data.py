"""The data set that a run was trained on."""

from pathlib import Path
from typing import TYPE_CHECKING

from lenet.data.catalogue import CATALOGUE
from lenet.data.dataset import Splits
from lenet.data.loading import load
from lenet.data.locate import locate
from lenet.errors import DataError
from lenet.runs.run import Run

if TYPE_CHECKING:
    from lenet.data.download import MakeBar


def load_data(run: Run, data_dir: str | None = None, progress: "MakeBar | None" = None) -> Splits:
    """Load the data set of a run.

    Args:
        run: the run.
        data_dir: where to look before LENET_DATA, the cache, and the folder that the run was trained from.
        progress: makes a progress bar for each file that is downloaded.

    Raises:
        DataError: for a run on the user's own data, or if the data cannot be loaded.
    """
    name, folder = run.resolved.data, run.resolved.data_folder
    if name not in CATALOGUE and folder is not None and Path(folder).exists():
        config = run.config
        return load(Path(folder), **config.own_data | {"size": run.preprocessing.size})
    if name not in CATALOGUE:
        raise DataError(
            f"{run.path} was trained on data of your own, {name!r}, which cannot be found by its name",
            hint=f"in Python: lenet.evaluate({str(run.path)!r}, data), lenet.resume({str(run.path)!r}, data=data)",
        )
    if folder and Path(folder).is_dir() and locate(name, data_dir) is None:
        data_dir = folder
    return load(name, data_dir, progress=progress)
