"""Commands about the published contract: JSON Schemas and the AsyncAPI document."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from faultmaven_events.cli.client import AsJson, print_json
from faultmaven_events.producers.contracts import files

app = typer.Typer(help="JSON Schemas and the AsyncAPI document of the events, generated from code.", no_args_is_help=True)
Folder = Annotated[Path, typer.Argument(help="Where the files lie.")]


@app.command()
def export(folder: Folder = Path("docs/generated")) -> None:
    """Write the files."""
    for name, text in files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    print(f"{len(files())} files written to {folder}")


@app.command()
def check(folder: Folder = Path("docs/generated"), as_json: AsJson = False) -> None:
    """Say which files differ from the code. Exit status 1 when one does."""
    stale = [name for name, text in files().items() if not (folder / name).is_file() or (folder / name).read_text() != text]
    if as_json:
        print_json({"stale": stale})
    else:
        print("\n".join(f"stale: {folder / name}" for name in stale) or "the files match the code")
    sys.exit(1 if stale else 0)
