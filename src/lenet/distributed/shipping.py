"""Data on its way to the nodes: into the object store once, and from there once to each node."""

from typing import Any

from lenet.analysis.own_set import OwnSet
from lenet.data.catalogue import CATALOGUE
from lenet.data.dataset import Splits
from lenet.distributed.orders import DataKey, Shipment, key_of
from lenet.errors import EngineError


class Shipping:
    """Puts data into the object store, each data set once.

    Attributes:
        shipments: by their keys.
    """

    def __init__(self) -> None:
        self.shipments: dict[DataKey, Shipment] = {}
        self._keys: dict[int, tuple[DataKey, Any]] = {}  # by the identity of the data, which stay as long as this

    def __len__(self) -> int:
        return len(self.shipments)

    def ship(self, splits: Splits) -> Shipment:
        """Return where the workers find data."""
        if id(splits) not in self._keys:
            key = key_of(splits)
            self._keys[id(splits)] = key, splits
            if key not in self.shipments:
                is_own = splits.name not in CATALOGUE and splits.folder is not None
                path = str(splits.folder) if is_own else None
                self.shipments[key] = Shipment(key, splits.fingerprint, _stored(splits), path)
        return self.shipments[self._keys[id(splits)][0]]

    def travelling(self, images: Splits | OwnSet) -> Shipment:
        """Return where the workers find images that only this process can make.

        Raises:
            EngineError: they do not fit into the object store.
        """
        if isinstance(images, Splits):
            shipment = self.ship(images)
            if not shipment.reference:
                raise EngineError(
                    f"the images of {images.name} do not fit into the object store of every node",
                    hint="give Ray a larger one (ray start --object-store-memory), or do it without --ray",
                )
            return shipment
        if id(images) not in self._keys:
            import ray

            key = ("own images", id(images))
            self._keys[id(images)] = key, images
            self.shipments[key] = Shipment(key, "", (ray.put(images),))
        return self.shipments[self._keys[id(images)][0]]


def _stored(splits: Splits) -> tuple[Any, ...]:
    """Data in the object store; nothing if it would fill half of a node's, and each node is to read its own files."""
    import ray
    from ray.exceptions import ObjectStoreFullError

    sets = [each for each in (*splits, splits.validation) if each is not None]
    size = sum(each.images.nbytes + each.labels.nbytes for each in sets)
    sizes = [node["Resources"].get("object_store_memory", 0) for node in ray.nodes() if node["Alive"]]
    if size > min(sizes, default=0) / 2:
        return ()
    try:
        return (ray.put(splits),)
    except ObjectStoreFullError:
        return ()
