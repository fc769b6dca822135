"""The command line: what happened, why, what to do next; one line each.

A file per group of commands; `main` turns the errors that a person can act on into one sentence and an exit status.
"""

import logging
import sys

import typer

from faultmaven_events.errors import FaultmavenError

app = typer.Typer(
    name="faultmaven",
    help="Troubleshooting pipeline: hand in evidence and a question, get an incident report whose every claim points at a line.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """Run the command line."""
    for library in ("aio_pika", "aiormq"):  # a process that configures logs gets theirs; a person gets our sentence alone
        logging.getLogger(library).addHandler(logging.NullHandler())
    from faultmaven_events.cli import (
        allow,
        budget,
        client,
        contracts,
        dead,
        inspect,
        jobs,
        ledger,
        providers,
        report,
        series,
        stages,
        system,
        topology,
        usage,
        vault,
        watch,
    )

    for group in (system, client, jobs, series, ledger, inspect, providers, usage, watch, report):
        group.register(app)
    app.add_typer(stages.app, name="stages")
    app.add_typer(dead.app, name="dead")
    app.add_typer(allow.app, name="allow")
    app.add_typer(vault.app, name="vault")
    app.add_typer(budget.app, name="budget")
    app.add_typer(topology.app, name="topology")
    app.add_typer(contracts.app, name="contracts")
    try:
        app()
    except FaultmavenError as error:
        print(f"faultmaven: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
