"""A consultation: an answer of before, else models asked; what they say is checked and taken in.

Whatever goes wrong, the offline answer stands and says so.
"""

import asyncio
import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

import structlog
from pydantic import ValidationError

from faultmaven_events.consumers.reason.llm.adopt import adopt
from faultmaven_events.consumers.reason.llm.advice import Advice, Reading
from faultmaven_events.consumers.reason.llm.counsel import Counsel, Tally
from faultmaven_events.consumers.reason.llm.docket import Docket
from faultmaven_events.consumers.reason.llm.enclosed import Envelope, new_nonce
from faultmaven_events.consumers.reason.llm.inquiry import Inquiry
from faultmaven_events.consumers.reason.llm.prompt import brief, opening, version
from faultmaven_events.consumers.reason.llm.strategies.strategy import Verdict, decide
from faultmaven_events.consumers.reason.llm.tools.desk import Desk
from faultmaven_events.errors import TransientError
from faultmaven_events.infra.llm.cache import Cached, Key
from faultmaven_events.infra.llm.port import NoProvider, OverBudget
from faultmaven_events.schemas.cost import Cost
from faultmaven_events.schemas.report import IncidentReport

_NAMED: Final = 128
_READINGS: Final = 1000

log = structlog.get_logger()


async def consult(report: IncidentReport, texts: Mapping[UUID, str], counsel: Counsel) -> IncidentReport:
    """Return the report with what models add, or as it was with the reason in `degraded`.

    `texts` are the sanitized texts of the question's evidence, as for `verify`; nothing else is ever shown.

    Raises:
        NoProvider: nobody answered, and `counsel.retry`.
        OverBudget: the budget is spent, and `counsel.refuse`.
        Unavailable: a server of ours that must note what calls cost or what tools do is away; the question waits for it.
    """
    tally = Tally(counsel.meter)
    try:
        return await _consulted(report, texts, replace(counsel, meter=tally), tally)
    except NoProvider as error:
        if counsel.retry:
            raise
        return _offline(report, tally, str(error))
    except OverBudget:
        if counsel.refuse:
            raise
        return _offline(report, tally, "the budget for models is spent")
    except TimeoutError:
        return _offline(report, tally, f"no model was done within {counsel.total_s:g} s")
    except TransientError:
        raise
    except Exception as error:  # noqa: BLE001 # no answer of a model may cost a person the offline one
        log.error("consultation_failed", error=type(error).__name__)  # noqa: TRY400 # a trace could hold content
        return _offline(report, tally, f"what a model answered could not be used ({type(error).__name__})")


async def _consulted(report: IncidentReport, texts: Mapping[UUID, str], counsel: Counsel, tally: Tally) -> IncidentReport:
    docket = await asyncio.to_thread(Docket.of, report, counsel.reach.pages)
    if not docket.exhibits:  # nothing that a model could cite
        return report
    answers, key = counsel.answers, _key(report, docket, counsel)
    known = await answers.find(key, counsel.vector) if answers else None
    if known is not None and (again := await asyncio.to_thread(_again, report, texts, counsel, known)) is not None:
        return again
    async with asyncio.timeout(counsel.total_s):
        advice = await _advised(report, docket, counsel)
    adopted = _told(await asyncio.to_thread(adopt, report, advice, docket, texts), advice, tally.cost())
    if answers and advice.origin == counsel.model:  # only what passed its checks is kept, and never as another model's
        await answers.keep(key, counsel.vector, advice.model_dump_json(), report.job_id, model=advice.origin)
    return adopted


def _offline(report: IncidentReport, tally: Tally, reason: str) -> IncidentReport:
    cost = tally.cost()
    notes = (*report.security_notes, *_sent(cost))
    return report.model_copy(update={"degraded": (*report.degraded, f"Offline answer: {reason}."), "cost": cost, "security_notes": notes})


def _sent(cost: Cost) -> list[str]:
    calls = sum(cost.calls.values())
    return [f"Verified facts were sent to {', '.join(cost.calls)} ({calls} {'call' if calls == 1 else 'calls'})."] if calls else []


async def _advised(report: IncidentReport, docket: Docket, counsel: Counsel) -> Advice:
    desk = Desk(counsel.reach, docket, _components(report))
    inquiry = Inquiry(report, docket, desk, counsel.models, counsel.meter, Envelope(new_nonce()))
    verdict = await decide(inquiry, counsel.strategy)
    return _advice(verdict, desk, docket)


