"""Causes weighed against each other: which mechanisms fit, what brought them, what speaks against them."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from faultmaven_events.consumers.reason.offline.case import Case
from faultmaven_events.consumers.reason.offline.change import Change
from faultmaven_events.consumers.reason.offline.culprit import culprit
from faultmaven_events.consumers.reason.offline.fit import Fit, Signs, best_change
from faultmaven_events.consumers.reason.offline.match import Sighting
from faultmaven_events.consumers.reason.offline.ruleset import Cause, Rules
from faultmaven_events.consumers.reason.offline.trend import Trend

_SEEN: Final = 0.2
"""Least weight with which a needed signal counts as seen."""
_NEED: Final = 1.3
_NULL: Final = 1.2
"""Log-odds of a cause that no rule knows."""
_SUBJECTS: Final = 3
_CONSEQUENCE: Final = 1.6
SUBJECT: Final = ("address", "host", "process", "queue", "exception", "table", "backend", "account", "zone", "name", "subject")


@dataclass(frozen=True, slots=True)
class Sign:
    """One signal as seen: a group of lines or a move of a series, and how much it belongs to the incident (0 to 1)."""

    name: str
    weight: float
    sighting: Sighting | None = None
    trend: Trend | None = None

    @property
    def at(self) -> float | None:
        """When it began, in seconds since 1970."""
        if self.trend:
            return self.trend.at.timestamp()
        return self.sighting.first_at if self.sighting else None

    @property
    def file(self) -> str:
        """Where it was seen."""
        return self.trend.file if self.trend else self.sighting.file if self.sighting else ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A cause that fits, with all that was weighed."""

    cause: Cause
    subject: str
    signs: tuple[Sign, ...]
    supports: tuple[Sign, ...]
    refutes: tuple[Sign, ...]
    fit: Fit | None
    component: str
    score: float
    posterior: float = 0.0
    prior: float = 0.0
    eaten_by: str | None = None
    others: tuple[Fit, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    holder: str = ""
    """Whose session stands at the head of the queue for the lock: an `application`'s or an `adhoc` one's."""

    @property
    def change(self) -> Change | None:
        """The change that brought it, if one fits."""
        return self.fit.change if self.fit else None

    @property
    def category(self) -> str:
        """The cause's category, as the change that brought it makes it."""
        ways = [self.change.kind if self.change else "", self.holder]
        return next((self.cause.by_change[w] for w in ways if w in self.cause.by_change), self.cause.category)

    @property
    def files(self) -> set[str]:
        """The files that speak for it."""
        files = {s.file for s in (*self.signs, *self.supports)}
        return files | ({self.change.file} if self.change else set())

    @property
    def first(self) -> float | None:
        """When its first sign was seen."""
        return min((s.at for s in self.signs if s.at is not None), default=None)


def rank(case: Case, rules: Rules) -> list[Candidate]:
    """Return every cause that fits, best first, with posteriors that leave room for an unknown one."""
    found = [c for cause in rules.causes for c in _candidates(case, cause)]
    found = _consequences(_distinct(found))
    found.sort(key=lambda c: (-c.score, c.cause.id, c.subject))
    top = max([c.score for c in found], default=_NULL)
    total = math.exp(_NULL - top) + sum(math.exp(c.score - top) for c in found)
    priors = _priors(found)
    return [replace(c, posterior=math.exp(c.score - top) / total, prior=p) for c, p in zip(found, priors, strict=True)]


def _priors(found: Sequence[Candidate]) -> list[float]:
    total = sum(math.exp(c.cause.prior) for c in found) + math.exp(_NULL)
    return [math.exp(c.cause.prior) / total for c in found]


def signs(case: Case, name: str) -> list[Sign]:
    """Return how a signal or a move (`queue_ready.up`) was seen, strongest first."""
    if "." in name:
        found = [Sign(name, _trend_weight(t), trend=t) for t in case.trends if t.name == name]
    else:
        found = [Sign(name, _weight(case, s), sighting=s) for s in case.sightings.get(name, ())]
    return sorted(found, key=lambda s: (-s.weight, s.file, s.at or 0.0))


def _weight(case: Case, sighting: Sighting) -> float:
    volume = min(1.0, 0.55 + math.log10(max(sighting.count, 1)) / 4)
    return case.novelty(sighting) * volume


def _trend_weight(trend: Trend) -> float:
    scale = max(abs(trend.before), 1e-9)
    ratio = abs(trend.after - trend.before) / scale
    return min(1.0, 0.5 + 0.2 * math.log10(1 + ratio) + (0.2 if trend.ramp else 0.0))


def _candidates(case: Case, cause: Cause) -> list[Candidate]:
    groups = [[s for name in group for s in signs(case, name) if s.weight >= _SEEN] for group in cause.needs]
    if not groups or not all(groups):
        return []
    found = []
    for subject, heads in _subjects(groups[0])[:_SUBJECTS]:
        chosen = (heads[0], *(_closest(heads[0], group) for group in groups[1:]))
        candidate = _weigh(case, cause, subject, chosen, heads[1:])
        if candidate is not None:
            found.append(candidate)
    return found


def _subjects(group: Sequence[Sign]) -> list[tuple[str, list[Sign]]]:
    """Signs that speak of the same thing, the strongest thing first."""
    by_subject: dict[str, list[Sign]] = {}
    for sign in group:
        by_subject.setdefault(subject(sign), []).append(sign)
    return sorted(by_subject.items(), key=lambda item: (-sum(sorted((s.weight for s in item[1]), reverse=True)[:3]), item[0]))


def subject(sign: Sign) -> str:
    """What a sign speaks of: an address, a process, a queue, else who wrote it."""
    if sign.trend:
        return sign.trend.series
    assert sign.sighting is not None  # one of the two is always there
    values = sign.sighting.values
    return next((values[k] for k in SUBJECT if values.get(k)), sign.sighting.writer or sign.file)


def _closest(head: Sign, group: Sequence[Sign]) -> Sign:
    return max(group, key=lambda s: s.weight + (0.25 if s.file == head.file else 0.0) + (0.25 if subject(s) == subject(head) else 0.0))


def _sum(case: Case, weights: Mapping[str, float]) -> tuple[float, tuple[Sign, ...]]:
    total, seen = 0.0, []
    for name, weight in weights.items():
        best = next(iter(signs(case, name)), None)
        if best is not None and best.weight >= _SEEN:
            total += weight * best.weight
            seen.append(best)
    return total, tuple(seen)


def _weigh(case: Case, cause: Cause, about: str, chosen: tuple[Sign, ...], more: Sequence[Sign]) -> Candidate | None:
    gain, supports = _sum(case, cause.supports)
    loss, refutes = _sum(case, cause.refutes)
    heads = [s.sighting for s in chosen if s.sighting]
    reference = began(case, chosen)
    fits = best_change(case, cause, Signs(heads, [s.trend for s in chosen if s.trend], reference))
    fit = fits[0] if fits else None
    if cause.change_required and fit is None:
        return None
    component = culprit(case, cause, (*chosen, *more[:3], *supports), fit.change if fit else None)
    score = cause.prior + _NEED * sum(s.weight for s in chosen) / math.sqrt(len(chosen)) + min(gain, 2.5) - min(loss, 3.0)
    holder = _holder(case) if cause.blocking else ""
    score += (
        (0.8 if holder else 0.0)
        + (fit.score if fit else 0.0)
        + _asked(case, component)
        + _felt(case, reference)
        + min(0.3, 0.1 * len(more))
    )
    return Candidate(
        cause=cause,
        subject=about,
        signs=(*chosen, *more[:3]),
        supports=supports,
        refutes=refutes,
        fit=fit,
        component=component,
        score=score,
        others=tuple(fits[1:3]),
        holder=holder,
    )


def _holder(case: Case) -> str:
    if case.lock is None or not case.lock.head.name:
        return ""
    return "adhoc" if case.lock.head.adhoc else "application"


def began(case: Case, chosen: Sequence[Sign]) -> float | None:
    """When the first of several signs was seen; the output of a command shows what is, not since when."""
    dated = [s for s in chosen if s.at is not None]
    live = [s for s in dated if (f := case.insights(s.file)) is None or f.classification.type != "command_output"]
    return min((s.at for s in live or () if s.at is not None), default=case.onset if live or not dated else _shown(case, dated))


def _shown(case: Case, dated: Sequence[Sign]) -> float | None:
    moments = [s.at for s in dated if s.at is not None]
    return min([*moments, *([case.onset] if case.onset is not None else [])], default=None)


def _asked(case: Case, component: str) -> float:
    """The question names the component: a little more likely, for users see symptoms."""
    return 0.15 if component and component.split(" ", maxsplit=1)[0] in case.graph.mentioned(case.question) else 0.0


def _felt(case: Case, reference: float | None) -> float:
    """Signs that began long after users felt it are consequences."""
    if reference is None or case.onset is None:
        return 0.0
    late = reference - case.onset
    return -0.4 if late > 20 else 0.2 if late > -5 else 0.1


def _distinct(found: Iterable[Candidate]) -> list[Candidate]:
    """One candidate per cause and component: the better one."""
    best: dict[tuple[str, str], Candidate] = {}
    for c in found:
        key = (c.cause.id, c.component)
        if key not in best or c.score > best[key].score:
            best[key] = c
    return list(best.values())


def _consequences(found: list[Candidate]) -> list[Candidate]:
    """A cause whose signs all are symptoms of another fitting cause loses against it."""
    out = []
    for c in found:
        names = {s.name for s in c.signs}
        eater = max(
            (
                o
                for o in found
                if o is not c
                and o.cause.id != c.cause.id
                and names <= set(o.cause.explains)
                and not _mutual(o, c)
                and o.score >= c.score - 1.5
            ),
            key=lambda o: (o.score, o.cause.id),
            default=None,
        )
        out.append(replace(c, score=c.score - _CONSEQUENCE, eaten_by=eater.cause.title) if eater else c)
    return out


def _mutual(one: Candidate, other: Candidate) -> bool:
    """Both explain each other: neither is the consequence."""
    return {s.name for s in one.signs} <= set(other.cause.explains)
