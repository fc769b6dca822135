"""Loud but not the cause: errors that were there before, single slips, clients that look for weak spots."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from faultmaven_events.consumers.reason.offline.case import Case
from faultmaven_events.consumers.reason.offline.change import Change
from faultmaven_events.consumers.reason.offline.impact import few_clients
from faultmaven_events.consumers.reason.offline.phrases import message, short
from faultmaven_events.schemas.insight import Citation, Fact, Insights, Template

_LOUD: Final = frozenset({"error", "critical", "warning"})
_MOST: Final = 6
_TRANSIENT: Final = frozenset({"restart", "release", "scale", "config", "migration"})
"""Changes during which a short interruption is expected."""
_BEFORE_S, _SOON_S, _OVER_S = 3.0, 15.0, 30.0


@dataclass(frozen=True, slots=True)
class Noise:
    """One loud thing, why it is not the cause, and where it stands."""

    what: str
    why: str
    file: str
    count: int
    citation: Citation
    scanner: bool = False


def background(case: Case) -> list[Noise]:
    """Return what is loud and explained otherwise, loudest first."""
    found = [(t.level, n) for f in case.files for t in f.templates if t.level in _LOUD and (n := _template(case, f, t)) is not None]
    found.sort(key=lambda pair: (pair[0] == "warning", -pair[1].count, pair[1].file, pair[1].citation.line_start))
    return [*scanners(case.facts), *(n for _, n in found)][:_MOST]


def scanners(facts: Mapping[str, Sequence[Fact]]) -> list[Noise]:
    """Refusals that hardly more than one client got."""
    found = []
    for file, several in facts.items():
        for fact in several:
            if (
                fact.kind == "http_errors"
                and fact.citations
                and few_clients(fact)
                and fact.count >= 20
                and fact.attributes.get("scope") == "all"
            ):
                a = fact.attributes
                who = "one client (a single address)" if a.get("clients") == 1 else f"{a.get('clients')} clients"
                what = f"{fact.count} answers with status {a.get('status')} on {a.get('routes')} paths"
                why = "which a rate limit throttled" if str(a.get("status")) == "429" else "a scanner or bot probing for weak spots"
                found.append(
                    Noise(
                        what,
                        f"they went to {who}, {why}; customers are not affected",
                        file,
                        fact.count,
                        fact.citations[0],
                        scanner=True,
                    )
                )
    return sorted(found, key=lambda n: (-n.count, n.file))


def _template(case: Case, file: Insights, template: Template) -> Noise | None:
    if template.first_at is None or template.last_at is None or case.start is None or case.end is None:
        return None
    moved = case.alignment[file.file].shift.total_seconds()
    first, last = template.first_at.timestamp() + moved, template.last_at.timestamp() + moved
    text = message(template.sample.quote)
    if template.count <= 2 and first < case.start + 3:
        return None
    came = next((c for c in case.changes if _brings(c, first, last)), None)
    if came is not None and case.onset is None:
        return Noise(
            text,
            f"it came with '{short(came.text, 90)}' and was over after {last - (came.at or first):.0f} s",
            file.file,
            template.count,
            template.sample,
        )
    if template.count <= 2:
        return Noise(
            text,
            f"it occurred {'once' if template.count == 1 else 'twice'} and changed nothing",
            file.file,
            template.count,
            template.sample,
        )
    split = case.onset or (case.start + case.end) / 2
    if first >= split or first > case.start + 0.35 * (case.end - case.start):
        return None
    before, after = _split(file, template, split - moved)
    rate_before, rate_after = before / max(split - case.start, 1.0), after / max(min(last, case.end) - split, 1.0)
    if rate_after > 2 * rate_before + 0.05:
        return None
    return Noise(
        text, f"it was there before with the same rate ({before} times before, {after} after)", file.file, template.count, template.sample
    )


def _brings(change: Change, first: float, last: float) -> bool:
    """Whether something loud began with a change and ended soon after it."""
    return (
        change.at is not None and change.kind in _TRANSIENT and -_BEFORE_S <= first - change.at <= _SOON_S and last - change.at <= _OVER_S
    )


def _split(file: Insights, template: Template, at: float) -> tuple[int, int]:
    start = file.start.timestamp() if file.start else 0.0
    before = sum(n for index, n in template.buckets if start + index * file.bucket_s < at)
    return before, sum(n for _, n in template.buckets) - before
