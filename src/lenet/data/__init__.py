"""Data sets: `lenet.data.load("fashion-mnist")`, the catalogue, and where they come from."""

from lenet.data.catalogue import CATALOGUE
from lenet.data.dataset import Dataset, Splits
from lenet.data.loading import load

__all__ = ["CATALOGUE", "Dataset", "Splits", "load"]
