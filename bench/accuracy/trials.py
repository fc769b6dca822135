"""Variants of recorded incidents through the offline reasoner: what it said, how sure it was, and whether that was right."""

import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.accuracy.variants import Incident, Variant, incidents, variants
from bench.incidents import shaped
from faultmaven_events.consumers.reason.offline.case import open_case
from faultmaven_events.consumers.reason.offline.confidence import traits
from faultmaven_events.consumers.reason.offline.rank import rank
from faultmaven_events.consumers.reason.offline.reasoner import Known, solve, validate
from faultmaven_events.consumers.reason.offline.ruleset import rules
from faultmaven_events.schemas.report import IncidentReport

Rows = Sequence["Trial"]


@dataclass(frozen=True, slots=True)
class Trial:
    """One variant's outcome. `right`: component and reason of the first hypothesis, or the verdict healthy, by the kit's scorer."""

    incident: str
    rule: str
    withheld: bool
    healthy: bool
    """Whether the incident is none."""
    verdict: str
    score: float
    right: bool
    baseline: bool
    """Whether the most frequent error line, taken for the cause, is right."""
    traits: Mapping[str, float]
    """Empty where no cause fits."""


def trials(folder: Path) -> Iterator[Trial]:
    """Try every variant of every incident in a folder. The kit's scorer must be importable."""
    scorer: Any = importlib.import_module("score_incidents")
    known = incidents(scorer.load, folder)
    for number, incident in enumerate(known):
        stranger = known[(number + len(known) // 2) % len(known)]
        for variant in variants(incident, stranger):
            yield _tried(scorer, incident, variant)


def _tried(scorer: Any, incident: Incident, variant: Variant) -> Trial:
    merged, context = variant.case()
    case = open_case(merged, context, rules())
    ranked = rank(case, rules())
    report = solve(case, validate(case, ranked), context, Known("", (), {}))
    texts = {p.insights.file: p.text.encode() for p in variant.pieces}
    naive = scorer.score(scorer.naive(incident.question, texts), incident.truth)
    return Trial(
        incident=incident.name,
        rule=variant.rule,
        withheld=variant.withheld,
        healthy=incident.truth["verdict"] == "healthy",
        verdict=report.verdict,
        score=report.confidence.score,
        right=bool(scorer.score(_shaped(report), incident.truth)["correct"]),
        baseline=bool(naive["correct"]),
        traits=traits(case, ranked) if ranked else {},
    )


def _shaped(report: IncidentReport) -> dict[str, Any]:
    return shaped(report.model_dump(mode="json"), "")
