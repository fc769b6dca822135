"""The most telling bad lines, for when no mechanism explains them: new, about what the question names, and saying what failed."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final

from faultmaven_events.consumers.reason.match import Sighting
from faultmaven_events.consumers.reason.page import Page
from faultmaven_events.consumers.reason.ruleset import words
from faultmaven_events.schemas.insight import Insights

SIGNAL: Final = "telling"
_MOST: Final = 8
_RESOURCES: Final = 3
_NAME: Final = re.compile(r"[A-Za-z][\w]*(?:[-.][\w]+)+|[a-z]+\d+|(?<=[`'\"])[\w.-]{4,}(?=[`'\"])")


def subjects(question: str) -> tuple[str, ...]:
    """Names in a question: words with dashes, dots or digits, and quoted ones."""
    return tuple(dict.fromkeys(n.lower() for n in _NAME.findall(question) if len(n) >= 4))


def about(names: Sequence[str], text: str, file: str) -> bool:
    """Whether a line or its file's name speaks of one of the names."""
    low = f"{file} {text}".lower()
    return any(name in low for name in names)


def telling(
    pages: Iterable[Page], writers: Callable[[str], str | None], names: Sequence[str], novelty: Callable[[Sighting], float]
) -> list[Sighting]:
    """Return the few most telling bad lines, one per shape, best first."""
    scored: list[tuple[float, str, int, Sighting]] = []
    for page in pages:
        if page.insights.classification.type in {"metrics", "config", "document", "source"}:
            continue
        for numbers in page.shapes.values():
            line = page.lines[numbers[0] - 1]
            found = words("telling").findall(line)
            if not found or words("empty").search(line) or len(line) > 4000:
                continue
            sighting = _sighting(page, numbers, writers(page.file))
            score = min(len(set(map(str.lower, found))), 3) + 2.0 * novelty(sighting) + (1.5 if about(names, line, page.file) else 0.0)
            scored.append((-score, page.file, numbers[0], sighting))
    best = sorted(scored, key=lambda item: item[:3])
    return [replace(s, values={"rank": str(n)}) for n, (*_, s) in enumerate(best[:_MOST])]


def resources(files: Iterable[Insights], writers: Callable[[str], str | None], names: Sequence[str]) -> list[Sighting]:
    """Return the resources that process found unhealthy and that the question is about; of all when it names none, one per resource."""
    found: dict[tuple[str | None, object], Sighting] = {}
    for file in files:
        for fact in file.facts:
            if fact.kind != "unhealthy" or not fact.citations or (names and not about(names, fact.text, "")):
                continue
            times = (fact.at.timestamp(),) if fact.at else ()
            sighting = Sighting(
                signal=SIGNAL,
                file=file.file,
                writer=fact.component or writers(file.file),
                values={"rank": "0"},
                lines=(fact.citations[0].line_start,),
                times=times,
                quote=fact.text.rstrip("."),
                citation=fact.citations[0],
                last=fact.citations[-1],
                timed=bool(times),
                count=max(fact.count, 1),
            )
            found.setdefault((fact.component, fact.attributes.get("what")), sighting)
    return list(found.values())[:_RESOURCES]


def _sighting(page: Page, numbers: list[int], writer: str | None) -> Sighting:
    at = page.at(numbers[0])
    times = (at.timestamp(),) * 1 if at else ()
    return Sighting(
        signal=SIGNAL,
        file=page.file,
        writer=writer,
        values={},
        lines=tuple(numbers),
        times=times,
        quote=page.lines[numbers[0] - 1],
        citation=page.cite(numbers[0]),
        last=page.cite(numbers[-1]),
        timed=bool(times),
        count=len(numbers),
    )
