"""What a call may cost at most, and what one did cost.

Prices come from the provider's own entry in the configuration, else from the map that litellm brings, which is read as a file: importing
the library takes seconds. Where neither knows a model, its money is not counted, only its tokens.

A prompt has at most as many tokens as bytes, for every tokenizer that falls back to bytes (all of those in use do). Nothing tighter is
safe: figures, identifiers and tables, which is what evidence is made of, come out at 1.2 to 2.2 bytes a token, not at the 4 of English.
"""

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from pydantic_core import from_json, to_json

from faultmaven_events.infra.llm.budget import MOST, Amount, micros
from faultmaven_events.infra.llm.port import Provider, Request

_MAP: Final = "model_prices_and_context_window_backup.json"
_IN, _OUT = "input_cost_per_token", "output_cost_per_token"
_LARGE: Final = 100_000
"""Tokens of a prompt from which a model's price for long prompts may hold."""
_FRAME, _TOOLED = 16, 1000
"""Tokens that a chat template puts around a message, and that a provider's own words about tools or a schema take."""


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars a token; `long_` where a prompt is long and the model has a price for that."""

    input: float
    output: float
    long_input: float
    long_output: float

    def of(self, tokens_in: int, tokens_out: int) -> int:
        """Return what so many tokens cost, in millionths of a dollar."""
        long = tokens_in >= _LARGE
        return micros(tokens_in * (self.long_input if long else self.input) + tokens_out * (self.long_output if long else self.output))


def price_of(provider: Provider, model: str) -> Price | None:
    """Return the price of a provider's model; None where it is not known.

    The provider's own price is that of its models; of its cheaper one only where nobody else knows it.
    """
    known = _known().get(model) or _known().get(model.partition("/")[2])
    if (provider.input_usd is None and provider.output_usd is None) or (known and model == provider.cheaper):
        return known
    own = (provider.input_usd or 0.0) / 1_000_000, (provider.output_usd or 0.0) / 1_000_000
    return Price(*own, *own)


@cache
def _known() -> Mapping[str, Price]:
    found = importlib.util.find_spec("litellm")
    if found is None or not found.origin:
        return {}
    try:
        models = from_json((Path(found.origin).parent / _MAP).read_bytes())
    except (OSError, ValueError):
        return {}
    return {name: price for name, about in models.items() if (price := _price(about)) is not None}


def _price(about: Any) -> Price | None:
    if not isinstance(about, dict) or not all(isinstance(about.get(name), int | float) for name in (_IN, _OUT)):
        return None
    return Price(about[_IN], about[_OUT], _highest(about, _IN), _highest(about, _OUT))


def _highest(about: Mapping[str, Any], name: str) -> float:
    tiers = (key for key in about if key.startswith(f"{name}_above_") and key.endswith("_tokens"))
    return max(float(about[key]) for key in (name, *tiers) if isinstance(about[key], int | float))


def bound(request: Request) -> tuple[int, int]:
    """Return how many tokens a request and its answer may have at most."""
    told = [list(request.messages), list(request.tools), dict(request.schema or {})]
    around = _FRAME * len(request.messages) + (_TOOLED if request.tools or request.schema else 0)
    return min(MOST, len(to_json(told)) + around), min(MOST, request.max_tokens)


def at_most(price: Price | None, tokens_in: int, tokens_out: int) -> Amount:
    """Return the amount to set aside for a call."""
    return Amount(price.of(tokens_in, tokens_out) if price else 0, tokens_in + tokens_out)
