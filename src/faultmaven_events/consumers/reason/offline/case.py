"""The case: everything that was read out of the evidence, put on one clock, before anybody guesses."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Final

from faultmaven_events.consumers.reason.context import Context
from faultmaven_events.consumers.reason.offline import impact as felt
from faultmaven_events.consumers.reason.offline.asked import about, subjects
from faultmaven_events.consumers.reason.offline.change import Change
from faultmaven_events.consumers.reason.offline.changes import collect
from faultmaven_events.consumers.reason.offline.clock import Alignment, align, stepped
from faultmaven_events.consumers.reason.offline.graph import Graph, build
from faultmaven_events.consumers.reason.offline.impact import Impact, Traffic
from faultmaven_events.consumers.reason.offline.locks import Chain, chain
from faultmaven_events.consumers.reason.offline.match import Sighting, sight
from faultmaven_events.consumers.reason.offline.page import Page
from faultmaven_events.consumers.reason.offline.quiet import quiet
from faultmaven_events.consumers.reason.offline.resources import SIGNAL, Told, attributed, foreign, listed, others, resources, told_by
from faultmaven_events.consumers.reason.offline.ruleset import Rules
from faultmaven_events.consumers.reason.offline.telling import telling
from faultmaven_events.consumers.reason.offline.told import tell
from faultmaven_events.consumers.reason.offline.trend import Trend, role, trend
from faultmaven_events.schemas.insight import Fact, Insights, MergedInsights

_ACCESS: Final = frozenset({"nginx", "haproxy", "apache", "access", "combined", "clf"})
_NAMES_ONLY: Final = frozenset({"archive", "image"})
"""Types whose text only names files: `connection-refused.log` in it is no sign of anything."""
_OWN: Final = frozenset({"served_slower"})
"""Signs of the writer's own work: the log of a proxy tells of those behind it."""
_LINES: Final = 50_000
"""Lines of a log in which the step of its clock is looked for."""
_EARLY: Final = 0.15
"""Share of the time range in which something must be seen to count as there from the start."""


@dataclass
class Case:
    """One incident's evidence as the rules see it. Times are seconds since 1970."""

    files: Sequence[Insights]
    pages: Mapping[str, Page]
    facts: Mapping[str, Sequence[Fact]]
    alignment: Mapping[str, Alignment]
    graph: Graph
    writers: Mapping[str, str]
    question: str
    trends: Sequence[Trend] = ()
    sightings: Mapping[str, Sequence[Sighting]] = field(default_factory=dict)
    changes: Sequence[Change] = ()
    impacts: Sequence[Impact] = ()
    traffic: Sequence[Traffic] = ()
    subjects: Sequence[str] = ()
    others: Sequence[str] = ()
    """Resources that an orchestrator tells of and that are not what was asked about."""
    resources: Mapping[str, Sequence[Fact]] = field(default_factory=dict)
    failed: frozenset[str] = frozenset()
    """Files that hold the answer of a call which failed: they tell of the one who asked."""
    told: Told = field(default_factory=dict)
    lock: Chain | None = None
    start: float | None = None
    end: float | None = None

    @property
    def onset(self) -> float | None:
        """When users began to feel it: the earliest impact."""
        return min((i.at for i in self.impacts), default=None)

    def component(self, file: str) -> str | None:
        """Who wrote a file."""
        return self.writers.get(file)

    def insights(self, file: str) -> Insights | None:
        """The insights of a file."""
        return next((f for f in self.files if f.file == file), None)

    def novelty(self, sighting: Sighting) -> float:
        """How much a signal belongs to the incident: 1 began with it, 0 went on as before."""
        if not sighting.times or self.start is None or self.end is None:
            if foreign(sighting, self.subjects, self.others):
                return 0.1
            base = 0.3 if sighting.noise or sighting.file in self.failed else 0.75
            return base if not self.subjects or about(self.subjects, sighting.quote, f"{sighting.file} {sighting.writer}") else 0.7 * base
        begin = self.start
        length = max(self.end - begin, 1.0)
        if self.onset is not None and self.onset <= begin + 0.05 * length:
            return 0.3 if sighting.noise else 0.7
        split = self.onset if self.onset is not None else begin + _EARLY * length
        quiet = min(split, begin + max(_EARLY * length, 10.0))
        value = 1.0 if sighting.times[0] >= quiet else _growth(sighting.times, begin, split, self.end)
        if sighting.noise:
            value *= 0.3
        return value if len(sighting.times) > 1 or not sighting.noise else value * 0.5

    def when(self, seconds: float | None) -> datetime | None:
        """Seconds since 1970 as UTC."""
        return datetime.fromtimestamp(seconds, UTC) if seconds is not None else None


def _growth(times: Sequence[float], begin: float, split: float, end: float) -> float:
    """0 when the rate after the split is that of before, towards 1 when it is many times higher."""
    before = sum(1 for t in times if t < split) / max(split - begin, 1.0)
    after = sum(1 for t in times if t >= split) / max(end - split, 1.0)
    if after <= 1.5 * before:
        return 0.0
    return min(1.0, (after / max(before, 1e-9) - 1.5) / 6.0)


