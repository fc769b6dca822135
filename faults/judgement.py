"""Whether what became of a case's jobs is what an undisturbed run makes of the same content: pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from faults.facts import Facts, Key
from faults.normal import differences

_COUNTED: Final = ("events", "runs", "letters")
"""Facts that are lists of effects: one too few is a loss, one too many a duplicate."""


@dataclass(slots=True)
class Verdict:
    """What was found, as sentences; all three are empty when all is well."""

    jobs: int = 0
    lost: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)

    @property
    def violations(self) -> list[str]:
        """All sentences."""
        return [
            *(f"lost: {line}" for line in self.lost),
            *(f"duplicate effect: {line}" for line in self.duplicates),
            *(f"stuck: {line}" for line in self.stuck),
        ]


def key_of(tenant: str, facts: Facts) -> Key:
    """Return what a job is, whatever its id."""
    return tenant, facts["job"]["kind"], facts["job"]["name"]


def judge(
    reference: Mapping[Key, Facts], accepted: Mapping[UUID, str], tenants: Mapping[UUID, str], found: Mapping[UUID, Facts]
) -> Verdict:
    """Compare jobs with their reference.

    Args:
        reference: facts of an undisturbed run.
        accepted: jobs that were promised, with their tenants.
        tenants: all jobs that exist, with their tenants: the promised ones, and those whose answer got lost.
        found: the facts of those that exist.
    """
    verdict = Verdict(jobs=len(accepted.keys() | found.keys()))
    for id in accepted.keys() - found.keys():
        verdict.lost.append(f"job {id} of {accepted[id]} was accepted and does not exist")
    for id, facts in found.items():
        wanted = reference.get(key_of(tenants[id], facts))
        if wanted is None:
            verdict.lost.append(f"job {id} of {tenants[id]} is no job of the mix: {facts['job']}")
        else:
            _compare(f"job {id} ({tenants[id]}, {facts['job']['name'] or 'question'})", wanted, facts, verdict)
    return verdict


def judge_points(what: str, wanted: Sequence[Any], found: Sequence[Any], verdict: Verdict) -> None:
    """Compare what the vector store holds of one job with its reference."""
    _count(what, "points", wanted, found, verdict)


def judge_blobs(wanted: Mapping[str, float], found: Mapping[str, int], verdict: Verdict) -> None:
    """Compare how many blobs lie in each `<area>/<tenant>` with how many the jobs of the tenants leave behind."""
    for place in sorted(wanted.keys() | found.keys()):
        a, b = round(wanted.get(place, 0)), found.get(place, 0)
        if a != b:
            (verdict.lost if a > b else verdict.duplicates).append(f"{place} holds {b} blobs, not {a}")


def _compare(what: str, wanted: Facts, found: Facts, verdict: Verdict) -> None:
    for name in found["twice"]:
        verdict.duplicates.append(f"{what}: the event log holds a {name} more than once")
    for name in _COUNTED:
        _count(what, name, wanted[name], found[name], verdict)
    for name in ("job", "result", "arrival", "gathering"):
        verdict.lost += [f"{what}: {line}" for line in differences(wanted[name], found[name], name)]


def _count(what: str, name: str, wanted: Sequence[Any], found: Sequence[Any], verdict: Verdict) -> None:
    a, b = Counter(map(repr, wanted)), Counter(map(repr, found))
    verdict.lost += [f"{what}: {name} lack {_short(one)}" for one in (a - b).elements()]
    verdict.duplicates += [f"{what}: {name} have one too many: {_short(one)}" for one in (b - a).elements()]


def _short(text: Any) -> str:
    return str(text)[:200]
