"""What a model may answer: one JSON object of this shape, read with suspicion."""

import json
from functools import cache
from typing import Any, Final, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from faultmaven_events.infra.llm.port import BadOutput
from faultmaven_events.schemas.report import Category

LONGEST: Final = 64 * 1024
"""Characters of an answer that are read at all."""
CATEGORIES: Final[tuple[str, ...]] = get_args(Category)
_DROPPED: Final = frozenset({"title", "default", "minLength", "maxLength", "minItems", "maxItems"})
"""Keywords that providers' strict modes do not all take; `read` watches over them."""


class _Said(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Quoted(_Said):
    """A line that a model says it read."""

    fact: str = Field(max_length=12, description="Id of a fact")
    quote: str = Field(max_length=600, description="Words of that line, exactly")


class Added(_Said):
    """A hypothesis of the model."""

    statement: str = Field(min_length=10, max_length=600, description="What broke and why, in one or two sentences")
    component: str = Field(min_length=1, max_length=80, description="The component at fault, as the facts name it")
    category: Category
    mechanism: str | None = Field(default=None, max_length=600, description="How the cause makes the symptom, or null")
    supports: tuple[str, ...] = Field(min_length=1, max_length=20, description="Ids of the facts that show it")
    quotes: tuple[Quoted, ...] = Field(default=(), max_length=10, description="The words that show it")


class Opinion(_Said):
    """What a model may say about a report."""

    ranking: tuple[str, ...] = Field(default=(), max_length=20, description="Ids of the given hypotheses, likeliest first")
    headline: str | None = Field(default=None, max_length=400, description="One sentence: what broke and why, or null")
    hypotheses: tuple[Added, ...] = Field(default=(), max_length=3, description="Further hypotheses, or none")


def read(answer: str) -> Opinion:
    """Read an answer; prose and fences around the object are forgiven.

    Raises:
        BadOutput: no JSON object, or not of the shape asked for.
    """
    if len(answer) > LONGEST:
        raise BadOutput("the answer is too long")
    begin, end = answer.find("{"), answer.rfind("}")
    if begin < 0 or end <= begin:
        raise BadOutput("there is no JSON object")
    try:
        found = json.loads(answer[begin : end + 1])
        return Opinion.model_validate(found)
    except ValidationError as error:
        wrong = (
            f"{'.'.join(map(_step, e['loc'])) or 'the object'}: {e['type']}"
            for e in error.errors(include_input=False, include_url=False)[:4]
        )
        raise BadOutput("; ".join(wrong)) from None
    except (ValueError, RecursionError):
        raise BadOutput("the object is no valid JSON") from None


def _step(place: int | str) -> str:
    """A step of a path: the names are those of our own schema."""
    return str(place)


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema of an answer, in the form that strict modes take: closed objects, every field required."""
    found: dict[str, Any] = _strict(Opinion.model_json_schema())
    return found


def _strict(node: Any) -> Any:
    if isinstance(node, list):
        return [_strict(one) for one in node]
    if not isinstance(node, dict):
        return node
    kept = {key: _strict(value) for key, value in node.items() if key not in _DROPPED or key in node.get("properties", {})}
    if "properties" in kept:
        kept |= {"additionalProperties": False, "required": list(kept["properties"])}
    return kept
