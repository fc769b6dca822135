"""The verifier: every quote, number and time of a fact is read again from the sanitized text; what is not there is no fact.

It runs over every report, whoever wrote it.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Final, TypeVar
from uuid import UUID

from faultmaven_events.schemas.insight import Citation
from faultmaven_events.schemas.model import Model
from faultmaven_events.schemas.report import Claim, Evidence, Hypothesis, IncidentReport

_NUMBER: Final = re.compile(r"(?<![\w.])\d+(?:[.,]\d+)*(?:Z\b)?")
_SOFT: Final = 3
"""Integers below it need no proof ('one', 'two hosts')."""
Lines = Mapping[UUID, Sequence[str]]
M = TypeVar("M", bound=Model)


def genuine(citation: Citation, lines: Lines) -> bool:
    """Whether the cited lines exist, hash to what is claimed and begin with the quote."""
    page = lines.get(citation.evidence_id)
    if page is None or citation.line_end < citation.line_start or citation.line_end > len(page):
        return False
    cited = page[citation.line_start - 1 : citation.line_end]
    digest = hashlib.sha256("\n".join(cited).encode()).hexdigest()
    return digest == citation.quote_sha256 and cited[0].startswith(citation.quote)


def verify(report: IncidentReport, texts: Mapping[UUID, str]) -> IncidentReport:
    """Return the report with what does not check demoted to assumptions or dropped."""
    lines: Lines = {key: text.split("\n") for key, text in texts.items()}
    evidence = tuple(
        e.model_copy(update={"integrity": "verified" if genuine(e.citation, lines) else "unverified"}) for e in report.evidence
    )
    good = {e.evidence_id: e for e in evidence if e.integrity == "verified"}
    claims = tuple(_claim(c, good, lines) for c in report.claims)
    hypotheses = tuple(_hypothesis(h, lines, good) for h in report.hypotheses)
    assumed = tuple(c.text for c in claims if c.kind == "assumption")
    return report.model_copy(
        update={
            "evidence": evidence,
            "claims": claims,
            "hypotheses": hypotheses,
            "assumptions": tuple(dict.fromkeys((*report.assumptions, *assumed))),
            "timeline": tuple(m.model_copy(update={"evidence_refs": _kept(m.evidence_refs, good)}) for m in report.timeline),
            "root_cause": _root(report, good),
        }
    )


def _kept(refs: Sequence[str], good: Mapping[str, Evidence]) -> tuple[str, ...]:
    return tuple(r for r in refs if r in good)


def _claim(claim: Claim, good: Mapping[str, Evidence], lines: Lines) -> Claim:
    refs = _kept(claim.evidence_refs, good)
    if claim.kind == "assumption":
        return claim.model_copy(update={"evidence_refs": refs, "verified": False})
    shown = bool(refs) and all(_said(n, refs, good, lines) for n in _figures(claim.text)) if claim.kind == "fact" else bool(refs)
    kind = claim.kind if shown else "assumption"
    return claim.model_copy(update={"evidence_refs": refs, "verified": shown, "kind": kind})


def _figures(text: str) -> list[str]:
    found = [n.rstrip("Z") for n in _NUMBER.findall(text)]
    return [n for n in found if not (n.isdigit() and int(n) < _SOFT)]


def _said(figure: str, refs: Sequence[str], good: Mapping[str, Evidence], lines: Lines) -> bool:
    plain = figure.replace(",", "")
    for ref in refs:
        c = good[ref].citation
        text = "\n".join(lines[c.evidence_id][c.line_start - 1 : c.line_end])
        if figure in text or plain in text.replace(",", ""):
            return True
    return False


def _hypothesis(hypothesis: Hypothesis, lines: Lines, good: Mapping[str, Evidence]) -> Hypothesis:
    real = tuple(c for c in hypothesis.citations if genuine(c, lines))
    update: dict[str, object] = {
        "citations": real,
        "supports": _kept(hypothesis.supports, good),
        "refutes": _kept(hypothesis.refutes, good),
    }
    if hypothesis.citations and not real:
        update |= {"status": "inconclusive", "validation_method": "none"}
    return hypothesis.model_copy(update=update)


def _root(report: IncidentReport, good: Mapping[str, Evidence]) -> Model | None:
    root = report.root_cause
    if root is None:
        return None
    chain = []
    for link in root.causal_chain:
        refs = _kept(link.evidence_refs, good)
        chain.append(link.model_copy(update={"evidence_refs": refs, "assumed": link.assumed or not refs}))
    return root.model_copy(update={"causal_chain": tuple(chain)})


def rate(report: IncidentReport) -> float:
    """Share of the evidence that checks; 1 when there is none."""
    return sum(1 for e in report.evidence if e.integrity == "verified") / len(report.evidence) if report.evidence else 1.0
