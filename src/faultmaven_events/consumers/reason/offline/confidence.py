"""How sure the answer is, and from what: independent evidence, contradictions, coverage of the time, distance to the runner-up."""

from collections.abc import Sequence

from faultmaven_events.consumers.reason.offline.case import Case
from faultmaven_events.consumers.reason.offline.rank import Candidate
from faultmaven_events.schemas.report import Band, Confidence


def band(score: float) -> Band:
    """Name a score: high from .75, medium from .5."""
    return "high" if score >= 0.75 else "medium" if score >= 0.5 else "low"


def coverage(case: Case) -> float:
    """Share of the incident's time range that timed evidence covers, on average over the files that have times."""
    if case.start is None or case.end is None:
        return 0.0
    length = max(case.end - case.start, 1.0)
    shares = []
    for file in case.files:
        if file.start and file.end and file.end > file.start:
            moved = case.alignment[file.file].shift.total_seconds()
            low, high = max(file.start.timestamp() + moved, case.start), min(file.end.timestamp() + moved, case.end)
            shares.append(max(0.0, high - low) / length)
    return round(sum(shares) / len(shares), 2) if shares else 0.0


def weigh(case: Case, ranked: Sequence[Candidate]) -> Confidence:
    """Return the confidence in the first candidate."""
    covered = coverage(case)
    if not ranked:
        return Confidence(
            score=0.1,
            band="low",
            basis="no mechanism fits the evidence",
            independent_evidence=0,
            contradictions=0,
            coverage=covered,
            margin=0.0,
        )
    top = ranked[0]
    second = next((c.posterior for c in ranked[1:] if c.cause.id != top.cause.id), 0.0)
    independent, against = len(top.files), len(top.refutes)
    margin = round(max(0.0, top.posterior - second), 3)
    score = 0.25 + 0.12 * min(independent, 4) + 0.25 * margin + 0.1 * covered - 0.06 * against
    score += (
        0.1
        if top.change and any("stands in the failing lines" in r or "of the kind" in r for r in (top.fit.reasons if top.fit else ()))
        else 0.0
    )
    score += 0.08 if {s.name for s in top.signs} & set(top.cause.direct) else 0.0
    score = round(min(0.97, max(0.05, score)), 3)
    basis = (
        f"{independent} independent files speak for it, {against} facts against it; "
        f"timed evidence covers {covered:.0%} of the incident; {margin:.0%} ahead of the next cause"
    )
    return Confidence(
        score=score,
        band=band(score),
        basis=basis,
        independent_evidence=independent,
        contradictions=against,
        coverage=covered,
        margin=margin,
    )


def healthy(case: Case) -> Confidence:
    """Return the confidence that nothing is wrong."""
    covered = coverage(case)
    views = len(case.traffic)
    score = round(min(0.95, 0.55 + 0.2 * min(views, 1) + 0.2 * covered), 3)
    basis = f"{views} clients' views stay good over {covered:.0%} of the time; the errors seen have other explanations"
    return Confidence(
        score=score, band=band(score), basis=basis, independent_evidence=views + 1, contradictions=0, coverage=covered, margin=0.5
    )
