"""The sentences of the answer, each marked as fact, inference or assumption, with the lines it rests on."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from faultmaven_events.consumers.reason.offline.case import Case
from faultmaven_events.consumers.reason.offline.evidence import Locker, cite
from faultmaven_events.consumers.reason.offline.noise import Noise
from faultmaven_events.consumers.reason.offline.phrases import message
from faultmaven_events.consumers.reason.offline.rank import Candidate
from faultmaven_events.schemas.report import Claim, Hypothesis, Link, RootCause

_SIDES: Final = {
    **dict.fromkeys(("infrastructure", "network", "resource_exhaustion", "capacity", "external"), "infrastructure"),
    **dict.fromkeys(("code", "data"), "application"),
    "config": "both",
}


def claims(case: Case, top: Candidate | None, statement: str, noise: Sequence[Noise], locker: Locker) -> tuple[Claim, ...]:
    """Facts first: the change, the signs; then the inference; then what was set aside."""
    found: list[Claim] = []
    if top and top.change:
        ref = locker.put(top.change.citation, top.change.text)
        line = top.change.citation.quote.strip()
        found.append(
            Claim(text=f"{top.change.file} line {top.change.citation.line_start}: {line[:250]}", kind="fact", evidence_refs=(ref,))
        )
        found += [
            Claim(text=f"{c.file}: {c.quote.strip()[:250]}", kind="fact", evidence_refs=(locker.put(c, top.change.values.get("record")),))
            for c in top.change.extra
        ]
    for sign in (*top.signs, *top.supports) if top else ():
        lines = cite(case, sign)
        if sign.sighting and lines:
            found.append(
                Claim(text=f"{sign.file}: {message(lines[0].quote)[:250]}", kind="fact", evidence_refs=(locker.put(lines[0], sign.name),))
            )
        elif sign.trend and lines:
            ref = locker.put(lines[0], sign.name)
            found.append(
                Claim(text=f"{sign.trend.series} moves {sign.trend.direction} and stays there", kind="inference", evidence_refs=(ref,))
            )
    if top:
        refs = tuple(r for c in found for r in c.evidence_refs)
        found.append(Claim(text=statement, kind="inference", evidence_refs=tuple(dict.fromkeys(refs))))
    for n in noise[:4]:
        found.append(
            Claim(text=f"Not the cause: {n.what[:200]} - {n.why}", kind="inference", evidence_refs=(locker.put(n.citation, "set aside"),))
        )
    return tuple({c.text: c for c in found}.values())


def root_cause(case: Case, top: Candidate, first: Hypothesis, chain: Sequence[str], locker: Locker) -> RootCause:
    """The accepted hypothesis with its causal chain; links without lines are marked assumed."""
    refs = [tuple(locker.put(c, s.name) for c in cite(case, s)[:1]) for s in top.signs]
    lead = (locker.put(top.change.citation, top.change.text),) if top.change else ()
    shown = [lead, *refs]
    links = [
        Link(cause=a, effect=b, evidence_refs=shown[min(i, len(shown) - 1)], assumed=not shown[min(i, len(shown) - 1)] or i >= len(shown))
        for i, (a, b) in enumerate(pairwise(chain))
    ]
    side = _SIDES.get(top.category, "unknown")
    return RootCause.model_validate(
        {
            "hypothesis_id": first.id,
            "statement": first.statement,
            "component": top.component,
            "reason": top.cause.title,
            "onset_time": first.onset,
            "mechanism": top.cause.mechanism,
            "causal_chain": links,
            "contributing_factors": tuple(sorted({_factor(s.name) for s in top.supports})),
            "app_or_infra": side,
        }
    )


def _factor(name: str) -> str:
    return name.replace("_", " ").replace(".up", " rises").replace(".down", " falls")
