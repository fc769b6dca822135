"""What users feel: failing answers, slow answers, work that piles up; and since when."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Final, Literal

from faultmaven_events.consumers.reason.offline.ruleset import Role
from faultmaven_events.consumers.reason.offline.trend import Trend, role
from faultmaven_events.schemas.insight import Fact, Insights, Series

Kind = Literal["errors", "no_answer", "rejections", "latency", "backlog"]
_WINDOW: Final = 8
"""Samples summed up before a share is looked at."""
_SHARE: Final = 0.04
"""Failing share that counts as felt, above three times the early share."""
_SLOWER: Final = 2.5
_SLOWER_MS: Final = 40.0
_TIME: Final = re.compile(r"(\d{4}-(?:0\d|1[0-2])-(?:[0-2]\d|3[01]) (?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)Z")
_BLIP: Final = 5.0
"""Seconds; what is over sooner is a blip, such as a restart during a release."""


@dataclass(frozen=True, slots=True)
class Impact:
    """One thing that users feel. `before` and `after` are shares, milliseconds or messages, by `kind`."""

    kind: Kind
    text: str
    at: float
    before: float
    after: float
    file: str
    until: float | None = None
    fact: Fact | None = None
    series: tuple[str, ...] = ()
    component: str | None = None


@dataclass(frozen=True, slots=True)
class Traffic:
    """What the client's view says over the whole time: totals and the early and late level."""

    file: str
    requests: float
    failed: float
    rejected: float
    early_rate: float
    late_rate: float
    latency: float | None
    samples: int
    series: tuple[str, ...]
    surge_at: float | None = None


def clients(files: Sequence[Insights], roles: Sequence[Role], shift: Mapping[str, timedelta]) -> tuple[list[Impact], list[Traffic]]:
    """Read every file that counts requests and their outcomes."""
    impacts: list[Impact] = []
    views: list[Traffic] = []
    for file in files:
        by_role: dict[str, Series] = {}
        for series in file.series:
            what = role(series.name, roles)
            if what is not None and what.name not in by_role:
                by_role[what.name] = series
        if "requests" in by_role and ("server_errors" in by_role or "no_answer" in by_role):
            moved = shift.get(file.file, timedelta())
            impacts += _shares(file, by_role, moved)
            views.append(_view(file, by_role))
    return impacts, views


def _counts(by_role: Mapping[str, Series], names: Sequence[str]) -> dict[datetime, float]:
    found: dict[datetime, float] = {}
    for name in names:
        for at, value in by_role[name].points if name in by_role else ():
            found[at] = found.get(at, 0.0) + value
    return found


def _shares(file: Insights, by_role: Mapping[str, Series], moved: timedelta) -> list[Impact]:
    requests = _counts(by_role, ["requests"])
    found = []
    kinds: tuple[tuple[Kind, tuple[str, ...], str], ...] = (
        ("errors", ("server_errors", "no_answer"), "failing answers (5xx or none)"),
        ("rejections", ("client_errors",), "refused requests (4xx)"),
    )
    for kind, names, label in kinds:
        present = [n for n in names if n in by_role]
        bad = _counts(by_role, present)
        step = _step(requests, bad) or (_always(requests, bad) if kind == "errors" else None)
        if step is None:
            continue
        at, until, before, after = step
        found.append(
            Impact(
                kind=kind,
                text=f"{label} rose from {before:.1%} to {after:.1%} of requests",
                at=(at + moved).timestamp(),
                until=(until + moved).timestamp() if until else None,
                before=before,
                after=after,
                file=file.file,
                series=tuple(by_role[n].name for n in present),
            )
        )
    return found


