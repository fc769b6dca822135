"""YAML, told by indentation, keys and items; and the kinds of it that have a name of their own."""

import re
from typing import Final

from faultmaven_events.consumers.classify.detector import Vote
from faultmaven_events.consumers.classify.sample import Sample

_YAML: Final = re.compile(
    r"\s*(?:- )*(?:[\w.\-/$@*<~+()%]+|\"[^\"]*\"|'[^']*')(?: [\w.\-/]+){0,4}\s*:(?: +.*|$)|\s*-(?: .*)?$"
    r"|---(?: .*)?$|\.\.\.$|\s*[}\]],?$|\s*\{\{.*\}\}$"
)
_BLOCK: Final = re.compile(r"(?:[^#]*:|\s*-) [|>][+-]?\d?\s*(?:#.*)?$")
PROGRAM: Final = re.compile(r"(?:from [\w.]+ c?import \w|c?import \w+|(?:c?p?def|class) \w+.*[:(]|@\w+)")
"""Lines that a program has and no settings have."""


def yaml(sample: Sample) -> Vote | None:
    """Keys and items by indentation; the text of block scalars does not count."""
    total = good = keyed = aligned = 0
    block: int | None = None
    for row in sample.rows[:160]:
        line = row.expandtabs()
        if not line or line.lstrip().startswith("#"):
            continue
        indent = len(line) - len(line.lstrip())
        if block is not None and indent > block:
            continue
        block = None
        total += 1
        if _YAML.fullmatch(line):
            good += 1
            keyed += ":" in line
            aligned += re.match(r"\S[^:]*:(?: {3,})\S", line) is not None
            if _BLOCK.fullmatch(line) or _open_text(line):
                block = indent
    if total == 0 or any(map(PROGRAM.match, sample.body[:30])) or good < 0.85 * total or not keyed or (aligned > 0.3 * total and total > 2):
        return None
    return _kind_of_yaml(sample, good, total)


def _open_text(line: str) -> bool:
    value = line.partition(": ")[2].strip() or line.strip().removeprefix("- ")
    return bool(value) and (
        (value[0] in "\"'" and (len(value) == 1 or value[-1] != value[0]))
        or len(value) > 60
        or (value[0] in "[{" and value[-1] not in "]}")
    )  # reads as written


def _kind_of_yaml(sample: Sample, good: int, total: int) -> Vote:
    text = "\n".join(sample.rows[:400])
    seen = f"{good} of {total} lines are keys or items"
    if re.search(r"^apiVersion:", text, re.MULTILINE) and re.search(r"^kind:", text, re.MULTILINE):
        return Vote("config", "kubernetes", 0.97, f"{seen}, with apiVersion and kind")
    if re.search(r"^services:\s*$", text, re.MULTILINE) and re.search(
        r"^\s+(?:image|build|ports|volumes|environment|depends_on):", text, re.MULTILINE
    ):
        return Vote("config", "compose", 0.96, f"{seen}, with services")
    deep = bool(re.search(r"^(?: +|-)", text, re.MULTILINE)) or text.startswith("---")
    return Vote("config", "yaml", 0.88 if deep and total >= 3 else 0.82 if deep else 0.7 if total >= 2 else 0.5, seen)
