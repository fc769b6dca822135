"""What is it: content first, then the name, then the sender's media type.

Every detector of the tables votes; the strongest vote wins. A name of which some detector also thinks strengthens that vote; alone it
decides only when no detector is sure. The confidence falls with the distance to the best vote for another type.
"""

from typing import Final

from faultmaven_events.consumers.classify.captures import CAPTURES
from faultmaven_events.consumers.classify.commands import COMMANDS
from faultmaven_events.consumers.classify.configs import CONFIGS
from faultmaven_events.consumers.classify.detector import Detector, Vote
from faultmaven_events.consumers.classify.documents import DOCUMENTS
from faultmaven_events.consumers.classify.logs import LOGS
from faultmaven_events.consumers.classify.magic import magic
from faultmaven_events.consumers.classify.metrics import METRICS
from faultmaven_events.consumers.classify.names import suggestion
from faultmaven_events.consumers.classify.sample import HEAD, Sample
from faultmaven_events.consumers.classify.sources import SOURCES
from faultmaven_events.consumers.classify.structured import STRUCTURED
from faultmaven_events.consumers.classify.tables import TABLES
from faultmaven_events.consumers.classify.traces import TRACES
from faultmaven_events.schemas.evidence import Classification

TIERS: Final[tuple[tuple[Detector, ...], ...]] = (
    (*STRUCTURED, *CAPTURES, *METRICS, *TABLES, *COMMANDS, *TRACES, *LOGS),
    CONFIGS,
    (*DOCUMENTS, *SOURCES),
)
"""A later tier is asked only when none of the earlier ones is sure."""
SURE: Final = 0.94
LEAST: Final = 0.4
"""Below it the answer is `unknown`."""


def classify(head: bytes, name: str = "", hint: str | None = None) -> Classification:
    """Say what a file is by its first bytes (the first 256 KiB are enough), its name and the sender's media type.

    Never raises, whatever the bytes are; what nothing recognises is `unknown`.
    """
    head = head[:HEAD]
    if found := magic(head):
        return _answer(found, "binary", found.score)
    if not head.strip(b" \t\r\n\x0b\x0c\x00"):
        return Classification(type="unknown", format="empty", confidence=1.0, reason="nothing but white space")
    sample = Sample.of(head.lstrip(b"\x00") if head.startswith(bytes(16)) else head)
    if sample is None or not sample.lines:
        return Classification(
            type="unknown", format="binary", charset="binary", confidence=0.9, reason="control characters all over: not text"
        )
    votes = _weigh(_votes(sample), name, hint)
    if not votes or votes[0].score < LEAST:
        return Classification(
            type="unknown", format="text", charset=sample.charset, confidence=0.3, reason="text without features of any known kind"
        )
    rival = next((vote.score for vote in votes if vote.type != votes[0].type), 0.0)
    return _answer(votes[0], sample.charset, votes[0].score * (1.0 if votes[0].score - rival > 0.15 else 0.85))


def _answer(vote: Vote, charset: str, confidence: float) -> Classification:
    return Classification(
        type=vote.type, format=vote.format, charset=charset, confidence=round(min(0.99, confidence), 3), reason=vote.reason[:300]
    )


def _votes(sample: Sample) -> list[Vote]:
    votes: list[Vote] = []
    for tier in TIERS:
        votes += [vote for detector in tier if (vote := detector(sample))]
        if any(vote.score >= SURE for vote in votes):
            break
    return votes


def _weigh(votes: list[Vote], name: str, hint: str | None) -> list[Vote]:
    """Order the votes, strongest first, after the name's say."""
    told = suggestion(name, hint)
    if told:
        type_, form, weight = told
        votes = [_lifted(vote, type_, form, weight) for vote in votes]
        if not any(vote.type == type_ and (vote.score > weight or vote.type != "document") for vote in votes):
            votes.append(Vote(type_, form, weight * 0.9, "the name's ending alone"))
    return sorted(votes, key=lambda vote: -vote.score)


def _lifted(vote: Vote, type_: str, form: str, weight: float) -> Vote:
    if vote.type != type_:
        return vote
    share = 0.5 * weight + (0.02 if vote.format == form else 0.0)
    return Vote(vote.type, vote.format, vote.score + (1 - vote.score) * share, f"{vote.reason}, and the name fits")
