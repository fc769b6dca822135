"""All calls of one operation of one service, and figures over them."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from faultmaven_events.consumers.process.traces.attributes import PEER, SYSTEM, first, shape
from faultmaven_events.consumers.process.traces.span import Span
from faultmaven_events.consumers.process.traces.tree import self_time

_DIGITS: Final = re.compile(r"\d+")


@dataclass(slots=True)
class Operation:
    """The spans of one (service, operation), by start."""

    service: str
    name: str
    spans: list[Span] = field(default_factory=list)
    own: float = 0.0
    """Seconds in the operation itself, over all spans."""

    @property
    def title(self) -> str:
        """How a sentence names it."""
        return f"{self.service} `{self.name}`"

    @property
    def failed(self) -> list[Span]:
        """The spans that failed, by start."""
        return [span for span in self.spans if span.failed]


def operations(spans: Iterable[Span]) -> list[Operation]:
    """Group spans by service and by the shape of their name."""
    found: dict[tuple[str, str], Operation] = {}
    for span in spans:
        key = (span.service, shape(span.name))
        one = found.get(key)
        if one is None:
            one = found[key] = Operation(*key)
        one.spans.append(span)
        one.own += self_time(span)
    for one in found.values():
        one.spans.sort(key=lambda span: span.start)
    return list(found.values())


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1))]


def peer(span: Span) -> str | None:
    """Whom a call went to, as its attributes name it."""
    return first(span.attributes, PEER) or first(span.attributes, SYSTEM)


def origins(failed: Iterable[Span]) -> tuple[list[Span], dict[tuple[str, str], int]]:
    """The failed spans below which no call failed, and where the errors of the others began: (service, operation) -> how many."""
    begun: list[Span] = []
    passed: dict[tuple[str, str], int] = defaultdict(int)
    for span in failed:
        deepest = source(span)
        if deepest is span:
            begun.append(span)
        else:
            passed[(deepest.service, shape(deepest.name))] += 1
    return begun, passed


def source(span: Span) -> Span:
    """The deepest failed span below a failed one, along the failed children that ended last."""
    for _ in range(200):
        failed = [child for child in span.children if child.failed]
        if not failed:
            return span
        span = max(failed, key=lambda one: one.end)
    return span


def commonest(texts: Iterable[str | None], most: int = 3) -> list[tuple[str, int]]:
    """The commonest texts; those that differ in numbers only are one, told by its first."""
    counts: Counter[str] = Counter()
    said: dict[str, str] = {}
    for text in texts:
        if text:
            key = _DIGITS.sub("0", text[:300])
            said.setdefault(key, text)
            counts[key] += 1
    return [(said[key], count) for key, count in counts.most_common(most)]


def lasting(seconds: float) -> str:
    """A duration as people say it: 12 ms, 3.20 s."""
    if seconds < 1:
        return f"{seconds * 1000:.3g} ms"
    return f"{seconds:.2f} s" if seconds < 100 else f"{seconds:,.0f} s"
