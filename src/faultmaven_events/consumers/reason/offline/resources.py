"""What an orchestrator says of its resources: which line tells of which one, and which facts say most of what was asked about."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from faultmaven_events.consumers.reason.offline.asked import RESOURCES, about, concerns, names
from faultmaven_events.consumers.reason.offline.match import Sighting
from faultmaven_events.schemas.insight import Fact, Insights

SIGNAL: Final = "telling"
_MOST: Final = 6
_TOLD: Final = RESOURCES | {"limit", "saturation", "alert"}
_ORDER: Final = ("limit", "Container", "saturation", "event", "unhealthy", "alert", "restart")
"""What says why comes before what says that."""
Told = Mapping[tuple[str, int], Fact]


def listed(files: Iterable[Insights], facts: Mapping[str, Sequence[Fact]]) -> dict[str, list[Fact]]:
    """Facts about resources, by file: of the output of commands and of descriptions; a log tells of processes, which is not meant."""
    shown = {file.file for file in files if file.classification.type in {"command_output", "config"}}
    return {
        name: [f for f in several if f.citations and (f.kind in _TOLD if name in shown else f.kind in {"unhealthy", "event", "alert"})]
        for name, several in facts.items()
    }


def told_by(facts: Mapping[str, Sequence[Fact]]) -> Told:
    """Facts about resources by file and line."""
    found: dict[tuple[str, int], Fact] = {}
    for file, several in facts.items():
        for fact in several:
            if fact.component and (fact.kind in RESOURCES or fact.attributes.get("subject")):
                found.setdefault((file, fact.citations[0].line_start), fact)
    return found


def attributed(sighting: Sighting, told: Told) -> Sighting:
    """A sighting in a line about a resource is that resource's, whatever name of a container stands in it."""
    fact = next((told[sighting.file, line] for line in sighting.lines if (sighting.file, line) in told), None)
    if fact is None:
        return sighting
    return replace(sighting, writer=fact.component, values={k: v for k, v in sighting.values.items() if k != "process"})


def others(facts: Iterable[Fact], wanted: Sequence[str]) -> tuple[str, ...]:
    """Names of resources that were not asked about; none where nothing bad is told of what was, for then they may be the cause."""
    known = list(facts)
    if not any(concerns(wanted, fact) for fact in known):
        return ()
    apart = {n.lower() for fact in known if fact.kind in RESOURCES and not concerns(wanted, fact) for n in names(fact) if len(n) >= 4}
    return tuple(sorted(apart))


def foreign(sighting: Sighting, wanted: Sequence[str], apart: Sequence[str]) -> bool:
    """Whether a line of a list tells of another resource than that which was asked about."""
    return bool(apart) and about(apart, f"{sighting.writer} {sighting.quote}") and not about(wanted, f"{sighting.writer} {sighting.quote}")


def resources(facts: Mapping[str, Sequence[Fact]], writers: Callable[[str], str | None], wanted: Sequence[str]) -> list[Sighting]:
    """Return what process found of the resources that the question is about, what says most first; of all when it names none."""
    found: dict[tuple[object, ...], tuple[int, Sighting]] = {}
    for file, several in facts.items():
        for fact in several:
            if (wanted and not concerns(wanted, fact)) or _harmless(fact):
                continue
            key = (fact.kind, fact.component, fact.attributes.get("what"), fact.attributes.get("reason"))
            found.setdefault(key, (_rank(fact), _sighting(fact, file, writers(file))))
    ranked = sorted(found.values(), key=lambda one: (one[0], one[1].file, one[1].lines))
    return [one for _, one in ranked[:_MOST]]


def _harmless(fact: Fact) -> bool:
    return fact.kind == "event" and fact.level is None


def _rank(fact: Fact) -> int:
    kind = "Container" if fact.attributes.get("what") == "Container" else fact.kind
    return _ORDER.index(kind)


def _sighting(fact: Fact, file: str, writer: str | None) -> Sighting:
    times = (fact.at.timestamp(),) if fact.at else ()
    return Sighting(
        signal=SIGNAL,
        file=file,
        writer=fact.component or writer,
        values={"rank": "0"},
        lines=(fact.citations[0].line_start,),
        times=times,
        quote=fact.text.rstrip("."),
        citation=fact.citations[0],
        last=fact.citations[-1],
        timed=bool(times),
        count=max(fact.count, 1),
        told=True,
    )
