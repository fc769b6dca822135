"""Adapters for the evaluation kit: incidents and the terms of expected answers."""

from collections.abc import Mapping
from typing import Any

from bench.incidents import shaped
from bench.inprocess import run
from faultmaven_events.reports.markdown import markdown


def incident(question: str, evidence: Mapping[str, bytes]) -> dict[str, Any]:
    """Answer one recorded incident."""
    report = run(question, evidence)
    return shaped(report.model_dump(mode="json"), markdown(report))


def incident_terms(question: str, evidence: Mapping[str, str]) -> list[str]:
    """Hypotheses in words, best first."""
    report = run(question, {name: text.encode() for name, text in evidence.items()})
    return [f"{h.component}: {h.statement}" for h in report.hypotheses[:3]]
