"""The list of tools, as data: what a model is told of each, and the JSON Schema that its arguments are checked against."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from faultmaven_events.errors import SetupError

LONGEST: Final = 4000
"""Characters of arguments that are read at all."""


class Refused(Exception):
    """A call is not carried out. The message says which rule it broke, never what was in it: it is shown to the model, and in reports."""


class Failed(Exception):
    """A call was carried out and came to nothing. The message holds no content."""


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool. `outward`: withheld once something that was read tries to instruct the model."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    seconds: float
    outward: bool

    def told(self) -> dict[str, Any]:
        """The tool in OpenAI's form."""
        return {"type": "function", "function": {"name": self.name, "description": self.description, "parameters": self.parameters}}

    def arguments(self, written: str) -> dict[str, Any]:
        """Read what a model wrote.

        Raises:
            Refused: too long, no JSON object, or it does not fit the schema.
        """
        if len(written) > LONGEST:
            raise Refused("the arguments are too long")
        try:
            found = json.loads(written or "{}")
        except (ValueError, RecursionError):
            raise Refused("the arguments are no valid JSON") from None
        if not isinstance(found, dict):
            raise Refused("the arguments are no object")
        wrong = best_match(Draft202012Validator(self.parameters).iter_errors(found))
        if wrong is not None:
            place = wrong.absolute_path[0] if wrong.absolute_path else "the object"
            raise Refused(f"{place}: {wrong.validator}")
        return found


@cache
def registry() -> Mapping[str, Tool]:
    """Every tool that there is, by name."""
    data = tomllib.loads(files(__package__).joinpath("tools.toml").read_text("utf-8"))
    return {name: Tool(name=name, **row) for name, row in data.items()}


def allowed(names: str) -> tuple[Tool, ...]:
    """The tools of a list with commas, as in `FM_LLM_TOOLS`.

    Raises:
        SetupError: one of them does not exist.
    """
    wanted = [name for part in names.split(",") if (name := part.strip())]
    for name in wanted:
        if name not in registry():
            raise SetupError(f"FM_LLM_TOOLS names a tool that does not exist; there are: {', '.join(registry())}")
    return tuple(registry()[name] for name in dict.fromkeys(wanted))
