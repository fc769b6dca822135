"""Evidence inside a prompt: between marks that no line can know, with what other models take for marks made harmless."""

import json
import re
import secrets
import unicodedata
from dataclasses import dataclass
from typing import Any, Final

_MARKS: Final = re.compile(
    r"<<|>>"  # ours
    r"|<[|\uff5c][^|\uff5c<>]{0,60}[|\uff5c]>"  # <|im_start|> and its kin, DeepSeek's with wide bars
    r"|\[/?(?:INST|SYS|TOOL_CALLS|AVAILABLE_TOOLS|TOOL_RESULTS|SYSTEM_PROMPT)\]"  # Mistral, Llama 2
    r"|</?(?:s|bos|eos|unk|think|thinking|tool_call|tool_response|function_calls?|invoke|system|user|assistant|start_of_turn|end_of_turn"
    r"|begin_of_text|end_of_text)>"
    r"|^(?:human|assistant|system|user|model)\s{0,3}:"  # turns of older chat formats
    r"|\\n(?:human|assistant|system)\s{0,3}:"
    r"|#{2,4}\s{0,3}(?:instructions?|response|input|system|human|assistant)\b\s{0,3}:?",
    re.IGNORECASE | re.MULTILINE,
)
"""Marks by which well-known models tell turns and roles apart. No part of the pattern repeats without a bound: it takes linear time."""
_PLAIN: Final = str.maketrans(
    {"<": "\u2039", ">": "\u203a", "[": "\u2045", "]": "\u2046", ":": "\ua789", "#": "\uff03", "|": "\u00a6", "\uff5c": "\u00a6"}
)
_HIDDEN: Final = frozenset({"Cf", "Co", "Cs", "Cn"})


def new_nonce() -> str:
    """Return a mark for one run: 64 random bits in hexadecimal."""
    return secrets.token_hex(8)


def neutral(text: str) -> str:
    """Return a text in which nothing reads as a mark of a prompt or hides: look-alikes instead of brackets, no invisible characters."""
    if not text.isascii():
        text = "".join(c for c in text if unicodedata.category(c) not in _HIDDEN and not 0xFE00 <= ord(c) <= 0xFE0F)
    text = "".join(c if c in "\t\n" or unicodedata.category(c) != "Cc" else " " for c in text)
    return _MARKS.sub(lambda m: m[0].translate(_PLAIN), text)


@dataclass(frozen=True, slots=True)
class Envelope:
    """Puts data between the marks of one run."""

    nonce: str

    def around(self, data: Any) -> str:
        """Return data as JSON between the marks. Every text in it is neutral and free of the nonce."""
        return f"<<{self.nonce}>>\n{json.dumps(self._safe(data), ensure_ascii=False, indent=1)}\n<</{self.nonce}>>"

    def _safe(self, value: Any) -> Any:
        if isinstance(value, str):
            return neutral(value.replace(self.nonce, ""))
        if isinstance(value, dict):
            return {str(k): self._safe(v) for k, v in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._safe(v) for v in value]
        return value
