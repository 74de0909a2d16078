"""The description of every path in OpenAPI 3.1, for clients that are made from it and for testers."""

from typing import Any

from lenet.deploy.server.service import Service
from lenet.deploy.server.tensors import OUTPUTS
from lenet.version import __version__

NUMBERS = {"type": "array", "minItems": 1, "items": {"type": "array", "minItems": 1, "items": {"type": "number"}}}
ERRORS = {
    "400": "not HTTP, not JSON, or an unknown query",
    "404": "no network of that name",
    "405": "another method",
    "408": "the request did not arrive in time",
    "413": "body or image list too large",
    "415": "another content type",
    "422": "an image that cannot be read or shows nothing, or JSON of another form",
    "429": "too many requests wait",
    "431": "URL or headers too large",
    "503": "not ready",
}


def openapi(service: Service) -> dict[str, Any]:
    """Return the description."""
    names = list(service.networks)
    model = {"name": "model", "in": "query", "required": False, "schema": {"type": "string", "enum": names}}
    image: dict[str, Any] = {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}
    images = dict.fromkeys(("image/png", "image/jpeg", "application/octet-stream"), image)
    one = {"type": "object", "properties": {"pixels": NUMBERS}, "required": ["pixels"], "additionalProperties": False}
    texts = {"type": "array", "minItems": 1, "maxItems": service.limits.images}
    texts["items"] = {"type": "string", "contentEncoding": "base64"}
    many = {"type": "object", "properties": {"images": texts}, "required": ["images"], "additionalProperties": False}
    predictions = {"oneOf": [_ref("Prediction"), _ref("Predictions")]}
    paths: dict[str, Any] = {
        "/v1/predict": {
            "post": _operation(
                "Classify an image, or several.", predictions, [model], images | _json({"oneOf": [one, many]})
            )
        },
        "/v1/explain": {
            "post": _operation("Explain the answer for one image.", _ref("Explanation"), [model], images | _json(one))
        },
        "/v1/model": {"get": _operation("Describe a network.", _ref("Model"), [model])},
        "/livez": {"get": _operation("Whether the process is up.", {"type": "object"})},
        "/readyz": {"get": _operation("Whether the networks recognise stored images.", {"type": "object"})},
        "/metrics": {"get": _operation("Numbers for Prometheus.", {"type": "string"}, media="text/plain")},
        "/openapi.json": {"get": _operation("This description.", {"type": "object"})},
        "/": {"get": _operation("A page to try it.", {"type": "string"}, media="text/html")},
        "/v2": {"get": _operation("Describe the server.", {"type": "object"})},
        "/v2/health/live": {"get": _operation("Whether the process is up.", {"type": "object"})},
        "/v2/health/ready": {"get": _operation("Whether the networks are ready.", {"type": "object"})},
    }
    for prefix in ("/v2/models/{model}", "/v2/models/{model}/versions/{version}"):
        parameters = [_in_path("model", names)] + ([_in_path("version", ["1"])] if "version" in prefix else [])
        paths[prefix] = {"get": _operation("Describe a network's tensors.", {"type": "object"}, parameters)}
        paths[f"{prefix}/ready"] = {"get": _operation("Whether a network is ready.", {"type": "object"}, parameters)}
        inference = _operation("Infer.", _ref("InferenceResponse"), parameters, _json(_ref("InferenceRequest")))
        paths[f"{prefix}/infer"] = {"post": inference}
    for path, operations in paths.items():
        for method, operation in operations.items():
            operation["operationId"] = f"{method}{path}".replace("/", "_").replace("{", "").replace("}", "").strip("_")
    info = {"title": "lenet serve", "version": __version__, "description": "Classifies images with trained networks."}
    return {"openapi": "3.1.0", "info": info, "paths": paths, "components": {"schemas": _schemas(service)}}


def _operation(
    summary: str,
    result: dict[str, Any],
    parameters: list[dict[str, Any]] | None = None,
    body: dict[str, Any] | None = None,
    media: str = "application/json",
) -> dict[str, Any]:
    error = {"content": _json(_ref("Error"))}
    responses = {"200": {"description": "OK", "content": {media: {"schema": result}}}}
    responses |= {status: {"description": what, **error} for status, what in ERRORS.items()}
    operation: dict[str, Any] = {"summary": summary, "responses": responses}
    if parameters:
        operation["parameters"] = parameters
    if body:
        operation["requestBody"] = {"required": True, "content": body}
    return operation


def _in_path(name: str, choices: list[str]) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "enum": choices}}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _object(properties: dict[str, Any], *optional: str, closed: bool = False) -> dict[str, Any]:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required} | (
        {"additionalProperties": False} if closed else {}
    )


def _schemas(service: Service) -> dict[str, Any]:
    text, number, whole = {"type": "string"}, {"type": "number"}, {"type": "integer"}
    origin = {"model": text, "sha256": text, "lenet_version": text}
    answer = {
        "label": {"type": "integer", "minimum": 0},
        "name": text,
        "probability": {"type": "number", "minimum": 0, "maximum": 1},
        "probabilities": {"type": "object", "additionalProperties": number},
        "unknown": {"type": ["boolean", "null"]},
        "reason": {"type": ["string", "null"]},
        "outlier_score": {"type": ["number", "null"]},
        "warnings": {"type": "array", "items": text},
    }
    error = _object({"code": text, "message": text, "hint": text}, closed=True)
    explained = {"seen": {"type": "array"}, "occlusion": {"type": "object"}, "layers": {"type": "array"}}
    data = {"type": "array", "items": {"anyOf": [number, {"type": "array"}]}}
    shape = {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 2, "maxItems": 4}
    tensor = {"name": text, "shape": shape, "datatype": {"type": "string", "enum": ["UINT8", "FP32"]}, "data": data}
    tensor["parameters"] = {"type": "object"}
    names = [*OUTPUTS, *(["unknown"] if any(network.calibration for network in service.networks.values()) else [])]
    outputs = {"type": "array", "items": _object({"name": {"enum": names}})}
    inputs = {"type": "array", "minItems": 1, "maxItems": 1, "items": _object(tensor, "parameters", closed=True)}
    request = {"id": text, "parameters": {"type": "object"}, "inputs": inputs, "outputs": outputs}
    result = _object(
        {"name": text, "shape": {"type": "array", "items": whole}, "datatype": text, "data": {"type": "array"}}
    )
    return {
        "Error": _object({"error": error}, closed=True),
        "Prediction": _object(answer | origin),
        "Predictions": _object(origin | {"predictions": {"type": "array", "items": _object(answer)}}),
        "Explanation": _object(answer | explained | origin),
        "Model": _object({"name": text, "classes": {"type": "array", "items": text}, "sha256": text}),
        "InferenceRequest": _object(request, "id", "parameters", "outputs", closed=True),
        "InferenceResponse": _object(
            {"model_name": text, "model_version": text, "id": text, "outputs": {"type": "array", "items": result}}, "id"
        ),
    }
