"""An answer as it comes in, whole or in pieces, with bounds on everything a provider may send; and what it used."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic_core import to_json

from faultmaven_events.infra.llm.port import ANEW, Call, Request

TEXT: Final = 256 * 1024
"""Characters of an answer, its tool calls included."""
CALLS: Final = 32
"""Tool calls of an answer."""
_TOKENS: Final = 10**9
"""Of a claim about tokens more is not believed."""
_BYTES: Final = 2
"""Of one token, where the provider does not count: evidence is figures and identifiers, which come out at 1.2 to 2.2."""


class Overflow(Exception):
    """The answer is longer than its bounds."""


@dataclass(slots=True)
class Piece:
    """A tool call while it is written."""

    id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass(slots=True)
class Answer:
    """What has come so far."""

    text: list[str] = field(default_factory=list)
    calls: dict[int, Piece] = field(default_factory=dict)
    finish: str = ""
    refused: bool = False
    tokens_in: int | None = None
    tokens_out: int | None = None
    size: int = 0

    def add(self, message: Any) -> str:
        """Take a message, or the next piece of one, in OpenAI's form; return its text."""
        text = clean(getattr(message, "content", None))
        self._grow(len(text))
        self.text.append(text)
        for place, call in enumerate(getattr(message, "tool_calls", None) or ()):
            self._call(place, call)
        if getattr(message, "refusal", None) or (getattr(message, "provider_specific_fields", None) or {}).get("refusal"):
            self.refused = True
        return text

    def counted(self, usage: Any) -> None:
        """Take what the provider says it counted; nothing and zero in both are no count."""
        given = _number(getattr(usage, "prompt_tokens", None)), _number(getattr(usage, "completion_tokens", None))
        if any(given):
            self.tokens_in, self.tokens_out = given

    def said(self) -> str:
        """Return all its text."""
        return "".join(self.text)

    def called(self) -> tuple[Call, ...]:
        """Return its tool calls, in their order."""
        return tuple(Call(call.id or f"call_{at}", call.name, call.arguments) for at, call in sorted(self.calls.items()) if call.name)

    def used(self, request: Request) -> tuple[int, int, bool]:
        """Return tokens in, tokens out, and whether they are estimated."""
        if self.tokens_in is not None and self.tokens_out is not None:
            return self.tokens_in, self.tokens_out, False
        return estimate(request), -(-self.size // _BYTES), True

    def _call(self, place: int, call: Any) -> None:
        index = getattr(call, "index", None)
        at = index if isinstance(index, int) else place
        if at not in self.calls and len(self.calls) >= CALLS:
            raise Overflow
        piece = self.calls.setdefault(at, Piece())
        said = getattr(call, "function", None)
        name, arguments = clean(getattr(said, "name", None)), clean(getattr(said, "arguments", None))
        self._grow(len(name) + len(arguments))
        piece.id = piece.id or clean(getattr(call, "id", None))[:128]
        piece.name = (piece.name or name)[:128]
        piece.arguments += arguments

    def _grow(self, by: int) -> None:
        self.size += by
        if self.size > TEXT:
            raise Overflow


def clean(text: Any) -> str:
    """Return text without what stores and the mark `ANEW` cannot bear: the character NUL and halves of characters."""
    return text.replace(ANEW, "").encode("utf-8", "replace").decode() if isinstance(text, str) else ""


def estimate(request: Request) -> int:
    """Return roughly how many tokens a request has."""
    told: Sequence[Any] = [list(request.messages), list(request.tools)]
    return -(-len(to_json(told)) // _BYTES)


def _number(value: Any) -> int:
    return min(_TOKENS, max(0, value)) if isinstance(value, int) else 0
