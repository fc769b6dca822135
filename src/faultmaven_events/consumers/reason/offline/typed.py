"""Values fit to be typed into a shell: evidence is written by anybody, and at night commands are copied as they stand."""

import re
from collections.abc import Mapping
from typing import Final

_HARMLESS: Final = re.compile(r"[A-Za-z0-9_@%+=:,./][A-Za-z0-9_@%+=:,./-]{0,120}")
_BESIDE: Final = re.compile(r" \([^()]{0,80}\)$")
"""The host beside a component's name."""


def typed(values: Mapping[str, str]) -> dict[str, str]:
    """Return values for a command: one that a shell would read anything into gives way to its name in capitals, for people to fill in."""
    return {name: text if _HARMLESS.fullmatch(text := _BESIDE.sub("", value)) else f"THE_{_name(name)}" for name, value in values.items()}


def _name(name: str) -> str:
    return re.sub(r"[^A-Z0-9]+", "_", name.upper())
