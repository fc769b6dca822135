"""What is known of the vendors whose APIs are spoken: one row each, by the prefix of their models' names in litellm."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Json = Literal["schema", "object", "none"]


@dataclass(frozen=True, slots=True)
class Vendor:
    """One row. A provider's own settings go before it."""

    key_env: str
    """The variable in which the vendor's own programs look for a key; read only for the vendor's own address."""
    url: str
    """Where it is, as people see it; litellm knows the path."""
    json: Json = "object"
    """How it is told to answer in JSON; `schema` only where it takes any JSON Schema."""
    json_with_tools: bool = True
    """Whether it takes the JSON mode and tools in one request; where not, a request with tools asks for JSON in words alone."""


VENDORS: Final[Mapping[str, Vendor]] = {
    "openai": Vendor("OPENAI_API_KEY", "https://api.openai.com/v1", json="schema"),
    # Without a mode for JSON of its own: litellm would pose the schema as a forced tool, which shuts out other tools.
    "anthropic": Vendor("ANTHROPIC_API_KEY", "https://api.anthropic.com", json="none"),
    "fireworks_ai": Vendor("FIREWORKS_API_KEY", "https://api.fireworks.ai/inference/v1", json_with_tools=False),
    "groq": Vendor("GROQ_API_KEY", "https://api.groq.com/openai/v1", json_with_tools=False),
    "gemini": Vendor("GEMINI_API_KEY", "https://generativelanguage.googleapis.com", json_with_tools=False),
    "mistral": Vendor("MISTRAL_API_KEY", "https://api.mistral.ai/v1"),
    "openrouter": Vendor("OPENROUTER_API_KEY", "https://openrouter.ai/api/v1", json_with_tools=False),
}
ELSEWHERE: Final = Vendor("", "", json="object", json_with_tools=False)
"""Something that speaks OpenAI's API at an address of its own: the least that all of them take."""


def prefix(model: str) -> str:
    """Return the vendor's part of a model's name."""
    return model.partition("/")[0]


def vendor(model: str, api_base: str | None) -> Vendor:
    """Return what is known of the vendor of a model at an address (None: the vendor's own)."""
    return ELSEWHERE if api_base is not None and prefix(model) == "openai" else VENDORS[prefix(model)]