def open_case(merged: MergedInsights, context: Context, rules: Rules) -> Case:
    """Read everything. Pure: the same evidence makes the same case."""
    return dated(survey(merged, context, rules), rules)


def survey(merged: MergedInsights, context: Context, rules: Rules) -> Case:
    """Put the files on one clock, and find out who is in them and what users feel."""
    files = _named(sorted(merged.files, key=lambda f: (f.file, str(f.evidence_id))))
    alignment = align(files, merged.facts)
    read = [f for f in files if f.evidence_id in context.texts and f.classification.type not in _NAMES_ONLY]
    pages = {f.file: Page(f, context.texts[f.evidence_id], alignment[f.file].shift) for f in read}
    for name, page in pages.items():
        if alignment[name].skew and not alignment[name].shift and page.insights.classification.type == "log":
            moments = [(n, at) for n, line in enumerate(page.lines[:_LINES], 1) if line and (at := page.at(n))]
            page.step = stepped(moments, alignment[name].skew)
    facts = {f.file: (*f.facts, *(x for x in merged.facts if x.citations[0].evidence_id == f.evidence_id)) for f in files}
    graph, writers = build(files, pages, rules.software)
    case = Case(files, pages, facts, alignment, graph, writers, merged.question)
    case.start, case.end = _window(files, alignment)
    case.trends = _trends(files, alignment, rules)
    case.subjects = subjects(merged.question, files)
    case.resources = listed(files, facts)
    case.failed = frozenset(name for name, several in facts.items() if any(f.attributes.get("failed") is True for f in several))
    case.told = told_by(case.resources)
    case.others = others([f for several in case.resources.values() for f in several], case.subjects) if case.subjects else ()
    shift = {name: a.shift for name, a in alignment.items()}
    by_clients, case.traffic = felt.clients(files, rules.roles, shift)
    told = felt.told(facts, shift, case.traffic, case.trends)
    case.impacts = sorted([*by_clients, *felt.slower(case.trends), *felt.piling(case.trends), *told], key=lambda i: (i.at, i.kind, i.text))
    return case


def dated(case: Case, rules: Rules) -> Case:
    """Add what happened when: signs, locks, changes, and bad lines that no sign explains."""
    case.sightings = _sightings(case, rules)
    case.sightings = {**case.sightings, **quiet(case.pages.values(), case.component, case.end)}
    case.lock = chain(case.pages.values())
    case.changes = collect(case.pages, case.facts, case.writers, case.graph, rules.kinds)
    case.sightings = _unexplained(case)
    return case


def _named(files: Sequence[Insights]) -> list[Insights]:
    """Files that were handed in under one name are told apart: the second is `app.log (2)`."""
    seen: dict[str, int] = {}
    found = []
    for file in files:
        seen[file.file] = seen.get(file.file, 0) + 1
        found.append(file if seen[file.file] == 1 else file.model_copy(update={"file": f"{file.file} ({seen[file.file]})"}))
    return found


def _window(files: Iterable[Insights], alignment: Mapping[str, Alignment]) -> tuple[float | None, float | None]:
    """The time range that most files share: from the median start to the median end."""
    spans = [(f, alignment[f.file].shift) for f in files if f.start and f.end and f.end > f.start]
    if not spans:
        return None, None
    starts = [(f.start + s).timestamp() for f, s in spans if f.start]
    ends = [(f.end + s).timestamp() for f, s in spans if f.end]
    return median(starts), max(median(ends), median(starts) + 1)


def _trends(files: Iterable[Insights], alignment: Mapping[str, Alignment], rules: Rules) -> list[Trend]:
    found = []
    for file in files:
        moved = alignment[file.file].shift
        for series in file.series:
            what = role(series.name, rules.roles)
            if what is None:
                continue
            points = tuple((at + moved, value) for at, value in series.points) if moved != timedelta() else series.points
            got = trend(series.model_copy(update={"points": points}), file.file, what)
            if got is not None:
                found.append(got)
    return found


def _sightings(case: Case, rules: Rules) -> dict[str, list[Sighting]]:
    found: dict[str, list[Sighting]] = {}
    for file in case.files:
        page = case.pages.get(file.file)
        seen = sight(page, rules.signals, case.component(file.file)) if page else []
        seen = [attributed(s, case.told) for s in seen]
        seen += tell(
            case.facts[file.file], file.file, rules.signals, case.component(file.file), known={(s.signal, n) for s in seen for n in s.lines}
        )
        for sighting in seen:
            if sighting.signal in _OWN and case.graph.tiers.get(sighting.writer or "") == "edge":
                continue
            found.setdefault(sighting.signal, []).append(sighting)
    return found


def _unexplained(case: Case) -> Mapping[str, Sequence[Sighting]]:
    found = resources(case.resources, case.component, case.subjects) or resources(case.resources, case.component, ())
    spoken = {file for file, _ in case.told} | {name for name, several in case.resources.items() if any(f.kind == "alert" for f in several)}
    found += telling(case.pages.values(), case.component, case.subjects, case.novelty, told=spoken)
    return {**case.sightings, SIGNAL: found} if found else case.sightings
