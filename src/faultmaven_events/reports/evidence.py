"""Where a report's lines stand: `file:line`, and which name a citation has."""

from collections.abc import Iterable, Iterator, Mapping

from faultmaven_events.reports.document import Leaf, Line, Ref
from faultmaven_events.schemas.insight import Citation
from faultmaven_events.schemas.report import IncidentReport

Place = tuple[str, int, int]


def where(citation: Citation) -> str:
    """Return `file:12` or `file:12-20`."""
    end = f"-{citation.line_end}" if citation.line_end != citation.line_start else ""
    return f"{citation.file}:{citation.line_start}{end}"


def names(report: IncidentReport) -> Mapping[Place, str]:
    """Return the names of all cited places."""
    return {_place(e.citation): e.evidence_id for e in report.evidence}


def lines(report: IncidentReport, citations: Iterable[Citation], limit: int = 400) -> Iterator[list[Leaf]]:
    """Yield cited lines: where, what the line tells in `limit` characters, and its name.

    What it tells is the words of a fact that rests on it, else the line itself.
    """
    known, told = names(report), _told(report)
    for citation in citations:
        name = known.get(_place(citation))
        fact = told.get(name, "") if name else ""
        said: list[Leaf] = [Line(where(citation), 200), " ", Line(fact or citation.quote, limit)]
        yield [*said, " (", Ref(name), ")"] if name else said


def _told(report: IncidentReport) -> Mapping[str, str]:
    """What facts tell of single lines, without the file's name."""
    found: dict[str, str] = {}
    files = {e.evidence_id: e.citation.file for e in report.evidence}
    for claim in report.claims:
        if claim.kind == "fact" and len(claim.evidence_refs) == 1:
            name = claim.evidence_refs[0]
            text = claim.text.removeprefix(files.get(name, ""))
            found.setdefault(name, text.partition(": ")[2] if text.startswith((":", " line ")) else text)
    return found


def _place(citation: Citation) -> Place:
    return citation.file, citation.line_start, citation.line_end
