"""What a model card says that was not measured: names, the licence, where the network is published."""

import re
from dataclasses import dataclass

from lenet.data.catalogue import CATALOGUE
from lenet.deploy.card.measured import Measured
from lenet.errors import ConfigError
from lenet.networks.trained import TrainedNetwork
from lenet.runs.command import data_of

# The names of data sets on the Hugging Face Hub, for the front matter.
HUB_DATASETS = {"fashion-mnist": "zalando-datasets/fashion_mnist", "mnist": "ylecun/mnist"}
LICENCE = re.compile(r"[a-z0-9][a-z0-9.-]{0,60}")
MAX_TITLE = 100


@dataclass(frozen=True)
class About:
    """What the author of a card decides.

    Attributes:
        title: heading of the card; by default the model and its data set.
        licence: of the network, as the Hub names licences, such as mit; None leaves it open.
        repository: where it is published, user/name.
        run: what the commands of the card call the network, if it is not published.
        pictures: whether the card has images.

    Raises:
        ConfigError: the licence is no name that the Hub can know, or the title is empty, too long or several lines.
    """

    title: str | None = None
    licence: str | None = None
    repository: str | None = None
    run: str = "RUN"
    pictures: bool = True

    def __post_init__(self) -> None:
        if self.licence is not None and not LICENCE.fullmatch(self.licence):
            raise ConfigError(
                f"the licence is {self.licence[:MAX_TITLE]!r}; expected the Hub's spelling",
                hint="such as mit, apache-2.0, cc-by-4.0",
            )
        title = self.title
        if title is not None and (not title.strip() or len(title) > MAX_TITLE or not title.isprintable()):
            raise ConfigError(f"the title is {title[:MAX_TITLE]!r}; expected one line of 1 to {MAX_TITLE} characters")

    @property
    def address(self) -> str:
        """What stands for the network in a command."""
        return f"hf://{self.repository}" if self.repository else self.run


def title_of(about: About, measured: Measured) -> str:
    """Return the heading of the card."""
    return about.title or f"{model_title(measured.network)} for {data_title(measured)}"


def model_title(network: TrainedNetwork) -> str:
    """Return the model's name as people write it."""
    names = {"lenet": "LeNet", "lenet-avg": "LeNet with average pooling", "lenet-bn": "LeNet with batch normalization"}
    return names.get(network.name, f"Network {network.name}")


def data_title(measured: Measured) -> str:
    """Return the data set's name as people write it."""
    name = data_name(measured)
    return CATALOGUE[name].title if name in CATALOGUE else name


def data_name(measured: Measured) -> str:
    """Return the name of the data set that the network is for: that of its training, else that of the test."""
    return data_of(measured.run) if measured.run else measured.test.name
