"""Commands that run the system: up, serve, consume, demo."""

import asyncio
import shlex
import signal
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich.console import Console

from faultmaven_events.settings import load
from faultmaven_events.topology import BY_NAME


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(up)
    app.command()(serve)
    app.command()(consume)
    app.command()(demo)


Port = Annotated[int | None, typer.Option(help="Port of the ingress; 0 takes a free one.", show_default="FM_PORT, 8000", min=0, max=65535)]


def up(port: Port = None) -> None:
    """Run everything on this machine until Ctrl-C: private servers, ingress, consumers.

    Servers that FM_*_URL names are used instead of private ones. Data lies under FM_HOME (default .faultmaven).
    """
    from faultmaven_events.infra.servers.supervisor import open_system

    settings = load()
    console = Console(stderr=True, highlight=False)

    async def run() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        async with open_system(settings.home, settings, console.print, settings.port if port is None else port) as system:
            environment = settings.home / "env"
            lines = {**system.urls.env(), "FM_API_URL": system.api_url}
            _write_private(environment, "".join(f"export {name}={shlex.quote(value)}\n" for name, value in lines.items()))
            console.print(f"ready\n  API        {system.api_url}\n  API docs   {system.api_url}/docs\n  RabbitMQ   {system.urls.dashboard}")
            console.print(f"  In another shell: `. {environment}` sets the addresses (with passwords) of all servers")
            console.print("Ctrl-C stops everything")
            try:
                await stop.wait()
            finally:
                environment.unlink(missing_ok=True)
            console.print("stopping")

    asyncio.run(run())


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    path.touch(mode=0o600, exist_ok=False)
    path.write_text(text)


def serve(port: Port = None) -> None:
    """Run the HTTP ingress alone, against servers given by FM_*_URL."""
    from faultmaven_events.producers.http.app import serve as run

    settings = load()
    run(settings if port is None else settings.model_copy(update={"port": port}))


def consume(stages: Annotated[list[str], typer.Argument(help=f"Stages to run in this process: {', '.join(BY_NAME)}.")]) -> None:
    """Run consumers of stages, against servers given by FM_*_URL, until SIGTERM."""
    from faultmaven_events.consumers.run import consume as run

    uvloop.run(run(load(), stages))


def demo(
    example: Annotated[
        Path | None, typer.Argument(help="Folder with question.txt, evidence/ and runbooks/.", exists=True, file_okay=False)
    ] = None,
) -> None:
    """Start everything, submit a recorded incident, show each stage, print and keep the report, stop."""
    from faultmaven_events.cli.demo import run

    run(example)
