"""Signals in what process already found: facts whose text or attributes show them."""

from collections.abc import Sequence
from typing import Final

from faultmaven_events.consumers.reason.offline.match import Sighting
from faultmaven_events.consumers.reason.offline.ruleset import Signal
from faultmaven_events.schemas.insight import Fact

_READ: Final = frozenset(
    {"row", "saturation", "validity", "limit", "exception", "restart", "clock_skew", "unhealthy", "event", "span_errors", "alert"}
)
"""Kinds that any signal may be found in; the others repeat lines that were read already, or are read by rules of their own."""


def tell(facts: Sequence[Fact], file: str, signals: Sequence[Signal], writer: str | None, known: set[tuple[str, int]]) -> list[Sighting]:
    """Return the signals that facts show and no line did. `known` are pairs of signal and line already found."""
    found = []
    for signal in signals:
        for fact in facts:
            if not fact.citations or fact.kind not in (signal.facts or _READ):
                continue
            line = fact.citations[0].line_start
            if (signal.name, line) in known:
                continue
            values = _read(signal, fact)
            if values is not None:
                found.append(_sighting(signal, fact, file, values, writer))
    return found


def _read(signal: Signal, fact: Fact) -> dict[str, str] | None:
    text = _said(fact)
    if any(p.search(text) for p in signal.refuse) or (signal.require and not signal.require.search(text)):
        return None
    for pattern in signal.patterns:
        match = pattern.search(text)
        if match:
            own = {("exception" if k == "type" else k): str(v) for k, v in fact.attributes.items() if v is not None}
            return {**own, **{k: v.strip() for k, v in match.groupdict().items() if v}}
    return None


def _said(fact: Fact) -> str:
    quotes = "\n".join(c.quote for c in fact.citations[:2])
    return f"{fact.text}\n{quotes}" + (f"\nwhat: {fact.attributes['what']}" if fact.kind == "contradiction" else "")


def _sighting(signal: Signal, fact: Fact, file: str, values: dict[str, str], writer: str | None) -> Sighting:
    times = (fact.at.timestamp(),) if fact.at else ()
    return Sighting(
        signal=signal.name,
        file=file,
        writer=fact.component or writer,
        values=values,
        lines=(fact.citations[0].line_start,),
        times=times,
        quote=fact.text,
        citation=fact.citations[0],
        last=fact.citations[-1],
        noise=signal.noise,
        timed=bool(times),
        count=max(fact.count, 1),
        told=True,
    )
