"""The answer to a follow-up without a model: what is asked for, out of the report's fields. Pure; the same words give the same bytes."""

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from typing import Final
from uuid import UUID

from faultmaven_events.consumers.reason.conversation import course, deeds, extent, grounds, sources
from faultmaven_events.consumers.reason.conversation.asking import Asking, asking
from faultmaven_events.consumers.reason.conversation.saying import Said, place, quoted, say, verified
from faultmaven_events.schemas.conversation import Answer
from faultmaven_events.schemas.report import IncidentReport

TELLS: Final[Mapping[str, Callable[[IncidentReport], Iterator[Said]]]] = {
    "change": grounds.change,
    "alternatives": grounds.alternatives,
    "sure": grounds.sure,
    "timeline": course.timeline,
    "detected": course.detected,
    "over": course.over,
    "affected": extent.affected,
    "rate": extent.rate,
    "fix": deeds.fix,
    "commands": deeds.commands,
    "rollback": deeds.rollback,
    "risk": deeds.risk,
    "verify": deeds.verify,
    "prevent": deeds.prevent,
    "missing": sources.missing,
    "runbook": sources.runbook,
}
TELLS_OF: Final[Mapping[str, Callable[[IncidentReport, Sequence[str]], Iterator[Said]]]] = {
    "cause": grounds.cause,
    "why_not": grounds.why_not,
    "when": course.when,
    "lines": sources.lines,
    "component": sources.component,
    "summary": sources.summary,
}
"""What answers each intent of `asking.toml`; these do so with regard to what is asked about."""
TEXT: Final = 8000
"""Characters of an answer."""
_QUOTES: Final = 10
_ROOM: Final = 5200
"""Characters of its sentences; the rest is for the lines that they cite."""


def offline(report: IncidentReport, question: str, follows: UUID) -> Answer:
    """Return the answer to a question about a report.

    What the report cannot tell is said, with what it can.
    """
    asked = asking(question, report)
    said = list(sentences(report, asked)) if asked else [*_unknown(report)]
    good = verified(report)
    refs = tuple(dict.fromkeys(ref for one in said for ref in one.refs if ref in good))
    text = "\n".join(_fitting([written(one, good.keys()) for one in said], _ROOM))
    if asked is None or "lines" not in asked.about:
        text += quotes(report, refs)
    return Answer(text=text[:TEXT], follows=follows, about=asked.about if asked else (), evidence_refs=refs)


def sentences(report: IncidentReport, asked: Asking) -> Iterator[Said]:
    """Yield the sentences that answer what is asked for, none twice."""
    seen = set[str]()
    for about in asked.about:
        for one in TELLS[about](report) if about in TELLS else TELLS_OF[about](report, asked.subject):
            if one.text not in seen:
                seen.add(one.text)
                yield one


def written(one: Said, good: Container[str]) -> str:
    """Return a sentence as a line of an answer."""
    refs = [ref for ref in one.refs if ref in good]
    return one.text + (f" [{', '.join(refs)}]" if refs else "")


def quotes(report: IncidentReport, refs: Sequence[str]) -> str:
    """Return the lines that an answer rests on, as a list below it."""
    good = verified(report)
    lines = [f"[{ref}] {place(good[ref])} {quoted(good[ref].citation.quote)}" for ref in refs if ref in good]
    return "\n\nLines:\n" + "\n".join(lines[:_QUOTES]) if lines else ""


def _fitting(lines: Sequence[str], most: int) -> list[str]:
    kept, size = list[str](), 0
    for line in lines:
        size += len(line) + 1
        if size > most:
            return [*kept, f"{len(lines) - len(kept)} more sentences stand in the report."]
        kept.append(line)
    return kept


def _unknown(report: IncidentReport) -> Iterator[Said]:
    yield say("The report does not tell that.")
    yield say(report.headline, report.hypotheses[0].supports[:3] if report.hypotheses else ())
    yield say(
        "It can tell: the cause, what changed, what was ruled out, how sure it is, when it began, whether it is over, who is affected, the "
        "figures, what to do with commands, risk and way back, the lines it rests on, and what is missing."
    )
    yield say("For anything else, ask it as a question of its own: that starts an investigation of the same evidence.")
