"""What to look up for a question: its own words and the strongest facts of its evidence. Pure."""

from collections.abc import Iterable

from faultmaven_events.schemas.insight import Fact, MergedInsights

LONGEST = 2000
"""Characters of a query. A model reads about the first thousand; the words count in full."""
FACTS = 12
STRENGTH = {
    "limit": 9,
    "saturation": 9,
    "exception": 8,
    "change": 7,
    "config_change": 7,
    "config_finding": 6,
    "restart": 6,
    "error": 5,
    "http_errors": 5,
    "burst": 4,
    "latency": 4,
    "first_seen": 3,
    "change_point": 3,
    "anomaly": 3,
    "silence": 3,
    "warning": 2,
}
"""How much a kind of fact tells of a cause; kinds that are not named here are not looked up."""
SEVERE = frozenset({"error", "critical"})


def search_text(merged: MergedInsights) -> str:
    """Return the query, at least the question and at most `LONGEST` characters."""
    text = merged.question.strip()[:LONGEST]
    for line in _lines(strongest(fact for file in merged.files for fact in file.facts)):
        if len(text) + 1 + len(line) > LONGEST:
            break
        if line not in text:
            text = f"{text}\n{line}"
    return text


def strongest(facts: Iterable[Fact]) -> list[Fact]:
    """Return the facts worth looking up, strongest first; which comes first among equals does not depend on the order of files."""
    worth = [fact for fact in facts if fact.kind in STRENGTH]
    return sorted(worth, key=lambda fact: (-STRENGTH[fact.kind], fact.level not in SEVERE, -fact.count, fact.text))[:FACTS]


def _lines(facts: Iterable[Fact]) -> Iterable[str]:
    return (" ".join(fact.text.split()) for fact in facts)
