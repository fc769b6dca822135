"""What is it: content first, then the name, then the sender's media type.

Every detector of the tables votes; the strongest vote wins. A name of which some detector also thinks strengthens that vote; alone it
decides only when no detector is sure. The confidence falls with the distance to the best vote for another type.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, TypeAlias

from faultmaven_events.consumers.classify.captures import CAPTURES
from faultmaven_events.consumers.classify.commands import COMMANDS
from faultmaven_events.consumers.classify.configs import CONFIGS
from faultmaven_events.consumers.classify.detector import Detector, Vote
from faultmaven_events.consumers.classify.documents import DOCUMENTS
from faultmaven_events.consumers.classify.learned import learned
from faultmaven_events.consumers.classify.logs import LOGS
from faultmaven_events.consumers.classify.magic import magic
from faultmaven_events.consumers.classify.metrics import METRICS
from faultmaven_events.consumers.classify.names import hinted, suggestion
from faultmaven_events.consumers.classify.sample import HEAD, Sample
from faultmaven_events.consumers.classify.sources import SOURCES
from faultmaven_events.consumers.classify.structured import STRUCTURED
from faultmaven_events.consumers.classify.tables import TABLES
from faultmaven_events.consumers.classify.traces import TRACES
from faultmaven_events.schemas.evidence import Alternative, Classification, EvidenceType

TIERS: Final[tuple[tuple[Detector, ...], ...]] = (
    (*STRUCTURED, *CAPTURES, *METRICS, *TABLES, *COMMANDS, *TRACES, *LOGS),
    CONFIGS,
    (*DOCUMENTS, *SOURCES),
)
"""A later tier is asked only when none of the earlier ones is sure."""
SURE: Final = 0.94
UNSURE: Final = 0.84
"""Below it the trained model is asked as well."""
LEAST: Final = 0.4
"""Below it the answer is `unknown`."""
MENTIONED: Final = 0.25
"""Below it a vote is no alternative."""
Told: TypeAlias = tuple[EvidenceType, str, float] | None
"""Type, format and strength of what a name or a media type says."""


NEAR: Final = 0.15
"""Votes that are no further apart are in doubt: the hint decides between them, and the confidence says so."""
FAR: Final = 0.35
"""Votes that lie this much below the best one are no alternatives."""
CALIBRATION: Final = ((0.0, 0.0), (0.4, 0.45), (0.6, 0.6), (0.7, 0.75), (0.8, 0.88), (0.9, 0.96), (0.96, 0.99))
"""Score and confidence: share of right answers at that score, measured on files that no detector was written for (docs/classify.md)."""
_BLANK: Final = b" \t\r\n\x0b\x0c\x00"


def classify(head: bytes, name: str = "", hint: str | None = None) -> Classification:
    """Say what a file is by its first bytes (the first 256 KiB are enough), its name and the sender's media type.

    Never raises, whatever the bytes are; what nothing recognises is `unknown`.
    """
    head = head[:HEAD]
    told = hinted(hint)
    if found := magic(head):
        return _answer([found], "binary", told)
    if not head.strip(_BLANK):
        return _unknown("empty", 1.0, "nothing but white space", told=told)
    sample = Sample.of(head.lstrip(b"\x00") if head.startswith(bytes(16)) else head)
    if sample is None or not sample.lines:
        return _unknown("binary", 0.9, "control characters all over: not text", charset="binary", told=told)
    votes = _weigh(_votes(sample), suggestion(name), told)
    if not votes or votes[0].score < LEAST:
        return _unknown("text", 0.3, "text without features of any known kind", votes, charset=sample.charset, told=told)
    return _answer(votes, sample.charset, told)


def _unknown(
    form: str, confidence: float, reason: str, votes: Sequence[Vote] = (), *, charset: str = "utf-8", told: Told
) -> Classification:
    others = _alternatives("unknown", LEAST, votes)
    return Classification(
        type="unknown",
        format=form,
        charset=charset,
        confidence=confidence,
        reason=reason,
        alternatives=others,
        hint=told[0] if told else None,
    )


def _answer(votes: Sequence[Vote], charset: str, told: Told) -> Classification:
    best = votes[0]
    rival = next((vote.score for vote in votes if vote.type != best.type), 0.0)
    doubted = best.score - rival <= NEAR
    overruled = f"; the sender's media type says {told[0]}, which the content does not bear out" if told and told[0] != best.type else ""
    return Classification(
        type=best.type,
        format=best.format,
        charset=charset,
        confidence=_confidence(best.score * (0.85 if doubted else 1.0)),
        reason=f"{best.reason[: 300 - len(overruled)]}{overruled}",
        alternatives=_alternatives(best.type, best.score, votes),
        hint=told[0] if told else None,
    )


def _alternatives(type_: str, score: float, votes: Sequence[Vote]) -> tuple[Alternative, ...]:
    """The best vote for each other type that comes close."""
    others = {vote.type: vote for vote in reversed(votes) if vote.type != type_ and vote.score >= max(MENTIONED, score - FAR)}
    best = sorted(others.values(), key=lambda vote: -vote.score)[:3]
    return tuple(Alternative(type=vote.type, format=vote.format, confidence=_confidence(0.85 * vote.score)) for vote in best)


def _confidence(score: float) -> float:
    score = max(0.0, min(score, CALIBRATION[-1][0]))
    for (low, at_low), (high, at_high) in pairwise(CALIBRATION):
        if score <= high:
            return round(at_low + (at_high - at_low) * (score - low) / (high - low), 3)
    return CALIBRATION[-1][1]


def _votes(sample: Sample) -> list[Vote]:
    votes: list[Vote] = []
    for tier in TIERS:
        votes += [vote for detector in tier if (vote := detector(sample))]
        if any(vote.score >= SURE for vote in votes):
            break
    if all(vote.score < UNSURE for vote in votes) and (vote := learned(sample)):
        votes.append(vote)
    return votes


def _weigh(votes: list[Vote], named: Told, told: Told) -> list[Vote]:
    """Order the votes, strongest first, after the name's say and, between near ones or where the name says nothing, the sender's."""
    first = named or told
    if first:
        type_, form, weight = first
        source = "name" if named else "media type"
        votes = [_lifted(vote, first, source) for vote in votes]
        if not any(vote.type == type_ and (vote.score > weight or vote.type != "document") for vote in votes):
            votes.append(Vote(type_, form, weight * 0.9, f"the {source} alone"))
    votes = sorted(votes, key=lambda vote: -vote.score)
    if named and told and votes and votes[0].type != told[0]:
        votes = [_lifted(vote, told, "media type") if votes[0].score - vote.score <= NEAR else vote for vote in votes]
    return sorted(votes, key=lambda vote: -vote.score)


def _lifted(vote: Vote, told: tuple[EvidenceType, str, float], source: str) -> Vote:
    type_, form, weight = told
    if vote.type != type_:
        return vote
    share = 0.5 * weight + (0.02 if vote.format == form else 0.0)
    return Vote(vote.type, vote.format, vote.score + (1 - vote.score) * share, f"{vote.reason}, and the {source} fits")
