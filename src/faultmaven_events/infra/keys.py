"""Keys: two master keys (raw and clean), from which every other key is derived with HKDF-SHA256 (RFC 5869).

A process that may not open raw blobs is simply not given the raw key.
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
    if text is None:
        return None
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != KEY_BYTES:
        raise SetupError(f"FM_{area.upper()}_KEY is not {KEY_BYTES} bytes in base64: make one with `openssl rand -base64 32`")
    return key


def _text(value: SecretStr | None, file: Path | None, area: Area) -> str | None:
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
