"""The master keys of a system on one machine: made once, kept in files that only their owner reads."""

import base64
import os
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from faultmaven_events.infra.keys import KEY_BYTES
from faultmaven_events.infra.servers.place import write_private
from faultmaven_events.settings import Settings


@dataclass(frozen=True, slots=True)
class KeyEnv:
    """The environment variables by which a process gets the keys."""

    raw: dict[str, str]
    """Only for who may open raw blobs."""
    clean: dict[str, str]
    """For everybody."""
    vault: dict[str, str]
    """Only for sanitize, and for who may undo pseudonyms."""


def key_env(home: Path, settings: Settings) -> KeyEnv:
    """Return the keys that settings name, else files under `<home>/keys`, made at the first call."""
    return KeyEnv(
        raw=_variable("FM_RAW_KEY", settings.raw_key, settings.raw_key_file, home / "keys" / "raw"),
        clean=_variable("FM_CLEAN_KEY", settings.clean_key, settings.clean_key_file, home / "keys" / "clean"),
        vault=_variable("FM_VAULT_KEY", settings.vault_key, settings.vault_key_file, home / "keys" / "vault"),
    )


def _variable(name: str, value: SecretStr | None, file: Path | None, default: Path) -> dict[str, str]:
    if value is not None:
        return {name: value.get_secret_value()}
    if file is None and not default.exists():
        default.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(default, base64.b64encode(os.urandom(KEY_BYTES)).decode())
    return {f"{name}_FILE": str((file or default).absolute())}
