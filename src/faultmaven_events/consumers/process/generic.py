"""Text of which nothing more is known: how long it is, and which lines speak of errors."""

from collections.abc import Iterable
from uuid import UUID

from faultmaven_events.consumers.process.citation import cite
from faultmaven_events.consumers.process.logs.words import LOOK, implied_level
from faultmaven_events.schemas.evidence import Classification
from faultmaven_events.schemas.insight import Fact, Insights

MOST = 30


def analyse_generic(lines: Iterable[str], *, evidence_id: UUID, name: str, classification: Classification) -> Insights:
    """Return the lines of a text that speak of errors; what was not looked at stands in `truncated`."""
    facts: list[Fact] = []
    number = left_out = 0
    for number, line in enumerate(lines, 1):
        text = " ".join(line[:LOOK].split())
        level = implied_level(text) if text else None
        if not level:
            continue
        if len(facts) >= MOST:
            left_out += 1
            continue
        kind = "error" if level == "error" else "warning"
        facts.append(
            Fact(
                id=f"{kind}-{sum(fact.kind == kind for fact in facts) + 1}",
                kind=kind,
                text=text[:600],
                level=level,
                attributes={"template": text[:300], "level": level},
                citations=(cite(evidence_id, name, [line], number),),
            )
        )
    truncated = [f"Files of the type {classification.type} are not analysed further: only lines that speak of errors were picked out"]
    if left_out:
        truncated.append(f"{left_out} more such lines")
    return Insights(
        evidence_id=evidence_id, file=name, classification=classification, lines=number, facts=tuple(facts), truncated=tuple(truncated)
    )
