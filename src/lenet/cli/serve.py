"""The command `lenet serve`: trained networks behind HTTP."""

from typing import Annotated

import typer

from lenet.cli.output import note


def serve(
    runs: Annotated[
        list[str],
        typer.Argument(metavar="RUN", help="Run directories or weights files; NAME=RUN gives one a name of its own."),
    ],
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="The address to listen at; 0.0.0.0 takes requests of other machines.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="N", help="The port; 0 for any that is free.")] = 8000,
    max_body: Annotated[int, typer.Option(metavar="MB", help="Megabytes of a request's body, at most.")] = 16,
    max_queue: Annotated[int, typer.Option(metavar="N", help="Requests that wait for their answer, at most.")] = 256,
) -> None:
    """Answer requests over HTTP with trained networks (the extra `serve`).

    POST an image to /v1/predict; the page / takes one by hand. The first network answers where a request names none with
    ?model=NAME. Ctrl-C and SIGTERM end it after the requests under way.

    Example: lenet serve runs/first
    """
    from lenet.deploy.server.limits import Limits
    from lenet.deploy.server.run import open_networks
    from lenet.deploy.server.run import serve as run_server
    from lenet.errors import ConfigError

    for option, value, most in (("--max-body", max_body, 1024), ("--max-queue", max_queue, 100_000)):
        if not 1 <= value <= most:
            raise ConfigError(f"{option} is {value}; expected 1 to {most:,}")
    if not 0 <= port <= 65_535:
        raise ConfigError(f"--port is {port}; expected 0 to 65,535")
    networks = open_networks(runs)
    for network in networks:
        state = "ready" if network.is_ready else "NOT READY"
        note(f"{network.name}: {state}, {network.readiness}; computed by {network.computed_by}")
    limits = Limits(body=max_body << 20, memory=max(Limits.memory, 2 * max_body << 20), queue=max_queue)
    run_server(networks, host, port, limits, lambda url, end: note(f"serving {url}; Ctrl-C ends it"))
