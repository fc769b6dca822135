"""What is stored, with everything that may differ between two runs of the same content taken out: ids, times, places, durations."""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

_ID: Final = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|\b[0-9a-f]{32}\b")
_MOMENT: Final = re.compile(r"(?<=Digest of the inputs:\*\* `)[0-9a-f]{64}|(?<=, asked )[\dT:.+-]+Z, correlation \S+")
"""What a rendered report says of its own making: when it was asked, under which name, and a digest that names of evidence go into."""

DROPPED: Final = frozenset({"created_at", "updated_at", "generated_at", "digest", "edition", "correlation_id", "correlationid"})
"""Fields that say when and under which name something ran, or hash what does."""


def normal(value: Any, names: Mapping[str, str]) -> Any:
    """Return a value as JSON knows it: ids replaced by what they stand for (`names`, by their text), unknown ones by `<id>`."""
    match value:
        case dict():
            return {str(key): normal(inner, names) for key, inner in value.items() if key not in DROPPED}
        case list() | tuple():
            return [normal(inner, names) for inner in value]
        case UUID():
            return names.get(str(value), "<id>")
        case str():
            return _MOMENT.sub("<moment>", _ID.sub(lambda found: names.get(str(UUID(found[0])), "<id>"), value))
        case datetime():
            return "<time>"
        case bytes():
            return f"<{len(value)} bytes>"
        case _:
            return value


def is_content(value: Any) -> bool:
    """Whether a value is a reference to a blob (schemas.content.Content)."""
    return isinstance(value, dict) and {"area", "key", "size", "sha256"} <= value.keys()


def digest(value: Any) -> str:
    """Return 16 hex digits of a normal value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:16]


def differences(wanted: Any, found: Any, path: str = "") -> list[str]:
    """Return where two normal values differ, as sentences; at most a few."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        keys = sorted(wanted.keys() | found.keys())
        return [line for key in keys for line in differences(wanted.get(key), found.get(key), f"{path}.{key}" if path else key)][:8]
    if isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        return [line for i, (a, b) in enumerate(zip(wanted, found, strict=True)) for line in differences(a, b, f"{path}[{i}]")][:8]
    return [] if wanted == found else [f"{path}: wanted {_short(wanted)}, found {_short(found)}"]


def _short(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 240 else f"{text[:240]}... ({len(text)} characters)"
