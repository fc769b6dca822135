"""Who operates the system, and who may see what pseudonyms stand for: the one place where a role will be asked for."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from faultmaven_events.infra.vault import Vault, vault_of
from faultmaven_events.producers.http import identity
from faultmaven_events.producers.http.door import Door
from faultmaven_events.producers.http.problems import Problem


async def operator(request: Request) -> str:
    """Return who operates."""
    return identity.caller(request).user


@dataclass(frozen=True, slots=True)
class Identifier:
    """Somebody who may undo pseudonyms, and what it takes."""

    user: str
    vault: Vault


async def identifier(request: Request) -> Identifier:
    """Return who may undo pseudonyms.

    Raises:
        Problem: reidentification-off: this ingress was not given the vault's key.
    """
    door: Door = request.app.state.door
    vault = vault_of(door.blobs.store, door.settings)
    if vault is None:
        raise Problem("reidentification-off", "This ingress was not given FM_VAULT_KEY; with `faultmaven up`, set FM_REIDENTIFY=true.")
    return Identifier(identity.caller(request).user, vault)


Operating = Annotated[str, Depends(operator)]
Identifying = Annotated[Identifier, Depends(identifier)]
"""Like Operating, for the few answers that hold personal data."""
