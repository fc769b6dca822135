"""The vocabulary of logs, from names.toml."""

import tomllib
from importlib.resources import files
from typing import Final

_NAMES: Final[dict[str, dict[str, list[str]]]] = tomllib.loads(files(__package__).joinpath("names.toml").read_text("utf-8"))


def known(section: str, key: str) -> tuple[str, ...]:
    """Return a list of names, in its order."""
    return tuple(_NAMES[section][key])
