"""The front matter of a model card: what the Hub reads to list, filter and compare networks."""

from typing import Any

from lenet.data.catalogue import CATALOGUE
from lenet.deploy.card.about import HUB_DATASETS, About, data_name, data_title, title_of
from lenet.deploy.card.markup import yaml
from lenet.deploy.card.measured import Measured
from lenet.deploy.card.results import accuracy_in_words
from lenet.files.names import file_name

TASK = "image-classification"
DIGITS = 4  # after the point


def front_matter(about: About, measured: Measured) -> str:
    """Return the front matter, between its lines of dashes."""
    name = data_name(measured)
    values: dict[str, Any] = {"library_name": "lenet", "pipeline_tag": TASK}
    if about.licence:
        values["license"] = about.licence
    tags = ["lenet", "cnn", TASK, measured.network.name]
    values["tags"] = list(dict.fromkeys([*tags, name] if name in CATALOGUE else tags))
    if name in HUB_DATASETS:
        values["datasets"] = [HUB_DATASETS[name]]
    values["metrics"] = ["accuracy"]
    values["model-index"] = [{"name": title_of(about, measured), "results": [_result(measured)]}]
    return f"---\n{yaml(values)}---\n"


def _result(measured: Measured) -> dict[str, Any]:
    tested = measured.evaluation.data
    dataset = {
        "type": HUB_DATASETS.get(tested, file_name(tested)),
        "name": CATALOGUE[tested].title if tested in CATALOGUE else data_title(measured),
        "split": measured.evaluation.split,
    }
    return {
        "task": {"type": TASK, "name": "Image classification"},
        "dataset": dataset,
        "metrics": [
            {
                "type": "accuracy",
                "value": round(measured.mean_accuracy, DIGITS),
                "name": f"Test accuracy: {accuracy_in_words(measured)}",
            },
            {
                "type": "expected_calibration_error",
                "value": round(measured.evaluation.reliability.error, DIGITS),
                "name": "Expected calibration error",
            },
        ],
    }
