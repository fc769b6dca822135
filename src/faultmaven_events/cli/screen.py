"""Where tables go: a terminal has its own width; a pipe or a file gets lines that need not be cut."""

import os
import sys
from typing import Final

from rich.console import Console

WIDE: Final = 200
"""Columns of what no person's window limits."""


def screen() -> Console:
    """Return the console for standard output; COLUMNS decides where it is set."""
    limited = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(highlight=False, width=None if limited else WIDE)
