"""One log, read once from its first to its last line, into insights."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from faultmaven_events.consumers.process.logs import component, findings, request, words
from faultmaven_events.consumers.process.logs.event import Event
from faultmaven_events.consumers.process.logs.facts import Draft, clock_time, moment, numbered, seconds_text, shortened
from faultmaven_events.consumers.process.logs.ledger import Ledger
from faultmaven_events.consumers.process.logs.levels import RANK
from faultmaven_events.consumers.process.logs.parameters import only, parameters, values_by_name
from faultmaven_events.consumers.process.logs.passages import Passages, mark_of
from faultmaven_events.consumers.process.logs.reader import CUT, Reader
from faultmaven_events.consumers.process.logs.sequence import Sequence
from faultmaven_events.consumers.process.logs.tally import Tally
from faultmaven_events.consumers.process.logs.templates import KEPT, LONG, flattened
from faultmaven_events.consumers.process.logs.timeline import Timeline
from faultmaven_events.consumers.process.logs.traffic import Traffic
from faultmaven_events.consumers.process.logs.watch import Watch
from faultmaven_events.schemas.evidence import Classification
from faultmaven_events.schemas.insight import Citation, Insights, Parameter, Template

TEMPLATES: Final = 250
_NAMES: Final = 2_000
_BAD: Final = frozenset({"error", "critical"})


def analyse_log(
    lines: Iterable[str], *, evidence_id: UUID, name: str, classification: Classification, now: datetime | None = None
) -> Insights:
    """Return what a log says.

    Args:
        lines: the lines without LF, each as in the file; they are read once, memory does not grow with their number.
        evidence_id: the job of the file, for citations.
        name: the file's name, for citations, and for the component where the lines name none.
        classification: passed on.
        now: decides the year of times without one; default: the present.
    """
    analysis = _Analysis(evidence_id, name, now or datetime.now(UTC))
    for event in analysis.reader.events(lines):
        analysis.take(event)
    return analysis.insights(classification)


class _Analysis:
    def __init__(self, evidence_id: UUID, name: str, now: datetime) -> None:
        self.reader = Reader(now)
        self._id, self._name = evidence_id, name
        self._journal = bool(words.JOURNAL.search(name))
        self._ledger = Ledger(self._cite, journal=self._journal)
        self._watch = Watch(self._cite)
        self._passages = Passages(self._cite)
        self._sequence = Sequence(self._cite)
        self._timeline = Timeline()
        self._timeline.register(self._ledger.halve)
        self._traffic = Traffic(self._timeline)
        self._quiet: set[str] = set()
        self._levels: Counter[str] = Counter()
        self._components: Counter[str] = Counter()
        self._loggers: Counter[str] = Counter()
        self._first: float | None = None
        self._last: float | None = None
        self._gap: tuple[float, float, Citation] | None = None
        self._events = 0

    def _cite(self, event: Event) -> Citation:
        return event.citation(self._id, self._name)

    def take(self, event: Event) -> None:
        """Count one event."""
        self._events += 1
        if event.trace or len(event.lines) > 1:
            self._watch.trace(event)
        bucket = self._moment(event)
        flat = flattened(event.text)
        asked = None if flat in self._quiet and event.fields is None else self._asked(event, flat)
        wording = request.wording(event, asked)
        tally = self._ledger.post(event, wording, bucket, flat if wording.text is event.text else None)
        if tally.count == 1:
            tally.mark = mark_of(event.text) if event.fields is None else None
        self._levels[wording.level or tally.implied or "unknown"] += 1
        self._names(event)
        if asked is not None and event.at is not None and bucket is not None:
            self._traffic.add(asked, str(tally.number), event.at, bucket, lambda: self._cite(event))
        self._watch.compare(event, tally)
        level = wording.level or tally.implied
        self._passages.add(event, tally.mark, bad=level in _BAD)
        self._sequence.add(event, tally, bad=level in _BAD and not tally.dump)

    def _asked(self, event: Event, flat: str) -> request.Request | None:
        """Return the request that an event logs. Which texts log none, whatever their digits, is remembered."""
        if event.fields is None and '" ' not in flat and request.of_text(flat, event) is None:
            if len(flat) <= LONG:
                if len(self._quiet) >= KEPT:
                    self._quiet.clear()
                self._quiet.add(flat)
            return None
        return request.read(event)

    def _names(self, event: Event) -> None:
        counter, name = (self._components, event.component) if event.component else (self._loggers, event.logger)
        if name and (name in counter or len(counter) < _NAMES):
            counter[name] += 1

    def _moment(self, event: Event) -> int | None:
        at = event.at
        if at is None:
            return None
        if self._last is not None and at - self._last > (self._gap[0] if self._gap else 1.0):
            self._gap = (at - self._last, self._last, self._cite(event))
        self._first = at if self._first is None else min(self._first, at)
        self._last = at if self._last is None else max(self._last, at)
        return self._timeline.index(at)

    def insights(self, classification: Classification) -> Insights:
        """Return the insights once all events were taken."""
        named = self._ledger.close()
        found = {tally.number: parameters(text, tally.heard) for text, tally in named}
        varied = values_by_name(found.values())
        for _, tally in named:
            tally.only = only(found[tally.number], varied)
        mine = component.of_file(self._name, self._components, self._loggers, self._events)
        kept = sorted(named, key=lambda one: (-max(1, RANK[one[1].level]), -one[1].count))[:TEMPLATES]
        return Insights(
            evidence_id=self._id,
            file=self._name,
            classification=classification,
            lines=self.reader.lines,
            component=mine,
            start=moment(self._first),
            end=moment(self._last),
            bucket_s=self._timeline.width,
            levels=dict(self._levels),
            facts=numbered(self._drafts(named), mine),
            templates=tuple(self._template(text, tally, found[tally.number]) for text, tally in kept),
            passages=tuple(self._passages.passages(self._events)),
            truncated=tuple(self._left_out(len(named) - len(kept))),
            clock=self._clock(),
            zone=",".join(sorted(self.reader.zones))[:60] or None,
        )

    def _drafts(self, named: list[tuple[str, Tally]]) -> Iterator[Draft]:
        yield from findings.drafts(named, self._timeline, self._events, self._last, journal=self._journal)
        yield from self._watch.drafts()
        yield from self._traffic.drafts(lambda number: shortened(self._ledger.template(int(number)), 200))
        yield from self._pause()
        yield from self._sequence.drafts({tally.number: tally for _, tally in named}, self._ledger.root)
        yield from self._back()

    def _pause(self) -> Iterator[Draft]:
        """Yield the longest time without any line, when it is no chance: 25 times the usual distance."""
        if not self._gap or self._first is None or self._last is None or self._events < 20:
            return
        gap, since, citation = self._gap
        if gap >= 5 and gap * self._events >= 25 * (self._last - self._first):
            told = f"No line at all for {seconds_text(gap)} from {clock_time(since)} on"
            attributes = {"template": "(all)", "last_at": clock_time(since)}
            yield Draft("silence", told, since, (citation,), until=since + gap, attributes=dict(attributes))

    def _back(self) -> Iterator[Draft]:
        """Yield where the clock goes back furthest."""
        reader = self.reader
        if reader.back is not None and reader.backwards:
            told = f"The clock goes back by {seconds_text(reader.furthest_back)} here; it does so in {reader.backwards} lines"
            seconds = {"seconds": round(reader.furthest_back, 3), "lines": reader.backwards}
            yield Draft("time_back", told, reader.back.at, (self._cite(reader.back),), count=reader.backwards, attributes=dict(seconds))

    def _template(self, text: str, tally: Tally, found: tuple[Parameter, ...]) -> Template:
        first = self._timeline.first
        return Template(
            id=f"t{tally.number}",
            template=text,
            level=tally.level,
            source=tally.source,
            count=tally.count,
            first_line=tally.first_line,
            last_line=tally.last_line,
            first_at=moment(tally.first_at),
            last_at=moment(tally.last_at),
            buckets=tuple(sorted((index - first, count) for index, count in tally.buckets.items())),
            sample=tally.sample,
            parameters=found,
        )

    def _left_out(self, templates: int) -> Iterator[str]:
        if templates > 0:
            yield f"{templates} of the less frequent templates are not listed"
        if self._ledger.overflow:
            yield f"{self._ledger.overflow} lines fit no template: there are too many different ones"
        if self.reader.cut:
            yield f"{self.reader.cut} lines are longer than {CUT} characters and were analysed up to there"
        if self._traffic.overflow:
            yield f"{self._traffic.overflow} requests of rare routes are counted as one route"

    def _clock(self) -> str:
        reader = self.reader
        if not reader.timed:
            return "The lines carry no time."
        zones = ", ".join(sorted(reader.zones - {"none"}))[:100]
        told = [f"Zones in the file: {zones}."] if zones else []
        if "none" in reader.zones:
            told.append("Times without zone were read as UTC.")
        if reader.backwards:
            told.append(f"{reader.backwards} lines go back in time, by {seconds_text(reader.furthest_back)} at most.")
        return " ".join(told) or "Times are seconds since 1970."
