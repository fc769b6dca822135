"""What a resolver's log says names lead to, and which names began to lead elsewhere."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from faultmaven_events.consumers.reason.offline.page import Page

_ANSWER: Final = re.compile(
    r"(?:reply|config|cached|/\S+) (?P<name>[A-Za-z_][\w.-]*) is (?P<address>\d{1,3}(?:\.\d{1,3}){3}|<?IP_\w+>?|[0-9a-f]*:[0-9a-f:]+)\s*$",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """A name that led to `old` until `before` and to `new` from `line` on; `owner` is another name that has the new address."""

    name: str
    old: str
    new: str
    before: int
    line: int
    owner: str = ""


def answers_of(page: Page) -> Iterator[Answer]:
    """Yield names whose addresses were replaced for good, in order of the names. Names with changing sets of addresses are left out."""
    if " is " not in page.text or "query" not in page.text:
        return
    seen: dict[str, list[tuple[int, str]]] = {}
    for number, match in page.search(_ANSWER):
        seen.setdefault(match["name"], []).append((number, match["address"]))
    for name, told in sorted(seen.items()):
        old, new = told[0][1], told[-1][1]
        first = next((n for n, address in told if address == new), 0)
        last = max(n for n, address in told if address == old)
        if old == new or last > first or {address for _, address in told} != {old, new}:
            continue
        owner = next((other for other, lines in sorted(seen.items()) if other != name and lines[0][1] == new), "")
        yield Answer(name, old, new, last, first, owner)
