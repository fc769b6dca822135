"""read_evidence: lines of this question's own files, each with an id under which it can be cited. The name is looked up, never opened."""

from typing import Any, Final

from faultmaven_events.consumers.reason.llm.docket import Docket, Exhibit
from faultmaven_events.consumers.reason.llm.prompt import WARNING
from faultmaven_events.consumers.reason.llm.tools.registry import Refused

LINES: Final = 60
_LINE: Final = 400
_NAMES: Final = 40


def read_evidence(arguments: dict[str, Any], docket: Docket) -> dict[str, Any]:
    """Return the lines asked for.

    Raises:
        Refused: no such file among the question's, or no such lines.
    """
    pages, first, last = docket.pages, arguments["from"], arguments["to"]
    key = pages.id(arguments["file"])
    if key is None:
        raise Refused(f"no such file; there are: {', '.join(pages.names[:_NAMES])}")
    total = len(pages.lines(key))
    if not first <= last or first > total:
        raise Refused(f"no such lines; the file has {total}")
    asked = range(first, min(last, first + LINES - 1, total) + 1)
    read = [x for n in asked if (x := docket.read(arguments["file"], n)) is not None]
    return {"file": arguments["file"], "lines_of_file": total, "lines": [_line(x) for x in read]}


def _line(exhibit: Exhibit) -> dict[str, Any]:
    shown = {"id": exhibit.id, "number": exhibit.evidence.citation.line_start, "line": exhibit.evidence.citation.quote[:_LINE]}
    return {**shown, "note": WARNING} if exhibit.suspect else shown
