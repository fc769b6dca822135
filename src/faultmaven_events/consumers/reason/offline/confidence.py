"""How sure the answer is, and from what. The score means: of a hundred answers with this score, that share is right.

It is a logistic over traits of the case (0 to 1, more is better), with weights in `confidence.toml` that a script fits on recorded
incidents.
"""

import hashlib
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from faultmaven_events.consumers.reason.offline.case import Case
from faultmaven_events.consumers.reason.offline.rank import Candidate
from faultmaven_events.schemas.report import Band, Confidence

MOST: Final = 0.97
LEAST: Final = 0.03
"""No evidence makes an answer certain, and none makes it impossible."""
_FILES: Final = 4
_KINDS: Final = 3
_SIGNS: Final = 4
_AGAINST: Final = 3
"""Numbers from which on more of the same says no more."""
_BROUGHT: Final = 2.6
"""Points of a change that fits in kind, time and place."""
_LINKS: Final = ("stands in the failing lines", "of the kind")
_NAMED: Final = 3
"""Contributions that the basis names."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What each trait is worth, in log-odds, and from which score on a verdict may be given."""

    origin: str
    """By what it was calibrated."""
    bias: float
    weights: Mapping[str, float]
    floors: Mapping[str, float]
    gates: Mapping[str, float]
    words: Mapping[str, str]
    version: str

    def score(self, traits: Mapping[str, float]) -> float:
        """Return the share right that such traits had."""
        odds = self.bias + sum(weight * traits[name] for name, weight in self.weights.items())
        return min(MOST, max(LEAST, 1 / (1 + math.exp(-odds))))


@cache
def weights() -> Weights:
    """Read the weights that are part of this package."""
    data = (files(__package__) / "confidence.toml").read_bytes()
    return Weights(**tomllib.loads(data.decode()), version=hashlib.sha256(data).hexdigest()[:12])


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


def traits(case: Case, ranked: Sequence[Candidate]) -> dict[str, float]:
    """What speaks for the first candidate, each 0 to 1; more of any never makes it less likely."""
    top = ranked[0]
    types = {f.file: f.classification.type for f in case.files}
    reasons = top.fit.reasons if top.fit else ()
    direct = any(s.name in top.cause.direct and s.weight >= 0.5 for s in top.signs)
    return {
        "files": min(len(top.files), _FILES) / _FILES,
        "kinds": min(len({types.get(name) for name in top.files}), _KINDS) / _KINDS,
        "signs": min(len({s.name for s in (*top.signs, *top.supports)}), _SIGNS) / _SIGNS,
        "agreement": min(1.0, sum(c.posterior for c in ranked if c.component == top.component)),
        "known": float(not top.cause.broad or len(top.cause.needs) > 1 or direct),
        "link": float(any(link in reason for reason in reasons for link in _LINKS)),
        "brought": float(top.fit is not None and top.fit.score >= _BROUGHT and top.fit.change.at is not None),
        "felt": float(bool(case.impacts)),
        "direct": float(direct),
        "covered": coverage(case),
        "against": 1 - min(len(top.refutes), _AGAINST) / _AGAINST,
    }


def weigh(case: Case, ranked: Sequence[Candidate]) -> Confidence:
    """Return the confidence in the first candidate."""
    covered = coverage(case)
    if not ranked:
        return Confidence(
            score=LEAST,
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
    found = traits(case, ranked)
    score = round(weights().score(found), 3)
    basis = (
        f"{independent} independent files speak for it, {against} facts against it; "
        f"timed evidence covers {covered:.0%} of the incident; {margin:.0%} ahead of the next cause{contributions(found)}"
    )
    return Confidence(
        score=score,
        band=band(score),
        basis=basis,
        independent_evidence=independent,
        contradictions=against,
        coverage=covered,
        margin=margin,
        calibration=weights().origin or None,
    )


def contributions(found: Mapping[str, float]) -> str:
    """What raises the score most, and what would raise it most."""
    known = weights()
    worth = sorted(known.weights, key=lambda name: (-known.weights[name] * found[name], name))
    lost = sorted(known.weights, key=lambda name: (-known.weights[name] * (1 - found[name]), name))
    given = [known.words[name] for name in worth if found[name] >= 0.5 and known.weights[name] * found[name] >= 0.2][:_NAMED]
    missing = [known.words[name] for name in lost if found[name] < 0.5 and known.weights[name] * (1 - found[name]) >= 0.5][:_NAMED]
    return (f". For it: {'; '.join(given)}" if given else "") + (f". It lacks: {'; '.join(missing)}" if missing else "")


def healthy(case: Case, ranked: Sequence[Candidate] = (), *, inside: int = 0) -> Confidence:
    """Return the confidence that nothing is wrong. `inside`: files with times from behind the door.

    A client's view alone says little of what customers do not see at once (a queue, a report, a mail): what is inside counts too, and
    a mechanism that seems at work takes away.
    """
    covered = coverage(case)
    doubt = max((c.posterior for c in ranked[:1] if not c.cause.broad and c.score > 2), default=0.0)
    score = round(0.6 + (0.15 if case.traffic else 0.0) + 0.05 * min(inside, 4) - 0.1 * doubt, 3)
    score = min(score, 0.95)
    views = len(case.traffic)
    basis = (
        f"{views} clients' views stay good over {covered:.0%} of the time, {inside} files from behind them show no harm; "
        "the errors seen have other explanations"
    )
    return Confidence(
        score=score, band=band(score), basis=basis, independent_evidence=views + inside, contradictions=0, coverage=covered, margin=0.5
    )
