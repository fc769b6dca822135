"""Recorded incidents with some of their evidence taken away, or with somebody else's put in: what people really hand in."""

import hashlib
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, Final

from bench.inprocess import prepare
from faultmaven_events.consumers.process.merge import merge
from faultmaven_events.consumers.reason.context import Context
from faultmaven_events.consumers.sanitize.redact import redact
from faultmaven_events.schemas.insight import Insights, MergedInsights

_SPACE: Final = uuid.UUID("5f0b2f8e-3c8e-5c57-9d6e-0d9f5f7f7b11")
_NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
_KEY: Final = hashlib.sha256(b"bench").digest()
_LOGS: Final = frozenset({"log"})
_STATES: Final = frozenset({"config", "command_output"})
_STRANGERS: Final = 3
"""Files of another incident that are mixed in."""
_HALVES: Final = 3


@dataclass(frozen=True, slots=True)
class Piece:
    """One file as process left it."""

    insights: Insights
    text: str


@dataclass(frozen=True, slots=True)
class Incident:
    """A recorded incident, prepared once. `truth` is for the scorer alone."""

    name: str
    question: str
    pieces: Mapping[str, Piece]
    truth: Mapping[str, Any]

    @property
    def telling(self) -> frozenset[str]:
        """The files in which the cause stands."""
        return frozenset(k["file"] for k in self.truth["key_evidence"] if k.get("role", "cause") == "cause")


@dataclass(frozen=True, slots=True)
class Variant:
    """An incident with other evidence. `withheld`: none of the files in which the cause stands is there."""

    incident: Incident
    rule: str
    pieces: tuple[Piece, ...]
    withheld: bool

    def case(self) -> tuple[MergedInsights, Context]:
        """What the reasoner is given."""
        context = Context(
            job_id=uuid.uuid5(_SPACE, self.incident.question),
            tenant="bench",
            correlation_id="bench",
            created_at=_NOW,
            texts={p.insights.evidence_id: p.text for p in self.pieces},
            digests={p.insights.file: hashlib.sha256(p.text.encode()).hexdigest() for p in self.pieces},
        )
        return merge(self.incident.question, [p.insights for p in self.pieces]), context


Loaded = tuple[str, str, Mapping[str, bytes], Mapping[str, Any]]
"""Name, question, evidence, truth: what the kit's loader gives."""


def incidents(load: Callable[[str], Sequence[Loaded]], folder: Path) -> list[Incident]:
    """Classify, sanitize and analyse every file of every incident in a folder, once."""
    return [
        Incident(name, redact(question, key=_KEY)[0], {file: piece(file, data) for file, data in sorted(evidence.items())}, truth)
        for name, question, evidence, truth in load(str(folder))
    ]


def piece(name: str, data: bytes) -> Piece:
    """Return one file as process leaves it."""
    insights, text, _ = prepare(name, data, _NOW)
    return Piece(insights, text)


def variants(incident: Incident, stranger: Incident, seed: int = 5) -> Iterator[Variant]:
    """Yield an incident in every form, each set of files once; `stranger` is another incident, whose files are put in as noise."""
    seen: set[tuple[str, ...]] = set()
    for rule, names in _subsets(incident, Random(f"{seed} {incident.name}")):  # reproducible, not secret
        key = tuple(sorted(names))
        if key and key not in seen:
            seen.add(key)
            yield Variant(incident, rule, tuple(incident.pieces[n] for n in key), withheld=not incident.telling & set(key))
    for rule, names in (
        ("mixed", list(incident.pieces)),
        ("mixed without cause", [n for n in incident.pieces if n not in incident.telling]),
    ):
        yield _mixed(incident, rule, names, stranger)


def _mixed(incident: Incident, rule: str, names: Sequence[str], stranger: Incident) -> Variant:
    foreign = [p for n, p in sorted(stranger.pieces.items()) if n not in incident.pieces][:_STRANGERS]
    return Variant(incident, rule, (*(incident.pieces[n] for n in names), *foreign), withheld=not incident.telling & set(names))


def _subsets(incident: Incident, random: Random) -> Iterator[tuple[str, list[str]]]:
    names = list(incident.pieces)
    kinds = {n: p.insights.classification.type for n, p in incident.pieces.items()}
    views = [n for n in names if "http" in n and kinds[n] == "metrics"]
    loud = max(names, key=lambda n: sum(incident.pieces[n].insights.levels.get(level, 0) for level in ("error", "critical", "warning")))
    yield "whole", names
    yield from ((f"without {n}", [m for m in names if m != n]) for n in names)
    yield "without cause", [n for n in names if n not in incident.telling]
    yield "clients only", views
    yield "clients and edge", [*views, *(n for n in names if "access" in n)]
    yield "loudest only", [loud]
    yield "loudest and clients", [loud, *views]
    yield "logs only", [n for n in names if kinds[n] in _LOGS]
    yield "metrics only", [n for n in names if kinds[n] == "metrics"]
    yield "states only", [n for n in names if kinds[n] in _STATES]
    for _ in range(_HALVES):
        yield "half", random.sample(names, max(1, len(names) // 2))
