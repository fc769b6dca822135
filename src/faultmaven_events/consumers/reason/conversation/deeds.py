"""What to do: remedies with their commands, risk and way back, how to tell that they worked, and what prevents it next time."""

import re
from collections.abc import Iterator
from typing import Final

from faultmaven_events.consumers.reason.conversation.saying import Said, leading, say
from faultmaven_events.schemas.report import IncidentReport, Recommendation

APPROVAL = "Nothing of this was executed; a person decides."
_UNDO: Final = re.compile(r"\b(?:undo|undone|roll(?:ed|ing)? \w* ?back|revert|restore|put back)\b", re.IGNORECASE)
NOTHING = "The report recommends nothing to do: no cause is sure enough to act on."


def _in_order(report: IncidentReport) -> list[Recommendation]:
    return sorted(report.recommendations, key=lambda one: one.priority)


def _refs(report: IncidentReport, one: Recommendation) -> tuple[str, ...]:
    found = next((h.supports for h in report.hypotheses if h.id == one.hypothesis_id), leading(report))
    return found[:2]


def fix(report: IncidentReport) -> Iterator[Said]:
    """What to do, first things first."""
    for one in _in_order(report):
        if one.type == "prevent":
            continue
        yield say(f"{one.type.capitalize()}: {one.action}", _refs(report, one))
        yield from (say(f"Command: `{command}`") for command in one.commands)
        if one.effort or one.owner_role:
            yield say(f"Who: {one.owner_role or 'whoever runs it'}" + (f", a matter of {one.effort}" if one.effort else "") + ".")
        if one.risk:
            yield say(f"Risk: {one.risk}")
        if one.rollback:
            yield say(f"Way back: {one.rollback}")
        if one.verification:
            yield say(f"Done when: {one.verification}")
    if not report.recommendations:
        yield say(NOTHING)
        yield from (say(f"First find out: {gap.what}: {gap.how}") for gap in report.missing_evidence[:2])
        return
    yield say(APPROVAL)


def commands(report: IncidentReport) -> Iterator[Said]:
    """Every command in the report, with what it is for."""
    found = [(one, command) for one in _in_order(report) for command in one.commands]
    for one, command in found:
        yield say(f"{one.type.capitalize()}, {one.action}: `{command}`" + (f" Risk: {one.risk}" if one.risk else ""))
    yield from (say(f"{gap.what}: {gap.how} ({gap.why})") for gap in report.missing_evidence[:4])
    if not found:
        yield say(
            "The remedies of this report have no command of their own: "
            + (" / ".join(r.action for r in _in_order(report)) or "there are none.")
        )
    else:
        yield say(APPROVAL)


def rollback(report: IncidentReport) -> Iterator[Said]:
    """The way back: of what was changed, and of the remedies."""
    if report.trigger:
        yield say(f"What would be undone: {report.trigger}", leading(report)[:2])
    found = [one for one in _in_order(report) if one.rollback]
    yield from (say(f"If '{one.action}' does not help: {one.rollback}") for one in found)
    undoing = [one for one in _in_order(report) if _UNDO.search(one.action)]
    yield from (
        say(f"{one.type.capitalize()}: {one.action}" + (f" Risk: {one.risk}" if one.risk else ""), _refs(report, one)) for one in undoing
    )
    if not found and not undoing:
        yield say(
            "The report names no way back: it found no change to undo." if not report.trigger else "The report does not say how to undo it."
        )


def risk(report: IncidentReport) -> Iterator[Said]:
    """What may go wrong with the remedies."""
    for one in _in_order(report):
        back = f" Way back: {one.rollback}" if one.rollback else ""
        known = one.risk.rstrip(".") or "none is known to the report"
        yield say(f"{one.action} Risk: {known}.{back}" + (" Needs approval." if one.approval_required else ""))
    if not report.recommendations:
        yield say(NOTHING)


def verify(report: IncidentReport) -> Iterator[Said]:
    """How to tell that a remedy worked."""
    found = [one for one in _in_order(report) if one.verification]
    yield from (say(f"{one.action} Done when: {one.verification}") for one in found)
    p = report.problem_statement
    if p.expected:
        yield say(f"And the symptom is gone: {p.expected} (now: {p.observed or p.symptom}).")
    elif not found:
        yield say(f"The report names no check of its own; the symptom must be gone: {p.symptom}")


def prevent(report: IncidentReport) -> Iterator[Said]:
    """What keeps it from happening again."""
    found = [one for one in _in_order(report) if one.type in {"prevent", "observe"}]
    yield from (say(f"{one.type.capitalize()}: {one.action}") for one in found)
    items = report.aftermath.action_items if report.aftermath else ()
    yield from (say(f"{item.type.capitalize()}: {item.action}") for item in items if item.action not in {one.action for one in found})
    yield from (say(f"Lesson: {text}") for text in (report.aftermath.lessons if report.aftermath else ()))
    if not found and not items:
        yield say("The report recommends nothing of its own against a recurrence.")
        if report.trigger:
            yield say(f"It followed this: {report.trigger}", leading(report)[:2])
