"""What a network answers, as JSON: the numbers of an answer are the same bits, and so the same text, alone and in a batch."""

import json
from collections.abc import Iterator

import numpy as np

from lenet.analysis.judge import Judgement
from lenet.deploy.server.responses import Response, to_json
from lenet.deploy.server.served import ServedNetwork
from lenet.deploy.server.tasks import Task
from lenet.version import __version__

BEGIN = '{"label":%d,"name":%s,"probability":%r,"probabilities":{'
END = '},"unknown":%s,"reason":%s,"outlier_score":%s,"warnings":%s'


class Template:
    """The text of an answer with gaps for its numbers: much faster than a dictionary and `json.dumps`."""

    def __init__(self, network: ServedNetwork) -> None:
        self.names = [json.dumps(name, ensure_ascii=False) for name in network.classes]
        entries = ",".join(name.replace("%", "%%") + ":%r" for name in self.names)
        self.one = BEGIN + entries + END
        origin = {"model": network.name, "sha256": network.sha256, "lenet_version": __version__}
        of = to_json(origin).decode()
        self.end = f",{of[1:-1]}}}"
        self.head = f"{{{of[1:-1]},"

    def entries(self, answers: Judgement, warnings: list[list[str]], start: int, stop: int) -> Iterator[str]:
        """The answer for each of the images `start` to `stop - 1`, without the closing bracket."""
        labels = answers.probabilities[start:stop].argmax(axis=1).tolist()
        rows = answers.probabilities[start:stop].tolist()
        for number, (label, row) in enumerate(zip(labels, rows, strict=True)):
            unknown, reason, score = "null", "null", "null"
            if answers.reasons is not None and answers.outlier_scores is not None:
                why, score = answers.reasons[start + number], repr(float(answers.outlier_scores[start + number]))
                unknown, reason = ("false", "null") if why is None else ("true", json.dumps(why))
            warned = json.dumps(warnings[number]) if warnings and warnings[number] else "[]"
            yield self.one % (label, self.names[label], row[label], *row, unknown, reason, score, warned)

    def response(self, task: Task, answers: Judgement, start: int, stop: int) -> Response:
        """The response to a task whose images are those from `start` to `stop - 1` of a batch."""
        entries = self.entries(answers, task.warnings, start, stop)
        if task.is_list:
            text = self.head + '"predictions":[' + ",".join(entry + "}" for entry in entries) + "]}"
        else:
            text = next(entries) + self.end
        return Response(200, text.encode())


def tensors(task: Task, answers: Judgement, start: int, stop: int) -> Response:
    """The response of the Open Inference Protocol to a task whose images are those from `start` to `stop - 1` of a batch."""
    probabilities, network = answers.probabilities[start:stop], task.network
    found = {
        "probabilities": ("FP64", probabilities),
        "logits": ("FP32", answers.logits[start:stop].astype(np.float64)),
        "label": ("INT64", probabilities.argmax(axis=1)),
    }
    if answers.reasons is not None:
        found["unknown"] = ("BOOL", np.array([reason is not None for reason in answers.reasons[start:stop]]))
    outputs = []
    for name in task.outputs or found:
        datatype, values = found[name]
        outputs.append(
            {"name": name, "shape": list(values.shape), "datatype": datatype, "data": values.ravel().tolist()}
        )
    named = {} if task.identity is None else {"id": task.identity}
    return Response(200, to_json({"model_name": network.name, "model_version": "1", **named, "outputs": outputs}))
