"""What a user would write who serves the same network with FastAPI: decode the image, ask lenet's engine, answer.

    python bench/server_fastapi.py RUN PORT

It takes an image file as the body of POST /v1/predict, and answers with class and probabilities. It takes the image as it is:
it does not look for the object in it, nor check how it is framed.
"""

import argparse
import io
from typing import Any

import numpy as np
from PIL import Image

import lenet
from lenet.analysis.inference import engine_for
from lenet.metrics import softmax


class Classifier:
    """A trained network."""

    def __init__(self, path: str) -> None:
        run = lenet.load(path)
        self.engine, self.classes = engine_for(run, "cpu"), run.network.classes

    def answer(self, body: bytes) -> dict[str, Any]:
        """The answer for an image file."""
        image = np.asarray(Image.open(io.BytesIO(body)).convert("L"))
        probabilities = softmax(self.engine.logits(image[None]))[0]
        label = int(probabilities.argmax())
        return {
            "label": label,
            "name": self.classes[label],
            "probability": float(probabilities[label]),
            "probabilities": dict(zip(self.classes, probabilities.tolist(), strict=True)),
        }


def serve_fastapi(path: str, port: int) -> None:
    """FastAPI as its documentation shows it, under uvicorn[standard], without an access log."""
    import uvicorn
    from fastapi import FastAPI, Request

    app: Any = FastAPI()  # which need not be installed where types are checked
    classifier = Classifier(path)

    @app.post("/v1/predict")  # type: ignore[untyped-decorator]
    async def predict(request: Request) -> dict[str, Any]:
        return classifier.answer(await request.body())

    uvicorn.run(app, port=port, access_log=False, log_level="warning", http="httptools", loop="uvloop")


def server_arguments() -> tuple[str, int]:
    """The run and the port that the command line names."""
    parser = argparse.ArgumentParser()
    parser.add_argument("run")
    parser.add_argument("port", type=int)
    options = parser.parse_args()
    return options.run, options.port


def main() -> None:
    serve_fastapi(*server_arguments())


if __name__ == "__main__":
    main()
