"""Everything that an answer may cite: the report's verified lines (`E1` ...), and the lines that a model asked to read (`T1` ...)."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from faultmaven_events.consumers.reason.llm.suspicion import suspect
from faultmaven_events.schemas.insight import Citation
from faultmaven_events.schemas.report import Evidence, IncidentReport

QUOTE: Final = 600
"""Characters of a quote, as in `Citation`."""
_HELD: Final = 2000
"""Characters of one cited line that count as its words."""
_WORDS: Final = 8000
"""Characters of one citation that do."""
_BLOCK: Final = 40
"""Lines of one citation that count."""


class Pages:
    """The sanitized texts of one question, by the names of its files. Nothing else can be read through it."""

    def __init__(self, texts: Mapping[UUID, str], names: Mapping[UUID, str]) -> None:
        self._texts = texts
        self._lines: dict[UUID, list[str]] = {}
        self._ids: dict[str, UUID] = {}
        for key in sorted(texts, key=lambda k: (names.get(k, ""), str(k))):
            name = names.get(key)
            if name:
                alike = sum(1 for known in self._ids if known == name or known.startswith(f"{name}#"))
                self._ids[name if not alike else f"{name}#{alike + 1}"] = key

    @property
    def names(self) -> tuple[str, ...]:
        """The files; the second of two equal names ends in `#2`."""
        return tuple(self._ids)

    def id(self, name: str) -> UUID | None:
        """The evidence that a file is."""
        return self._ids.get(name)

    @property
    def texts(self) -> Iterable[str]:
        """The texts themselves."""
        return self._texts.values()

    def lines(self, key: UUID) -> Sequence[str]:
        """The lines of a piece of evidence; none when its text is not here."""
        if key not in self._lines:
            self._lines[key] = self._texts[key].split("\n") if key in self._texts else []
        return self._lines[key]


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A line that can be cited. `words` are the cited lines as they stand."""

    evidence: Evidence
    words: str
    suspect: bool

    @property
    def id(self) -> str:
        """Its name in prompt and answer."""
        return self.evidence.evidence_id

    @property
    def where(self) -> str:
        """`file:line`."""
        return f"{self.evidence.citation.file}:{self.evidence.citation.line_start}"


@dataclass(slots=True)
class Docket:
    """What was shown or read so far. `tainted`: something of it speaks to the model."""

    pages: Pages
    exhibits: dict[str, Exhibit] = field(default_factory=dict)
    suspects: list[str] = field(default_factory=list)
    _places: dict[tuple[UUID, int], str] = field(default_factory=dict)

    @classmethod
    def of(cls, report: IncidentReport, pages: Pages) -> "Docket":
        """Begin with the verified evidence of a report."""
        docket = cls(pages)
        for evidence in report.evidence:
            if evidence.integrity == "verified":
                docket._put(evidence)
        told = [report.question, *(h.statement for h in report.hypotheses), *(h.mechanism or "" for h in report.hypotheses)]
        docket.heard(told)
        return docket

    @property
    def tainted(self) -> bool:
        """Whether something that was shown tries to instruct its reader."""
        return bool(self.suspects)

    def heard(self, texts: Iterable[str]) -> None:
        """Look at texts that the model sees and that are no exhibits."""
        self.suspects += [text for text in texts if suspect(text)]

    def read(self, file: str, number: int) -> Exhibit | None:
        """Return the exhibit of one line, new or known; None when there is no such line."""
        key = self.pages.id(file)
        lines = self.pages.lines(key) if key else ()
        if key is None or not 1 <= number <= len(lines):
            return None
        known = self._places.get((key, number))
        if known is None:
            line = lines[number - 1]
            digest = hashlib.sha256(line.encode()).hexdigest()
            cited = Citation(evidence_id=key, file=file, line_start=number, line_end=number, quote=line[:QUOTE], quote_sha256=digest)
            place = 1 + sum(1 for name in self.exhibits if name.startswith("T"))
            kind = next((e.evidence.type for e in self.exhibits.values() if e.evidence.citation.evidence_id == key), "other")
            self._put(Evidence(evidence_id=f"T{place}", type=kind, citation=cited, integrity="verified"))
            known = self._places[key, number]
        return self.exhibits[known]

    def _put(self, evidence: Evidence) -> None:
        c = evidence.citation
        cited = self.pages.lines(c.evidence_id)[c.line_start - 1 : min(c.line_end, c.line_start - 1 + _BLOCK)] or [c.quote]
        wary = suspect(c.quote)  # of a longer citation, only its first line is shown
        words = "\n".join(line[:_HELD] for line in cited)[:_WORDS]
        self.exhibits[evidence.evidence_id] = Exhibit(evidence, words, wary)
        if wary:
            self.suspects.append(c.quote)
        if c.line_start == c.line_end:
            self._places.setdefault((c.evidence_id, c.line_start), evidence.evidence_id)
