"""Commands about the vault: wrap its keys anew under a new master key, destroy the key of a case."""

import asyncio
import base64
import os
import sys
from pathlib import Path
from typing import Annotated
from urllib.parse import quote, urlencode

import typer

from faultmaven_events.cli.api import ApiError
from faultmaven_events.cli.client import ApiUrl, AsJson, Tenant, print_json
from faultmaven_events.cli.redrives import operator
from faultmaven_events.settings import Settings, load

app = typer.Typer(help="What pseudonyms stand for: rotate the master key, destroy the key of a case.", no_args_is_help=True)


@app.command()
def rotate(
    new: Annotated[bool, typer.Option("--new", help="First make a new master key and put it on top of the key file.")] = False,
    as_json: AsJson = False,
) -> None:
    """Wrap every data key anew under the newest master key (the first one in FM_VAULT_KEY_FILE); what it sealed stays as it is.

    Exit status 1 when a key is left that none of the master keys opens. Afterwards the older master keys may be taken out of the file.
    """
    settings = _with_key(load())
    if new:
        prepend(settings)
    done = asyncio.run(_rotated(settings))
    if as_json:
        print_json(done)
    else:
        print(f"{done['rewrapped']} data keys wrapped anew, {done['current']} were already, {done['unreadable']} cannot be opened")
    sys.exit(1 if done["unreadable"] else 0)


async def _rotated(settings: Settings) -> dict[str, int]:
    import getpass

    from faultmaven_events.infra.audit import Audit
    from faultmaven_events.infra.blobs import open_store
    from faultmaven_events.infra.mongo import open_mongo
    from faultmaven_events.infra.vault import vault_of

    vault = vault_of(open_store(settings), settings)
    if vault is None:
        raise ApiError("the vault's key is missing: set FM_VAULT_KEY_FILE, or FM_HOME to the folder of `faultmaven up`")
    async with open_mongo(settings) as database:
        audit = Audit(database)
        await audit.note(by=getpass.getuser(), action="rotate", target={"master": vault.newest})
        done = await vault.rotate()
    return done._asdict()


def _with_key(settings: Settings) -> Settings:
    """Return settings that name the key; by default the one that `faultmaven up` made."""
    made = settings.home / "keys" / "vault"
    if settings.vault_key is None and settings.vault_key_file is None and made.exists():
        return settings.model_copy(update={"vault_key_file": made})
    return settings


def prepend(settings: Settings) -> None:
    """Put a new master key on top of the key file; a crash leaves the old file whole.

    Raises:
        ApiError: the keys do not come from a file.
    """
    path: Path | None = settings.vault_key_file
    if settings.vault_key is not None or path is None:
        raise ApiError("--new needs the keys in a file: FM_VAULT_KEY_FILE")
    key = base64.b64encode(os.urandom(32)).decode()
    beside = path.with_name(f".{path.name}.new")
    try:
        old = path.read_text().strip()
        beside.unlink(missing_ok=True)
        beside.touch(mode=0o600, exist_ok=False)
        beside.write_text(f"{key}\n{old}\n")
        beside.replace(path)
    except OSError as error:
        raise ApiError(f"{path} cannot be changed: {error.strerror}") from None


@app.command()
def shred(
    case: Annotated[str | None, typer.Option("--case", help="The case.")] = None,
    job: Annotated[str | None, typer.Option("--job", help="A job that belongs to no case.")] = None,
    reason: Annotated[str, typer.Option(help="Why; the audit keeps it.")] = "asked for",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
    api: ApiUrl = None,
    tenant: Tenant = "default",
) -> None:
    """Destroy the key of a case for ever: nobody can undo its pseudonyms any more. Sanitized texts and reports stay."""
    if (case is None) == (job is None):
        raise typer.BadParameter("give --case or --job")
    if not yes:
        typer.confirm(
            f"Destroy what the pseudonyms of {'case ' + case if case else 'job ' + str(job)} stand for? It cannot be undone", abort=True
        )
    place = f"cases/{quote(case, safe='')}" if case else f"jobs/{quote(str(job), safe='')}"

    async def run() -> dict[str, int]:
        async with operator(api, tenant=tenant) as client:
            answer: dict[str, int] = await client.delete(f"/api/v1/ops/vault/{place}?{urlencode({'reason': reason})}")
            return answer

    done = asyncio.run(run())
    print_json(done) if as_json else print(f"destroyed; {done['objects']} objects removed. The audit has it: faultmaven dead audit")
