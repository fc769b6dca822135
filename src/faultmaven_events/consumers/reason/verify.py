"""The verifier: every quote, number and time of a fact is read again from the sanitized text; what is not there is no fact.

It runs over every report, whoever wrote it; over a report that was verified before it changes nothing but the counts. Lines are found by
file, range and hash. What a line refutes is demoted to an assumption or dropped; what cannot be read, because the text is gone, only loses
its mark. Figures that were computed from many lines are those of the problem, the blast radius and `provenance["computed"]`, which no
model writes.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from uuid import UUID

from faultmaven_events.consumers.reason.reread import Ground, Reader, Standing, computed, genuine, within
from faultmaven_events.schemas.insight import Citation
from faultmaven_events.schemas.report import Claim, Evidence, Hypothesis, IncidentReport, Moment, Recommendation, RootCause

__all__ = ["genuine", "rate", "verify"]

_AROUND: Final = timedelta(minutes=2)
"""By how much a moment may lie beside the times of its lines: a line may be written when something ends."""
_DAY: Final = timedelta(days=1)
_NAMED: Final = 5
"""Figures that one limitation names."""
_CARRIED: Final = 0.5
_OFFLINE: Final = "offline"
_WORD: Final = 4


def verify(report: IncidentReport, texts: Mapping[UUID, str]) -> IncidentReport:
    """Return the report with what does not check demoted to assumptions or dropped; `provenance["verification"]` counts it."""
    desk = Desk(report, Reader(texts))
    evidence = tuple(desk.item(e) for e in report.evidence)
    claims = tuple(desk.claim(c) for c in report.claims)
    hypotheses = tuple(desk.hypothesis(h) for h in report.hypotheses)
    timeline = tuple(m for m in map(desk.moment, report.timeline) if m is not None)
    root = desk.root(report.root_cause, hypotheses)
    update: dict[str, object] = {
        "evidence": evidence,
        "claims": claims,
        "hypotheses": hypotheses,
        "timeline": timeline,
        "root_cause": root,
        "recommendations": tuple(desk.advice(r, hypotheses) for r in report.recommendations),
        "verdict": desk.verdict(hypotheses),
        "headline": desk.headline(hypotheses),
    }
    assumed = tuple(c.text for c in claims if c.kind == "assumption")
    update["assumptions"] = tuple(dict.fromkeys((*report.assumptions, *assumed)))
    update["limitations"] = tuple(dict.fromkeys((*report.limitations, *desk.notes)))
    update["provenance"] = {**report.provenance, "verification": desk.counts()}
    return report.model_copy(update=update)


@dataclass
class Desk:
    """One report under examination. `tally` counts what became of its parts, `notes` are limitations."""

    report: IncidentReport
    reader: Reader
    notes: list[str] = field(default_factory=list)
    tally: Counter[str] = field(default_factory=Counter)
    standings: dict[str, Standing] = field(default_factory=dict)
    good: dict[str, Citation] = field(default_factory=dict)
    figures: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        names = Counter(e.evidence_id for e in self.report.evidence)
        for e in self.report.evidence:
            standing = self.reader.standing(e.citation)
            self.standings[e.evidence_id] = "forged" if names[e.evidence_id] > 1 else standing
            if self.standings[e.evidence_id] == "verified":
                self.good[e.evidence_id] = e.citation
        self.figures = _computed(self.report) | computed(e.fact for e in self.report.evidence if e.fact and e.evidence_id in self.good)

    def counts(self) -> dict[str, int]:
        """How many parts were looked at, hold, were demoted, were dropped; over all times that the report was verified."""
        before = self.report.provenance.get("verification")
        told = Counter({k: v for k, v in before.items() if isinstance(v, int)}) if isinstance(before, dict) else Counter[str]()
        gone = {name: self.tally[name] + told[name] for name in ("demoted", "dropped")}
        return {"checked": self.tally["checked"] + told["dropped"], "verified": self.tally["verified"], **gone}

    def _count(self, *, holds: bool, otherwise: str = "") -> None:
        self.tally["checked"] += 1
        if holds:
            self.tally["verified"] += 1
        elif otherwise:
            self.tally[otherwise] += 1

    def _kept(self, refs: Iterable[str]) -> tuple[str, ...]:
        return tuple(r for r in refs if r in self.good)

    def _ground(self, citations: Iterable[Citation], *, known: bool = True) -> Ground:
        said = self.reader.ground(citations)
        return Ground(said.texts, self.figures) if known else said

    def item(self, evidence: Evidence) -> Evidence:
        """Mark a piece of evidence."""
        holds = evidence.evidence_id in self.good
        self._count(holds=holds, otherwise="demoted" if evidence.integrity == "verified" and not holds else "")
        return evidence.model_copy(update={"integrity": "verified" if holds else "unverified"})

    def claim(self, claim: Claim) -> Claim:
        """A fact needs lines that hold its figures, times, quotes and most of its words; an inference needs lines."""
        refs = self._kept(claim.evidence_refs)
        if claim.kind == "assumption":
            self._count(holds=False)
            return claim.model_copy(update={"evidence_refs": refs, "verified": False})
        ground = self._ground((self.good[r] for r in refs), known=claim.kind == "inference")
        lacking = ground.lacks(_after_place(claim.text, [self.good[r] for r in refs])) if refs else []
        kind = claim.kind if refs and not lacking else "assumption"
        if kind == "fact" and _carried(claim.text, ground, [self.good[r].file for r in refs]) < _CARRIED:
            kind = "inference"
        if claim.kind == "inference" and refs and lacking:
            kind = "inference"
            self._note("A conclusion", lacking)
        shown = bool(refs) and not lacking and kind == claim.kind
        self._count(holds=shown, otherwise="demoted" if kind != claim.kind else "")
        return claim.model_copy(update={"evidence_refs": refs, "verified": shown, "kind": kind})

    def hypothesis(self, hypothesis: Hypothesis) -> Hypothesis:
        """It loses what is forged; without a line left, or with figures of its own making, it is no longer a sure one."""
        real = tuple(c for c in hypothesis.citations if self.reader.standing(c) == "verified")
        supports = self._kept(hypothesis.supports)
        update: dict[str, object] = {"citations": real, "supports": supports, "refutes": self._kept(hypothesis.refutes)}
        update["neutral"] = self._kept(hypothesis.neutral)
        for _ in range(len(hypothesis.citations) - len(real)):
            self._count(holds=False, otherwise="dropped")
        lacking = self._ground([*real, *(self.good[r] for r in supports)]).lacks(hypothesis.statement)
        if lacking:
            self._note(hypothesis.id, lacking)
        cited = bool(hypothesis.citations or hypothesis.supports)
        holds = bool(real or supports) or not cited
        if not holds or (lacking and hypothesis.origin != _OFFLINE):
            update |= {"status": "inconclusive", "validation_method": "none"}
        self._count(
            holds=holds and not lacking, otherwise="demoted" if update.get("status", hypothesis.status) != hypothesis.status else ""
        )
        return hypothesis.model_copy(update=update)

    def moment(self, moment: Moment) -> Moment | None:
        """A moment whose lines are forged, or tell of another time, is dropped."""
        refs = self._kept(moment.evidence_refs)
        forged = any(self.standings.get(r, "forged") == "forged" for r in moment.evidence_refs)
        times = self._ground(self.good[r] for r in refs).times
        slack = _DAY if moment.clock_note else _AROUND
        dated = not times or moment.kind == "recovery" or _year_apart(moment, times) or within(moment.at, times, slack)
        if (forged and not refs) or not dated:
            self._count(holds=False, otherwise="dropped")
            return None
        self._count(holds=bool(refs))
        return moment.model_copy(update={"evidence_refs": refs})

    def root(self, root: RootCause | None, hypotheses: Sequence[Hypothesis]) -> RootCause | None:
        """The accepted hypothesis must be one of the report's that still stands; links without lines are assumed."""
        if root is None:
            return None
        accepted = next((h for h in hypotheses if h.id == root.hypothesis_id), None)
        if accepted is None or (accepted.status == "inconclusive" and self._refuted(accepted.id)):
            self._count(holds=False, otherwise="dropped")
            return None
        chain = []
        for link in root.causal_chain:
            refs = self._kept(link.evidence_refs)
            self._count(holds=bool(refs) or link.assumed, otherwise="" if refs or link.assumed else "demoted")
            chain.append(link.model_copy(update={"evidence_refs": refs, "assumed": link.assumed or not refs}))
        return root.model_copy(update={"causal_chain": tuple(chain), "statement": accepted.statement, "component": accepted.component})

    def advice(self, advice: Recommendation, hypotheses: Sequence[Hypothesis]) -> Recommendation:
        """Commands are filled from the lines of a hypothesis; when those are forged, nobody should type them."""
        known = {h.id for h in hypotheses}
        if advice.hypothesis_id is None or not advice.commands:
            return advice
        if advice.hypothesis_id in known and not self._refuted(advice.hypothesis_id):
            return advice
        for _ in advice.commands:
            self._count(holds=False, otherwise="dropped")
        self.notes.append("Commands that were filled from lines which do not exist were taken out")
        return advice.model_copy(update={"commands": ()})

    def verdict(self, hypotheses: Sequence[Hypothesis]) -> str:
        """Sure answers need a first hypothesis with lines that hold."""
        told = self.report.verdict
        first = hypotheses[0] if hypotheses else None
        if told not in {"confirmed", "likely", "healthy"} or first is None:
            return told
        if self._refuted(first.id):
            return "inconclusive"
        return "likely" if told == "confirmed" and not (first.citations or first.supports) else told

    def headline(self, hypotheses: Sequence[Hypothesis]) -> str:
        """The headline, or the first hypothesis instead of one with figures, times or quotes that stand nowhere."""
        told, first = self.report.headline, hypotheses[0] if hypotheses else None
        if first is None:
            return told
        ground = self._ground([*first.citations, *(self.good[r] for r in first.supports)])
        lacking = Ground((*ground.texts, first.statement), ground.figures | computed([first.statement])).lacks(told)
        self._count(holds=not lacking, otherwise="demoted" if lacking else "")
        return f"{first.component}: {first.mechanism or 'see the hypotheses'}"[:300] if lacking else told

    def _refuted(self, hypothesis_id: str) -> bool:
        """Whether all that a hypothesis cited is forged: not only unread."""
        told = next((h for h in self.report.hypotheses if h.id == hypothesis_id), None)
        if told is None:
            return True
        found = [*map(self.reader.standing, told.citations), *(self.standings.get(r, "forged") for r in told.supports)]
        return "forged" in found and "verified" not in found

    def _note(self, who: str, lacking: Sequence[str]) -> None:
        shown = ", ".join(dict.fromkeys(part[:60] for part in lacking[:_NAMED]))
        self.notes.append(f"{who} says what stands in none of its lines: {shown}")


