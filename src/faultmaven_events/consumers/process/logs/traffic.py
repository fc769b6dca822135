"""Requests over time: which routes began to fail or to take longer, for whom."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from faultmaven_events.consumers.process.logs import scan
from faultmaven_events.consumers.process.logs.facts import Draft, clock_time, percent, seconds_text
from faultmaven_events.consumers.process.logs.request import Request
from faultmaven_events.consumers.process.logs.tally import Cell
from faultmaven_events.consumers.process.logs.timeline import Timeline
from faultmaven_events.schemas.insight import Citation

Key = tuple[str, str]
"""`all`, `route`, `upstream` or `work`, and its name."""

ROUTES: Final = 200
CLIENTS: Final = 2_000
TOLD: Final = frozenset({400, 401, 403, 408, 413, 429, 499})
"""Refusals that a route's fact may be made of; a 404 only where the route answered before."""
_ALL: Final[Key] = ("all", "")
_SCALE = 20


@dataclass(slots=True)
class _Failures:
    """Who got one failing status, and where."""

    clients: Counter[str] = field(default_factory=Counter)
    routes: Counter[str] = field(default_factory=Counter)


class Traffic:
    """Counts requests per bucket, bounded in routes, clients and buckets."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._series: dict[Key, dict[int, Cell]] = {}
        self._failures: dict[int, _Failures] = defaultdict(_Failures)
        self.requests = 0
        self.overflow = 0
        timeline.register(self._halve)

    def add(self, request: Request, name: str, at: float, bucket: int, cite: Callable[[], Citation]) -> None:
        """Count one request; `name` stands for what has no route."""
        code = request.status or 0
        if request.route is None:
            keys: tuple[Key, ...] = (("work", name),)
        else:
            self.requests += 1
            route = f"{request.method} {request.route}" if request.method else request.route
            keys = (_ALL, ("route", route)) if request.upstream is None else (_ALL, ("route", route), ("upstream", request.upstream))
            if code >= 400:
                failures = self._failures[code]
                _count(failures.clients, request.client or "?", CLIENTS)
                _count(failures.routes, route, CLIENTS)
        citation: Citation | None = None
        for key in keys:
            cell = self._cell(key, bucket)
            cell.count += 1
            if code:
                cell.codes[code] += 1
            if code >= 400 and code not in cell.first:
                citation = citation or cite()
                cell.first[code] = (at, citation)
            if request.seconds is not None:
                cell.bins[bin_of(request.seconds)] += 1
                if cell.slowest is None or request.seconds > 1.5 * cell.slowest[0]:
                    citation = citation or cite()
                    cell.slowest = (request.seconds, at, citation)

    def _cell(self, key: Key, bucket: int) -> Cell:
        cells = self._series.get(key)
        if cells is None:
            if len(self._series) >= ROUTES:
                self.overflow += 1
                key = (key[0], "(other)")
            cells = self._series.setdefault(key, {})
        cell = cells.get(bucket)
        if cell is None:
            cell = cells[bucket] = Cell()
        return cell

    def _halve(self) -> None:
        for key, cells in self._series.items():
            folded: dict[int, Cell] = {}
            for index, cell in cells.items():
                if (into := folded.get(index // 2)) is None:
                    folded[index // 2] = cell
                else:
                    into.fold(cell)
            self._series[key] = folded

    def drafts(self, rename: Callable[[str], str]) -> Iterator[Draft]:
        """Yield the facts, the surest of each kind first; `rename` turns names of work into templates."""
        series = {key: cells for key, cells in self._series.items() if not (key[0] == "upstream" and self._lone(key))}
        errors = [draft for key, cells in series.items() for draft in self._errors(key, cells)]
        yield from _surest([draft for draft in errors if draft.attributes["scope"] == "all"], 5)
        yield from _surest([draft for draft in errors if draft.attributes["scope"] == "route"], 7)
        yield from _surest([draft for draft in errors if draft.attributes["scope"] == "upstream"], 3)
        slow = [draft for key, cells in series.items() if (draft := self._slower(key, cells, rename))]
        yield from _surest([draft for draft in slow if draft.attributes["scope"] in {"all", "upstream"}], 3)
        yield from _surest([draft for draft in slow if draft.attributes["scope"] in {"route", "work"}], 6)

    def _lone(self, key: Key) -> bool:
        """Whether a route or upstream has nearly all requests, so that it says nothing beyond their sum."""
        whole = sum(cell.count for cell in self._series.get(_ALL, {}).values())
        return key[0] in {"route", "upstream"} and sum(cell.count for cell in self._series[key].values()) > 0.98 * whole

    def _errors(self, key: Key, cells: dict[int, Cell]) -> Iterator[Draft]:
        codes: Counter[int] = Counter()
        for cell in cells.values():
            codes.update({code: count for code, count in cell.codes.items() if code >= 400})
        total = sum(cell.count for cell in cells.values())
        for code, failed in codes.items():
            succeeded = total - codes.total()
            if key != _ALL and code < 500 and code not in TOLD and succeeded < 5:
                continue
            draft = self._error(key, cells, code, failed, total)
            if draft.attributes["jump"] or (failed >= 3 and failed >= (0.01 if code >= 500 else 0.05) * total):
                yield draft

    def _error(self, key: Key, cells: dict[int, Cell], code: int, failed: int, total: int) -> Draft:
        timeline = self._timeline
        hits, trials = self._arrays(cells, lambda cell: cell.codes.get(code, 0)), self._arrays(cells, lambda cell: cell.count)
        span = scan.shares(hits, trials)
        jump = span is not None and span.ratio >= scan.SURE
        failing = sorted(index for index, cell in cells.items() if code in cell.first)
        inside = [index for index in failing if span and jump and span.first <= index - timeline.first <= span.last] or failing
        before = _rate(hits, trials, 0, inside[0] - timeline.first)
        during = span.inside if span and jump else failed / total
        at, citation = cells[inside[0]].first[code]
        ended = bool(span and jump and span.last < timeline.size - max(3, timeline.size // 12))
        last_at, last = cells[inside[-1]].first[code]
        failures = self._failures[code]
        clients, top = failures.clients.total(), failures.clients.most_common(1)
        subject = {"all": "All requests together", "upstream": f"Upstream {key[1]}"}.get(key[0], key[1])
        share = top[0][1] / clients if clients and top[0][0] != "?" else None
        routes = f" on {len(failures.routes)} routes" if key[0] != "route" and len(failures.routes) > 1 else ""
        who = f"; {len(failures.clients)} clients got {code}{routes}, the busiest {percent(share)} of them" if share is not None else ""
        when = f"from {clock_time(at)}" + (f" to {clock_time(last_at)}" if ended else "")
        return Draft(
            kind="http_errors",
            text=f"{subject}: {failed} of {total} answers are {code}; {percent(during)} {when} (before: {percent(before)}){who}",
            at=at,
            until=last_at if ended else None,
            count=failed,
            level="error" if code >= 500 else "warning",
            weight=(span.ratio if span and jump else 0.0) + math.log1p(failed) + (5 if code >= 500 else 0),
            attributes={
                "scope": key[0],
                "route": key[1] if key[0] == "route" else None,
                "upstream": key[1] if key[0] == "upstream" else None,
                "status": code,
                "rate_before": round(before, 4),
                "rate_during": round(during, 4),
                "requests": total,
                "failures": failed,
                "jump": jump,
                "clients": len(failures.clients) if share is not None else None,
                "top_client": top[0][0][:80] if share is not None else None,
                "top_client_share": round(share, 3) if share is not None else None,
                "routes": len(failures.routes),
            },
            citations=(citation, last) if last != citation else (citation,),
        )

    def _slower(self, key: Key, cells: dict[int, Cell], rename: Callable[[str], str]) -> Draft | None:
        bins: Counter[int] = Counter()
        for cell in cells.values():
            bins.update(cell.bins)
        if bins.total() < 12:
            return None
        trials = self._arrays(cells, lambda cell: cell.bins.total())
        best: tuple[scan.Span, scan.Counts] | None = None
        for threshold in sorted({quantile_bin(bins, share) for share in (0.5, 0.75, 0.9, 0.97)}):
            hits = self._arrays(cells, lambda cell, edge=threshold: sum(n for place, n in cell.bins.items() if place >= edge))  # type: ignore[misc]  # a default is fine
            span = scan.shares(hits, trials)
            if span and span.ratio >= scan.SURE and (best is None or span.ratio > best[0].ratio):
                best = span, hits
        return self._slow_draft(key, cells, best[0], best[1], rename) if best else None

    def _slow_draft(
        self, key: Key, cells: dict[int, Cell], span: scan.Span, hits: scan.Counts, rename: Callable[[str], str]
    ) -> Draft | None:
        timeline = self._timeline
        first = next((place for place in range(span.first, min(span.last + 1, len(hits))) if hits[place]), span.first)
        during: Counter[int] = Counter()
        before: Counter[int] = Counter()
        for index, cell in cells.items():
            place = index - timeline.first
            if first <= place <= span.last:
                during.update(cell.bins)
            elif place < first:
                before.update(cell.bins)
        if during.total() < 5 or before.total() < 5:  # slow from the first line on: there is nothing to compare with
            return None
        slow, usual = quantile(during, 0.95), quantile(before, 0.95)
        mid, usual_mid = quantile(during, 0.5), quantile(before, 0.5)
        if not ((slow >= 2 * usual and slow - usual >= 0.02) or (mid >= 2 * usual_mid and mid - usual_mid >= 0.02)):
            return None
        slowest = max(
            (cell.slowest for index, cell in cells.items() if first <= index - timeline.first <= span.last and cell.slowest),
            key=lambda one: one[0],
        )
        ended = span.last < timeline.size - max(3, timeline.size // 12)
        at = timeline.time_of(first + timeline.first)
        work = rename(key[1]) if key[0] == "work" and key[1].isdigit() else key[1]
        subject = {"all": "All requests together", "upstream": f"Upstream {key[1]}", "work": work}.get(key[0], key[1])
        return Draft(
            kind="latency",
            text=f"{subject}: slower from {clock_time(at)}: median {seconds_text(usual_mid)} to {seconds_text(mid)}, "
            f"95th percentile {seconds_text(usual)} to {seconds_text(slow)}, slowest {seconds_text(slowest[0])}; {during.total()} times",
            at=at,
            until=timeline.time_of(span.last + 1 + timeline.first) if ended else None,
            count=during.total(),
            level=None,
            weight=span.ratio,
            attributes={
                "scope": key[0],
                "route": key[1] if key[0] == "route" else None,
                "upstream": key[1] if key[0] == "upstream" else None,
                "template": work if key[0] == "work" else None,
                "p50_before": usual_mid,
                "p50_during": mid,
                "p95_before": usual,
                "p95_during": slow,
                "slowest": round(slowest[0], 4),
            },
            citations=(slowest[2],),
        )

    def _arrays(self, cells: dict[int, Cell], value: Callable[[Cell], int]) -> scan.Counts:
        array = np.zeros(self._timeline.size)
        for index, cell in cells.items():
            array[index - self._timeline.first] = value(cell)
        return array


def _count(counter: Counter[str], name: str, most: int) -> None:
    if name in counter or len(counter) < most:
        counter[name] += 1


def _surest(drafts: list[Draft], most: int) -> list[Draft]:
    return sorted(drafts, key=lambda draft: -draft.weight)[:most]


def _rate(hits: scan.Counts, trials: scan.Counts, first: int, stop: int) -> float:
    total = float(trials[first:stop].sum())
    return float(hits[first:stop].sum()) / total if total else 0.0


def bin_of(seconds: float) -> int:
    """Return the logarithmic bin of a duration: 20 to a power of ten, from 10 µs to about 3 h."""
    return round(math.log10(min(max(seconds, 1e-5), 1e4)) * _SCALE)


def quantile_bin(bins: Counter[int], share: float) -> int:
    """Return the bin below which `share` of the durations lie."""
    left = share * bins.total()
    for place in sorted(bins):
        left -= bins[place]
        if left <= 0:
            return place
    return max(bins)


def quantile(bins: Counter[int], share: float) -> float:
    """Return a quantile in seconds, right to 6 %."""
    return float(f"{10 ** (quantile_bin(bins, share) / _SCALE):.3g}")