def _components(report: IncidentReport) -> tuple[str, ...]:
    named = [*(h.component for h in report.hypotheses), *report.blast_radius.affected, *report.blast_radius.unaffected]
    return tuple(dict.fromkeys([*named, *report.blast_radius.dependency_path]))


def _advice(verdict: Verdict, desk: Desk, docket: Docket) -> Advice:
    models = dict.fromkeys(s.model for s in verdict.said)
    cited = {name for h in verdict.opinion.hypotheses for name in (*h.supports, *(q.fact for q in h.quotes)) if name.startswith("T")}
    readings = [
        Reading(id=name, file=x.evidence.citation.file, line=x.evidence.citation.line_start)
        for name, x in docket.exhibits.items()
        if name in cited
    ]
    shown = dict.fromkeys(note for s in verdict.said if s.shown and (note := s.shown.note()))
    return Advice(
        opinion=verdict.opinion,
        origin="+".join(models)[:_NAMED],
        strategy=verdict.strategy,
        agreement=verdict.agreement,
        notes=verdict.notes,
        readings=tuple(readings[:_READINGS]),
        proposals=tuple(desk.proposals),
        tool_calls=tuple(desk.calls),
        truncated=tuple(shown),
        tainted=docket.tainted,
        outward=tuple(dict.fromkeys(desk.outward)),
    )


def _told(report: IncidentReport, advice: Advice, cost: Cost) -> IncidentReport:
    """Say what was done for the answer: who was asked, with what, and what it cost."""
    notes = _sent(cost)
    notes += ["A model searched the web, in general words only." for tool in advice.outward if tool == "web_search"]
    refused = sum(1 for call in advice.tool_calls if call.outcome == "refused")
    notes += [f"{refused} calls of tools were refused." if refused > 1 else "1 call of a tool was refused."] if refused else []
    provenance: dict[str, Any] = {"prompt": version(), "strategy": advice.strategy}
    return report.model_copy(
        update={
            "cost": cost,
            "tool_calls": advice.tool_calls,
            "truncated": (*report.truncated, *advice.truncated),
            "security_notes": (*report.security_notes, *notes),
            "prompt_version": version(),
            "provenance": {**report.provenance, **provenance, "models": advice.origin, "tools_called": len(advice.tool_calls)},
        }
    )


def _again(report: IncidentReport, texts: Mapping[UUID, str], counsel: Counsel, known: Cached) -> IncidentReport | None:
    """An answer of before, checked like a new one; None when it does not fit what is kept now. Proposals and lookups are told again."""
    docket = Docket.of(report, counsel.reach.pages)
    try:
        advice = Advice.model_validate_json(known.text)
    except ValidationError:
        return None
    ids = {}
    for reading in advice.readings:
        exhibit = docket.read(reading.file, reading.line)
        if exhibit is None:
            return None
        ids[reading.id] = exhibit.id
    opinion = advice.opinion.model_copy(
        update={
            "hypotheses": tuple(
                h.model_copy(
                    update={
                        "supports": tuple(ids.get(s, s) for s in h.supports),
                        "quotes": tuple(q.model_copy(update={"fact": ids.get(q.fact, q.fact)}) for q in h.quotes),
                    }
                )
                for h in advice.opinion.hypotheses
            )
        }
    )
    advice = advice.model_copy(update={"opinion": opinion})
    cost = Cost(cache_hits=1, cached_from=known.job)
    return _told(adopt(report, advice, docket, texts), advice, cost)


def _key(report: IncidentReport, docket: Docket, counsel: Counsel) -> Key:
    """What the answer depends on. All that a model could be shown or read beside the question counts as evidence."""
    shown = brief(report, docket, "full")
    bare = report.model_copy(update={"question": ""})
    told = opening(bare, shown, Envelope("-"), role=None, tools=False)[1]["content"]
    inputs = json.dumps([report.provenance.get("inputs") or report.digest, report.provenance.get("rules")], sort_keys=True)
    return Key(
        tenant=report.tenant_id,
        task="investigate",
        question=report.question,
        evidence=hashlib.sha256(f"{told}\n{inputs}".encode()).hexdigest(),
        template=version(),
        model=counsel.model,
        strategy=counsel.strategy,
        tools=",".join(tool.name for tool in counsel.reach.usable()),
    )
