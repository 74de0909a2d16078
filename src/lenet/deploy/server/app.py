"""The ASGI application: every path of the server. Connections take a short way for those that compute."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response as StarletteResponse
from starlette.routing import Route

from lenet.deploy.server import metrics
from lenet.deploy.server.description import described
from lenet.deploy.server.openapi import openapi
from lenet.deploy.server.page import PAGE
from lenet.deploy.server.responses import JSON, HttpError, Response, to_json
from lenet.deploy.server.service import Service
from lenet.version import __version__

Endpoint = Callable[[Request], Awaitable[StarletteResponse]]


def make_app(service: Service) -> Starlette:
    """Return the application of a service; `service.start` is called when it starts."""
    paths = {
        "/": lambda request: Response(200, PAGE.encode(), media_type="text/html; charset=utf-8"),
        "/v1/model": lambda request: Response(200, to_json(described(service, service.named(request.url.query)))),
        "/livez": lambda request: Response(200, to_json({"status": "alive"})),
        "/readyz": lambda request: _readiness(service),
        "/metrics": lambda request: Response(200, _metrics(service).encode(), media_type=metrics.MEDIA_TYPE),
        "/openapi.json": lambda request: Response(200, to_json(openapi(service))),
        "/v2": lambda request: Response(200, to_json({"name": "lenet", "version": __version__, "extensions": []})),
        "/v2/health/live": lambda request: Response(200, to_json({"live": True})),
        "/v2/health/ready": lambda request: _v2_ready(service),
        "/v2/models/{model}": lambda request: _v2_model(service, request),
        "/v2/models/{model}/versions/{version}": lambda request: _v2_model(service, request),
        "/v2/models/{model}/ready": lambda request: _v2_model_ready(service, request),
        "/v2/models/{model}/versions/{version}/ready": lambda request: _v2_model_ready(service, request),
    }
    routes = [Route(path, _endpoint(make), methods=["GET"]) for path, make in paths.items()]
    routes += [Route(path, _computing(service), methods=["POST"]) for path in service.paths]
    infer = ("/v2/models/{model}/infer", "/v2/models/{model}/versions/{version}/infer")
    routes += [Route(path, _endpoint(lambda request: _v2_model(service, request)), methods=["POST"]) for path in infer]
    handlers: Any = {HTTPException: _http_exception, HttpError: _http_error}
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.state.service = service
    return app


def _endpoint(make: Callable[[Request], Response]) -> Endpoint:
    async def endpoint(request: Request) -> StarletteResponse:
        return _sent(make(request))

    return endpoint


def _computing(service: Service) -> Endpoint:
    """The endpoint of the paths that compute, for servers other than `lenet serve`."""

    async def endpoint(request: Request) -> StarletteResponse:
        body = await request.body()
        if len(body) > service.limits.body:
            raise HttpError("too_large", f"the body has {len(body):,} bytes; expected at most {service.limits.body:,}")
        answer: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        media_type = request.headers.get("content-type", "").lower()

        def reply(response: Response) -> None:
            if not answer.done():  # as after the client has left
                answer.set_result(response)

        service.take(request.url.path, request.url.query, media_type, body, reply)
        return _sent(await answer)

    return endpoint


def _sent(response: Response) -> StarletteResponse:
    headers = dict(line.split(": ", 1) for line in response.headers.splitlines())
    return StarletteResponse(response.body, response.status, headers, response.media_type)


async def _http_exception(request: Request, error: Any) -> StarletteResponse:
    """The answer to an unknown path, or to a method that a path does not take."""
    codes = {404: "not_found", 405: "method_not_allowed"}
    allowed = (error.headers or {}).get("Allow", "")
    hint = f"it takes {allowed}" if allowed else "GET /openapi.json lists all paths"
    what = f"{request.method} {request.url.path}"
    message = f"{what}: this path does not take the method" if allowed else f"{what}: there is no such path"
    response = HttpError(codes.get(error.status_code, "bad_request"), message, hint).response
    return StarletteResponse(response.body, response.status, error.headers, JSON)


async def _http_error(request: Request, error: Any) -> StarletteResponse:
    return _sent(error.response)


def _readiness(service: Service) -> Response:
    networks = {name: {"ready": each.is_ready, "why": each.readiness} for name, each in service.networks.items()}
    if service.is_ready:
        return Response(200, to_json({"status": "ready", "models": networks}))
    reasons = "; ".join(f"{name}: {each.readiness}" for name, each in service.networks.items() if not each.is_ready)
    return HttpError("not_ready", reasons or "the server is starting", "see the server's log").response


def _metrics(service: Service) -> str:
    return service.metrics.text({"waiting_requests": service.num_waiting, "body_bytes": service.num_bytes})


def _v2_ready(service: Service) -> Response:
    return Response(200, to_json({"ready": True})) if service.is_ready else _readiness(service)


def _v2_model(service: Service, request: Request) -> Response:
    network = service.network(request.path_params["model"])
    version = request.path_params.get("version", "1")
    if version != "1":
        raise HttpError("unknown_network", f"{network.name} has no version {version}", "its only version is 1")
    height, width = network.preprocessing.size
    shape = [-1, network.preprocessing.channels, height, width]
    outputs = [("probabilities", "FP64", [-1, len(network.classes)]), ("logits", "FP32", [-1, len(network.classes)])]
    outputs += [("label", "INT64", [-1])] + ([("unknown", "BOOL", [-1])] if network.calibration else [])
    return Response(
        200,
        to_json(
            {
                "name": network.name,
                "versions": ["1"],
                "platform": "lenet",
                "inputs": [{"name": "pixels", "datatype": "UINT8", "shape": shape}],
                "outputs": [{"name": name, "datatype": kind, "shape": size} for name, kind, size in outputs],
            }
        ),
    )


def _v2_model_ready(service: Service, request: Request) -> Response:
    _v2_model(service, request)
    network = service.network(request.path_params["model"])
    if not network.is_ready:
        return HttpError("not_ready", network.readiness, "see the server's log").response
    return Response(200, to_json({"name": network.name, "ready": True}))