def _step(requests: Mapping[datetime, float], bad: Mapping[datetime, float]) -> tuple[datetime, datetime | None, float, float] | None:
    """First time from which a window's failing share is felt, when it ends, and the shares before and after."""
    times = sorted(requests)
    if len(times) < _WINDOW * 2:
        return None
    head = max(_WINDOW, len(times) // 6)
    base = _share(times[:head], requests, bad)
    limit = max(_SHARE, 3 * base + 0.01)
    for i in range(len(times) - _WINDOW + 1):
        window = times[i : i + _WINDOW]
        if _share(window, requests, bad) >= limit and sum(bad.get(t, 0.0) for t in window) >= 3 and _lasts(times[i:], requests, bad, limit):
            first = next(t for t in window if bad.get(t, 0.0) > 0)
            before = [t for t in times if t < first]
            after = [t for t in times if t >= first]
            last = max(t for t in after if bad.get(t, 0.0) > 0)
            over = last if len([t for t in after if t > last]) > 2 * _WINDOW else None
            share = _share([t for t in after if t <= last], requests, bad)
            return first, over, _share(before, requests, bad) if before else 0.0, share
    return None


def _always(requests: Mapping[datetime, float], bad: Mapping[datetime, float]) -> tuple[datetime, datetime | None, float, float] | None:
    """Failing from the first sample on: there is no quiet time to compare with."""
    times = sorted(requests)
    share = _share(times, requests, bad)
    return (times[0], None, 0.0, share) if times and share >= _SHARE and sum(bad.values()) >= 5 else None


def _lasts(times: Sequence[datetime], requests: Mapping[datetime, float], bad: Mapping[datetime, float], limit: float) -> bool:
    """Not over within one window: users felt it more than once."""
    later = times[: 5 * _WINDOW]
    return sum(1 for t in later if bad.get(t, 0.0) > 0) >= 3 and _share(later, requests, bad) >= limit * 0.4


def _share(times: Sequence[datetime], requests: Mapping[datetime, float], bad: Mapping[datetime, float]) -> float:
    total = sum(requests[t] for t in times)
    return sum(bad.get(t, 0.0) for t in times) / total if total else 0.0


def _view(file: Insights, by_role: Mapping[str, Series]) -> Traffic:
    points = by_role["requests"].points
    values = [v for _, v in points]
    third = max(1, len(values) // 3)
    failed = _counts(by_role, ["server_errors", "no_answer"])
    rejected = _counts(by_role, ["client_errors"])
    latency = [v for _, v in by_role["latency"].points if v] if "latency" in by_role else []
    return Traffic(
        file=file.file,
        requests=sum(values),
        failed=sum(failed.values()),
        rejected=sum(rejected.values()),
        early_rate=sum(values[:third]) / third,
        late_rate=sum(values[-third:]) / third,
        latency=median(latency) if latency else None,
        samples=len(values),
        series=tuple(s.name for s in by_role.values()),
    )


def slower(trends: Sequence[Trend]) -> list[Impact]:
    """Latency that moved up, as impact."""
    return [
        Impact(
            kind="latency",
            text=f"{t.series} rose from {t.before:.0f} to {t.after:.0f} ms (up to {t.extreme:.0f} ms)",
            at=t.at.timestamp(),
            before=t.before,
            after=t.after,
            file=t.file,
            series=(t.series,),
        )
        for t in trends
        if t.role == "latency" and t.direction == "up" and t.after >= _SLOWER * max(t.before, 1.0) and t.after - t.before >= _SLOWER_MS
    ]


def piling(trends: Sequence[Trend]) -> list[Impact]:
    """Queues that grow, as impact."""
    return [
        Impact(
            kind="backlog",
            text=f"{t.series} grew from {t.before:.0f} to {t.last:.0f}",
            at=t.at.timestamp(),
            before=t.before,
            after=t.last,
            file=t.file,
            series=(t.series,),
        )
        for t in trends
        if t.role in {"queue_ready", "queue_unacked", "replication_lag"}
        and t.direction == "up"
        and t.last >= 10
        and t.last > 2 * t.before + 5
    ]


def told(
    facts: Mapping[str, Sequence[Fact]], shift: Mapping[str, timedelta], views: Sequence[Traffic] = (), trends: Sequence[Trend] = ()
) -> list[Impact]:
    """What process found in access logs: routes that fail or are slow. What clients measured counts more than a few slow answers."""
    calm = any(v.latency is not None for v in views) and not any(t.role == "latency" and t.direction == "up" for t in trends)
    found = []
    for file, several in facts.items():
        for fact in several:
            if calm and fact.kind == "latency" and not _usually(fact):
                continue
            impact = _from_fact(file, fact, shift.get(file, timedelta()))
            if impact is not None:
                found.append(impact)
    return found


def _from_fact(file: str, fact: Fact, moved: timedelta) -> Impact | None:
    a = fact.attributes
    at = (fact.at + moved).timestamp() if fact.at else None
    if at is None:
        return None
    until = (fact.until + moved).timestamp() if fact.until else None
    if until is not None and until - at < _BLIP:
        return None
    text = _moved(fact.text, moved)
    if fact.kind == "http_errors":
        before, during = _number(a.get("rate_before")), _number(a.get("rate_during"))
        status = str(a.get("status") or "")
        kind: Kind = "rejections" if status.startswith("4") else "errors"
        always = status.startswith("5") and during >= 0.2 and fact.count >= 10
        if (
            during < _SHARE
            or fact.count < 3
            or few_clients(fact)
            or not (always or (during >= 3 * before + 0.01 and a.get("jump") is not False))
        ):
            return None
        return Impact(kind, text, at, before, during, file, until=until, fact=fact, component=_upstream(fact))
    if fact.kind == "latency":
        before, during = _number(a.get("p95_before")), _number(a.get("p95_during"))
        if during < _SLOWER * max(before, 0.001) or (during - before) * 1000 < _SLOWER_MS:
            return None
        return Impact("latency", text, at, before * 1000, during * 1000, file, until=until, fact=fact, component=_upstream(fact))
    return None


def _moved(text: str, by: timedelta) -> str:
    """A sentence with its times on the common clock."""
    if not by:
        return text
    return _TIME.sub(lambda m: _later(m[0], by), text)


def _later(time: str, by: timedelta) -> str:
    try:
        return f"{datetime.fromisoformat(time.removesuffix('Z')) + by}Z"
    except (ValueError, OverflowError):  # no day of the calendar
        return time


def _usually(fact: Fact) -> bool:
    """Whether the middle answer became slower, not only the slowest ones."""
    before, during = _number(fact.attributes.get("p50_before")), _number(fact.attributes.get("p50_during"))
    return during >= _SLOWER * max(before, 0.001) and (during - before) * 1000 >= _SLOWER_MS


def few_clients(fact: Fact) -> bool:
    """Whether refusals (4xx) concern so few clients that they are about these clients, not about the service."""
    status, clients = str(fact.attributes.get("status") or ""), _number(fact.attributes.get("clients"))
    return status.startswith("4") and clients > 0 and (clients <= 2 or _number(fact.attributes.get("top_client_share")) >= 0.6)


def _upstream(fact: Fact) -> str | None:
    value = fact.attributes.get("upstream")
    return str(value) if value else fact.component


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
