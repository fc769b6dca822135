"""The vault: what pseudonyms stand for, encrypted apart from everything else, so that a role may undo them and a case can be forgotten.

master key (`FM_VAULT_KEY`, several while rotating) -> key of a tenant (HKDF) -> wraps the data key of a case, or of a job that belongs to
none -> seals one object per sanitized text, which holds its `records`. Destroying the wrapped data key makes everything under it
unreadable for ever. Secrets are never in it.
"""

from faultmaven_events.infra.vault.envelope import Shredded, scope_of
from faultmaven_events.infra.vault.record import LIMIT, Record, framed, pack, unpack
from faultmaven_events.infra.vault.restore import Naming, Restoring, found
from faultmaven_events.infra.vault.store import Kept, Vault, vault_of
from faultmaven_events.infra.vault.text import restored

__all__ = [
    "LIMIT",
    "Kept",
    "Naming",
    "Record",
    "Restoring",
    "Shredded",
    "Vault",
    "found",
    "framed",
    "pack",
    "restored",
    "scope_of",
    "unpack",
    "vault_of",
]
