"""The same network with LitServe, in batches of 16 that are gathered for 2 ms, in one worker.

python bench/server_litserve.py RUN PORT
"""

import base64
from typing import Any

import litserve
from server_fastapi import Classifier, server_arguments


class Api(litserve.LitAPI):  # type: ignore[misc]  # LitServe need not be installed
    """What LitServe asks of its users. It starts the worker as a process, so the class must be one of a module."""

    def setup(self, device: str) -> None:
        """Open the network, in the worker."""
        self.classifier = Classifier(server_arguments()[0])

    def decode_request(self, request):  # type: ignore[no-untyped-def] # it takes the annotation for the type of the body
        """Take the image out of the JSON, the only kind of body beside forms that LitServe reads."""
        return base64.b64decode(request["image"])

    def batch(self, inputs: list[bytes]) -> list[bytes]:
        """Gather bodies."""
        return inputs

    def predict(self, bodies: list[bytes]) -> list[dict[str, Any]]:
        """Answer them."""
        return [self.classifier.answer(body) for body in bodies]

    def unbatch(self, output: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Give each its answer."""
        return output

    def encode_response(self, output: dict[str, Any]) -> dict[str, Any]:
        """Answer as JSON."""
        return output


def main() -> None:
    _, port = server_arguments()
    server = litserve.LitServer(
        Api(max_batch_size=16, batch_timeout=0.002, api_path="/v1/predict"), accelerator="cpu", workers_per_device=1
    )
    server.run(port=port, generate_client_file=False, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
