"""Keys: the master keys (raw, clean, vault), from which every other key is derived with HKDF-SHA256 (RFC 5869).

A process that may not open raw blobs is simply not given the raw key, one that may not look into the vault not the vault's.
"""

import base64
import binascii
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr

from faultmaven_events.errors import SetupError
from faultmaven_events.schemas.content import Area
from faultmaven_events.settings import Settings

KEY_BYTES = 32


def master_key(settings: Settings, area: Area) -> bytes | None:
    """Return the master key of an area, or None when this process was not given it.

    Raises:
        SetupError: the key cannot be read, or is not 32 bytes in base64.
    """
    value, file = (settings.raw_key, settings.raw_key_file) if area == "raw" else (settings.clean_key, settings.clean_key_file)
    text = _text(value, file, area)
    return None if text is None else _decoded(text, area)


def vault_keys(settings: Settings) -> tuple[bytes, ...]:
    """Return the vault's master keys, the newest first; none when this process was not given any. A file is read anew at every call.

    Raises:
        SetupError: they cannot be read, or one is not 32 bytes in base64.
    """
    text = _text(settings.vault_key, settings.vault_key_file, "vault")
    if text is None:
        return ()
    keys = tuple(_decoded(each, "vault") for each in text.replace(",", " ").split())
    if not keys:
        raise SetupError("FM_VAULT_KEY holds no key: make one with `openssl rand -base64 32`")
    return keys


def _decoded(text: str, name: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != KEY_BYTES:
        raise SetupError(f"FM_{name.upper()}_KEY is not {KEY_BYTES} bytes in base64: make one with `openssl rand -base64 32`")
    return key


def _text(value: SecretStr | None, file: Path | None, area: str) -> str | None:
    if value is not None:
        return value.get_secret_value().strip()
    if file is None:
        return None
    try:
        return file.read_text().strip()
    except OSError as error:
        raise SetupError(f"FM_{area.upper()}_KEY_FILE cannot be read: {error.strerror}") from None


def required_key(settings: Settings, area: Area) -> bytes:
    """Return the master key of an area.

    Raises:
        SetupError: this process was not given it.
    """
    key = master_key(settings, area)
    if key is None:
        raise SetupError(f"this process needs FM_{area.upper()}_KEY or FM_{area.upper()}_KEY_FILE: make one with `openssl rand -base64 32`")
    return key


def derive_key(master: bytes, purpose: str) -> bytes:
    """Return 32 bytes for one purpose, for example `blob/clean/acme`."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=f"faultmaven/{purpose}".encode()).derive(master)
