"""Commands that look at the machine and the settings: doctor, version."""

import asyncio
import sys
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from faultmaven_events import __version__
from faultmaven_events.cli.client import AsJson, print_json
from faultmaven_events.settings import load


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(doctor)
    app.command()(version)


def doctor(as_json: AsJson = False, wide: Annotated[bool, typer.Option(help="Do not cut long lines.")] = False) -> None:
    """Look at each dependency: found, version, reachable, what to do. Exit status 1 when one is missing."""
    from faultmaven_events.infra.servers.probe import probe_all

    probes = asyncio.run(probe_all(load()))
    if as_json:
        print_json([asdict(probe) for probe in probes])
    else:
        table = Table("dependency", "found", "version", "reachable", "what to do", box=None)
        for probe in probes:
            reach = {True: "[green]yes[/green]", False: "[red]no[/red]", None: "-"}[probe.reachable]
            table.add_row(probe.name, probe.found or "[red]missing[/red]", probe.version or "", reach, probe.advice)
        Console(width=200 if wide else None).print(table)
    sys.exit(0 if all(probe.found and probe.reachable is not False for probe in probes) else 1)


def version(as_json: AsJson = False) -> None:
    """Print the version."""
    print_json({"version": __version__}) if as_json else print(__version__)
