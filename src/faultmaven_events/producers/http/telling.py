"""What a follower of a job is told, out of two sources: the job's states as they are stored, and the frames of its live stream. Pure.

Each thing told has an id, the follower's position after it: `<version of the job>.<last phase>.<frame>`, with `.answer` or `.end` after
those. Who
comes back with an id gets what came after it, once.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, Self

from pydantic_core import to_json

from faultmaven_events.infra.streams import START, Placed, order
from faultmaven_events.schemas.job import TERMINAL, Job
from faultmaven_events.schemas.phase import Progressed

Kind = Literal["job", "phase", "text", "reset", "answer", "end"]
KINDS: Final[dict[Kind, str]] = {
    "job": "The job's state has changed; data: the job without its result",
    "phase": "A phase of the investigation is done; data: number, phase, summary, what it found",
    "text": "The next piece of an answer that is being written; data: `text`, and `at`, the characters told before it since the last reset",
    "reset": "The text told so far is void; another attempt or provider begins anew",
    "answer": "The answer as it is stored, which counts: verdict, headline, summary, confidence, reasoner",
    "end": "The job has ended; data: status, error. Nothing follows",
}
_POSITION: Final = re.compile(r"([0-9]{1,9})\.([0-9])\.([0-9-]{3,24})(?:\.(answer|end))?")
_ANSWER: Final = ("verdict", "headline", "summary", "confidence", "reasoner", "degraded", "answer")
"""Fields of the report that are told at the end; the rest is in the job."""


@dataclass(frozen=True, slots=True)
class Position:
    """What a follower has seen: the job up to a version, phases up to a number, frames up to an id, of the end the answer or all."""

    version: int = -1
    phase: int = 0
    frame: str = START
    last: Literal["", "answer", "end"] = ""

    @classmethod
    def read(cls, text: str | None) -> Self:
        """Return what an id says; of one that is not ours, the begin."""
        found = _POSITION.fullmatch(text or "")
        try:
            order(found[3] if found else "")
        except ValueError:
            return cls()
        assert found is not None
        return cls(int(found[1]), int(found[2]), found[3], found[4] or "")  # type: ignore[arg-type]  # one of the two, as the pattern says

    def __str__(self) -> str:
        return f"{max(self.version, 0)}.{self.phase}.{self.frame}{'.' if self.last else ''}{self.last}"


@dataclass(frozen=True, slots=True)
class Told:
    """One thing told. `data` is JSON."""

    kind: Kind
    data: bytes
    id: str


class Telling:
    """Decides what one follower is told."""

    def __init__(self, seen: Position) -> None:
        self.position = replace(seen, last="")  # a job that had ended may have been sent on its way again
        self._seen = seen
        self._shown = seen.frame != START
        self._generation: int | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing follows."""
        return self.position.last == "end"

    def of(self, items: Sequence[Job | Placed]) -> Iterator[Told]:
        """Yield what to tell of what has come, in order. Texts that follow each other are one; a text that is void already is left out."""
        for item in _compact(items):
            yield from self._job(item) if isinstance(item, Job) else self._frame(item)
            if self.ended:
                return

    def _job(self, job: Job) -> Iterator[Told]:
        if self._generation not in {None, job.generation}:
            self.position = replace(self.position, phase=0)  # it was sent on its way again
        self._generation = job.generation
        yield from self._phases(job.phases)
        if job.version > self.position.version:
            yield self._told("job", job.model_dump_json(exclude={"result", "phases", "children"}).encode(), version=job.version)
        if job.status in TERMINAL:
            report = (job.result or {}).get("report")
            if isinstance(report, dict) and (self._seen.last, self._seen.version) != ("answer", job.version):
                yield self._told("answer", _json({name: report.get(name) for name in _ANSWER}), last="answer")
            error = job.error.model_dump(mode="json") if job.error else None
            yield self._told("end", _json({"status": job.status, "error": error}), version=job.version, last="end")

    def _frame(self, placed: Placed) -> Iterator[Told]:
        frame, here = placed.frame, {"frame": placed.id}
        if frame.kind == "phase" and frame.phase is not None:
            yield from self._phases([frame.phase], **here)
        elif frame.kind == "text":
            self._shown = True
            yield self._told("text", _json({"text": frame.text, "at": frame.at}), **here)
        elif frame.kind == "reset" and self._shown:
            self._shown = False
            yield self._told("reset", b"{}", **here)
        self.position = replace(self.position, frame=placed.id)

    def _phases(self, phases: Iterable[Progressed], **here: Any) -> Iterator[Told]:
        """Tell those that are new: they come from both sources, and again when an attempt is repeated."""
        for phase in sorted(phases, key=lambda each: each.number):
            if phase.number > self.position.phase:
                yield self._told("phase", phase.model_dump_json().encode(), phase=phase.number, **here)

    def _told(self, kind: Kind, data: bytes, **seen: Any) -> Told:
        self.position = replace(self.position, **seen)
        return Told(kind, data, str(self.position))


def _compact(items: Sequence[Job | Placed]) -> list[Job | Placed]:
    kept: list[Job | Placed] = []
    for item in items:
        last = kept[-1] if kept else None
        if isinstance(item, Placed) and item.frame.kind == "reset":
            kept = [each for each in kept if isinstance(each, Job) or each.frame.kind == "phase"]
        if isinstance(item, Placed) and isinstance(last, Placed) and item.frame.continues(last.frame):
            kept[-1] = last.joined(item)
        else:
            kept.append(item)
    return kept


def _json(value: Any) -> bytes:
    return to_json(value)
