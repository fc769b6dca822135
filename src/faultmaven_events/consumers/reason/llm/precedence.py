"""When a hypothesis may come before the one that the rules put first."""

from typing import Final

from faultmaven_events.schemas.report import IncidentReport

_FIRM: Final = frozenset({"confirmed", "healthy"})
_NEAR: Final = 0.25
"""Least share of the first hypothesis's posterior from which another may be put before it."""


def leader(report: IncidentReport, ranking: tuple[str, ...]) -> str | None:
    """Whom a ranking puts first, of those that there are."""
    known = {h.id for h in report.hypotheses}
    return next((one for one in ranking if one in known), None)


def refusal(report: IncidentReport, wanted: str) -> str | None:
    """Why a hypothesis may not come first, whoever wants it; None when it may."""
    first = report.hypotheses[0]
    one = next(h for h in report.hypotheses if h.id == wanted)
    if report.verdict in _FIRM:
        return f"{first.id} rests on direct evidence and stays"
    if one.status == "refuted" or one.posterior < _NEAR * first.posterior:
        return f"the evidence speaks far more for {first.id}, which stays"
    return None
