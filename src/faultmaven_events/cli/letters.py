"""Letters, groups, operations and audit entries as a terminal shows them."""

import json
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from faultmaven_events.cli.screen import screen
from faultmaven_events.schemas.buried import Buried, Group
from faultmaven_events.schemas.redrive import Redrive


def progress(operation: Redrive) -> str:
    """Return how far an operation is, and why letters did not go."""
    told = f"{operation.state}: {operation.sent} of {operation.selected} sent"
    for count, name in ((operation.skipped, "skipped"), (operation.failed, "failed"), (operation.left, "left")):
        told += f", {count} {name}" if count else ""
    return told + "".join(f"\n    {count} x {reason}" for reason, count in operation.reasons.items())


def show_group(group: Group) -> None:
    """Print one group with what is suspected."""
    console = screen()
    states = ", ".join(f"{count} {state}" for state, count in group.states.items())
    console.print(f"[bold]{group.fingerprint}[/bold]  {group.count} x {group.stage} {group.code} ({group.error}): {escape(group.message)}")
    span = f"{group.first_at:%Y-%m-%d %H:%M:%S}Z to {group.last_at:%Y-%m-%d %H:%M:%S}Z"
    console.print(f"    {states}; {span}; tenants: {group.tenants}; versions: {', '.join(group.versions)}; sample {group.sample}")
    for suspect in group.suspects:
        elsewhere = "nothing to compare with" if suspect.elsewhere is None else f"elsewhere {suspect.elsewhere:.0%}"
        console.print(f"    suspect: {suspect.field} = {escape(suspect.value)} ({suspect.share:.0%} here, {elsewhere})", style="yellow")


def show_letters(letters: list[Buried], following: str | None) -> None:
    """Print letters, one a line."""
    table = Table("letter", "died", "stage", "code", "tenant", "state", "group", box=None)
    for letter in letters:
        died = f"{letter.died_at:%Y-%m-%d %H:%M:%S}Z"
        table.add_row(str(letter.id), died, letter.stage, letter.code, letter.tenant or "", letter.state, letter.fingerprint)
    screen().print(table)
    if following:
        print(f"more: --cursor {following}")


def show_letter(letter: Buried) -> None:
    """Print a letter whole, but for what is sealed."""
    console = Console(highlight=False, soft_wrap=True)
    decided = f" by {letter.decided_by} at {letter.decided_at:%Y-%m-%d %H:%M:%S}Z" if letter.decided_at else ""
    console.print(f"letter {letter.id} [bold]{letter.state}[/bold]{decided}{': ' + escape(letter.reason) if letter.reason else ''}")
    console.print(
        f"died in {letter.stage} at {letter.died_at:%Y-%m-%d %H:%M:%S}Z: {letter.code} ({letter.error}): {escape(letter.message)}"
    )
    console.print(
        f"job {letter.job_id}, tenant {letter.tenant}, {letter.type}, queue {letter.queue or '-'}, generation {letter.generation}"
    )
    console.print(f"group {letter.fingerprint}, consumer {letter.consumer}, predecessor {letter.predecessor or '-'}")
    for number, attempt in enumerate(letter.attempts, 1):
        console.print(f"  attempt {number} at {attempt.at:%Y-%m-%d %H:%M:%S}Z: {attempt.code} ({attempt.error}) on {attempt.consumer}")
    if letter.event is not None:
        console.print_json(json.dumps(letter.event, default=str))
    elif letter.sealed_bytes is not None:
        console.print(f"its message of {letter.sealed_bytes} bytes is sealed: it may hold unsanitized text")
    else:
        console.print("its message was not kept")


_COUNTED: Final = {"identify": "values", "shredded": "objects"}
"""What an audited action counts, if not letters."""


def line(entry: dict[str, Any]) -> str:
    """Return an audit entry in one line."""
    about = ", ".join(f"{name} {value}" for name, value in entry["target"].items())
    count = f" ({entry['count']} {_COUNTED.get(entry['action'], 'letters')})" if entry["count"] is not None else ""
    return f"{entry['at'][:19]}Z  {entry['by']:<12} {entry['action']}{count}: {about}{'; ' + entry['reason'] if entry['reason'] else ''}"
