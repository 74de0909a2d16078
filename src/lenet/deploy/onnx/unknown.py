"""The rule of a calibration as nodes of an ONNX graph: how unlike the training images an image is.

The nodes compute what `Calibration.outlier_scores` computes, in float32. docs/unknown.md has the formulas.
"""

import numpy as np

from lenet.deploy.onnx.model import FLOAT, Graph
from lenet.networks.calibration import Calibration
from lenet.networks.outliers import TINY, View

LIMIT = 1.0  # an image with a larger score is unknown


def add_unknown(graph: Graph, calibration: Calibration, embedding: str, scaled: str) -> None:
    """Add the nodes `outlier_score` and `unknown`, (batch, 1) both; `unknown` is 1 above the limit, else 0.

    Args:
        graph: the graph.
        calibration: the rule.
        embedding: the name of the embedding, (batch, width).
        scaled: the name of the logits divided by the temperature, (batch, num_classes).
    """
    graph.constant("directions", calibration.directions.T)
    graph.constant("usual_evidence", calibration.evidence)
    graph.node("Sub", ["usual_evidence", _evidence(graph, scaled)], "missing_evidence")
    squares = graph.node("Mul", [embedding, embedding], "embedding_squares")
    mean = graph.node("ReduceMean", [squares], "embedding_mean_square", axes=[1], keepdims=1)
    nonzero = graph.node("Add", [mean, graph.constant("tiny", TINY)], "embedding_nonzero")
    length = graph.node("Sqrt", [nonzero], "embedding_length")
    unit = graph.node("Div", [embedding, length], "embedding_direction")
    scores = [
        _score(graph, calibration.amount, embedding, "amount"),
        _score(graph, calibration.direction, unit, "direction"),
    ]
    graph.node("Max", scores, "outlier_score")
    above = graph.node("Greater", ["outlier_score", graph.constant("limit", LIMIT)], "is_unknown")
    graph.node("Cast", [above], "unknown", to=FLOAT)


def _evidence(graph: Graph, scaled: str) -> str:
    """log Σ exp(scaled), with the largest subtracted first."""
    largest = graph.node("ReduceMax", [scaled], "largest_logit", axes=[1], keepdims=1)
    below = graph.node("Sub", [scaled, largest], "logits_below")
    total = graph.node(
        "ReduceSum", [graph.node("Exp", [below], "exponentials")], "sum_of_exponentials", axes=[1], keepdims=1
    )
    return graph.node("Add", [graph.node("Log", [total], "log_of_sum"), largest], "evidence")


def _score(graph: Graph, view: View, values: str, name: str) -> str:
    """distance_weight * (distance - usual) + evidence_weight * missing evidence, (batch, 1)."""

    def node(operation: str, inputs: list[str], what: str, **attributes: int | list[int]) -> str:
        return graph.node(operation, inputs, f"{name}_{what}", **attributes)

    def constant(what: str, array: np.ndarray | float) -> str:
        return graph.constant(f"{name}_{what}", array)

    num_classes, num_directions = view.means.shape
    projected = node("MatMul", [values, "directions"], "projected")
    # (projected - mean) * sqrt(precision) of all classes beside each other. Three axes would be shorter, but OpenCV 4 and
    # OpenVINO compute other numbers then, or none.
    roots = np.sqrt(view.precisions.astype(np.float64))
    scales = np.concatenate([np.diag(root) for root in roots], axis=1)  # (num_directions, num_classes * num_directions)
    scaled = node("MatMul", [projected, constant("scales", scales)], "scaled")
    away = node("Sub", [scaled, constant("scaled_means", (view.means * roots).reshape(1, -1))], "away")
    squares = node("Mul", [away, away], "away_squares")
    rows = node("Reshape", [squares, graph.shape(f"{name}_rows_shape", [-1, num_directions])], "rows")
    sums = node("ReduceSum", [rows], "sums", axes=[1], keepdims=1)
    of_classes = node("Reshape", [sums, graph.shape(f"{name}_classes_shape", [-1, num_classes])], "of_classes")
    distances = node("Add", [of_classes, constant("offsets", view.offsets[None])], "distances")
    nearest = node("ReduceMin", [distances], "nearest", axes=[1], keepdims=1)
    totals = [
        node("ReduceSum", [node("Mul", [each, each], f"{what}_squares")], f"{what}_total", axes=[1], keepdims=1)
        for each, what in ((values, "all"), (projected, "seen"))
    ]
    left = node("Mul", [node("Sub", totals, "left"), constant("rest", view.rest)], "left_weighed")
    distance = node("Add", [nearest, left], "distance")
    beyond = node("Sub", [distance, constant("usual", view.usual)], "beyond")
    far = node("Mul", [beyond, constant("distance_weight", view.distance_weight)], "far")
    weak = node("Mul", ["missing_evidence", constant("evidence_weight", view.evidence_weight)], "weak")
    return node("Add", [far, weak], "score")