def _year_apart(moment: Moment, times: Sequence[object]) -> bool:
    """The lines have times without a year, which no one can compare."""
    return all(getattr(at, "year", 1970) == 1970 for at in times) and moment.at.year != 1970


def _after_place(text: str, citations: Sequence[Citation]) -> str:
    """A sentence without the place in front of it, where that is the place of one of its lines."""
    for c in citations:
        for place in (f"{c.file} line {c.line_start}: ", f"{c.file}: "):
            if text.startswith(place):
                return text[len(place) :]
    return text


def _carried(text: str, ground: Ground, files: Sequence[str]) -> float:
    """Share of a sentence's words that its lines, or their files' names, use too."""
    words = {w for w in "".join(c if c.isalnum() else " " for c in text.lower()).split() if len(w) >= _WORD and not w.isdigit()}
    if not words:
        return 1.0
    said = " ".join((*ground.texts, *files, "line")).lower()
    return sum(1 for w in words if w in said) / len(words)


def _computed(report: IncidentReport) -> frozenset[str]:
    own = report.provenance.get("computed")
    problem, radius = report.problem_statement, report.blast_radius
    sentences = (problem.symptom, problem.expected or "", problem.observed or "", problem.severity_basis, radius.summary)
    told = frozenset(part for part in own if isinstance(part, str)) if isinstance(own, list | tuple) else frozenset()
    return told | computed((*sentences, *(str(n) for n in radius.affected.values())))


def rate(report: IncidentReport) -> float:
    """Share of the evidence that checks; 1 when there is none."""
    return sum(1 for e in report.evidence if e.integrity == "verified") / len(report.evidence) if report.evidence else 1.0
