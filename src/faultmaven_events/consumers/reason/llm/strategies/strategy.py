"""Asks in the way that was chosen, or once where providers are down. Pure merging is in `ballot`."""

import asyncio
import tomllib
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Final, Literal

from faultmaven_events.consumers.reason.llm.inquiry import Inquiry, Said
from faultmaven_events.consumers.reason.llm.opinion import Opinion
from faultmaven_events.consumers.reason.llm.precedence import leader, refusal
from faultmaven_events.consumers.reason.llm.strategies.ballot import borda, headline, majority, united
from faultmaven_events.consumers.reason.llm.strategies.halves import halves
from faultmaven_events.infra.llm.port import NoProvider, OverBudget

Strategy = Literal["single", "team", "vote"]
VOTERS: Final = 3
TEAM_ADDS: Final = 3
"""Hypotheses that several answers may add together."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a strategy came to."""

    opinion: Opinion
    strategy: Strategy
    said: tuple[Said, ...]
    agreement: str | None = None
    notes: tuple[str, ...] = ()


@cache
def roles() -> dict[str, str]:
    """The members of a team and their briefs, in order."""
    data = tomllib.loads(files(__package__).joinpath("roles.toml").read_text("utf-8"))
    return {role["name"]: role["brief"] for role in data.values()}


async def decide(inquiry: Inquiry, strategy: Strategy) -> Verdict:
    """Ask. Where a provider is down, once: several answers would only make what is left slower.

    Raises:
        NoProvider: nobody answered as asked.
        OverBudget: there is no money for even one answer.
        Unavailable: a call of a tool could not be noted.
    """
    if strategy == "single" or inquiry.models.degraded:
        said = await inquiry.ask()
        notes = () if strategy == "single" else (f"Asked once instead of as a {strategy}: {', '.join(inquiry.models.degraded)} is down.",)
        return await _reviewed(inquiry, Verdict(said.opinion, "single", (said,), notes=notes))
    return await _reviewed(inquiry, await (_team(inquiry) if strategy == "team" else _vote(inquiry)))


async def _reviewed(inquiry: Inquiry, verdict: Verdict) -> Verdict:
    """Let another first hypothesis stand only when two readers, each of whom sees other files, put it first as well.

    Whoever can write into one file can convince one reader of anything; this holds without knowing what an instruction looks like.
    """
    report, ranking = inquiry.report, verdict.opinion.ranking
    wanted = leader(report, ranking)
    if wanted is None or wanted == report.hypotheses[0].id or inquiry.docket.tainted or refusal(report, wanted):
        return verdict
    parts = halves(inquiry.docket)
    said: list[Said] = []
    if parts is not None:
        with suppress(NoProvider, OverBudget):
            said, _ = await _all([inquiry.ask(only=part) for part in parts])
    agreed = sum(leader(report, s.opinion.ranking) == wanted for s in said)
    if agreed == 2:
        told = f"two reviews that saw different files agree on {wanted}"
        basis = f"{verdict.agreement}; {told}" if verdict.agreement else told
        return replace(verdict, agreement=basis, said=(*verdict.said, *said))
    first = report.hypotheses[0].id
    kept = verdict.opinion.model_copy(update={"ranking": (), "headline": None})
    note = f"A model would put {wanted} first; reviews that saw different files do not both agree, so {first} stays."
    return replace(verdict, opinion=kept, agreement=None, notes=(*verdict.notes, note))


async def _team(inquiry: Inquiry) -> Verdict:
    briefs = roles()
    said, notes = await _all([inquiry.ask(role=f"{name}. {brief}") for name, brief in briefs.items()])
    known = [h.id for h in inquiry.report.hypotheses]
    opinions = [s.opinion for s in said]
    # The rules' own order is one member of the team: it settles ties, and a single voice does not overturn it.
    ranking = borda([known, *(o.ranking for o in opinions if o.ranking)], known)
    first = ranking[0] if ranking else None
    backing = sum(1 for o in opinions if o.ranking and o.ranking[0] == first)
    agreement = f"{backing} of {len(said)} reviewers put {first} first" if first else None
    opinion = Opinion(ranking=ranking, headline=headline(opinions, first), hypotheses=united(opinions)[:TEAM_ADDS])
    return Verdict(opinion, "team", tuple(said), agreement, notes)


async def _vote(inquiry: Inquiry) -> Verdict:
    said, notes = await _all([inquiry.ask(order=number) for number in range(VOTERS)])
    known = [h.id for h in inquiry.report.hypotheses]
    opinions = [s.opinion for s in said]
    rankings = [o.ranking for o in opinions if o.ranking]
    first, votes = majority(rankings, known)
    order = borda(rankings, known) if rankings else tuple(known)
    # Without a majority the rules' first one stays.
    first = first or (known[0] if known else None)
    ranking = tuple(dict.fromkeys([*([first] if first else []), *order]))
    agreement = f"{votes} of {len(said)} independent answers agree on the first hypothesis" if known else None
    opinion = Opinion(ranking=ranking, headline=headline(opinions, first), hypotheses=united(opinions)[:TEAM_ADDS])
    return Verdict(opinion, "vote", tuple(said), agreement, notes)


async def _all(asking: Sequence[Coroutine[None, None, Said]]) -> tuple[list[Said], tuple[str, ...]]:
    """Ask all at once. Some may fail; none answered is an error, and so is any failure that is not about a provider or money."""
    tasks = [asyncio.ensure_future(one) for one in asking]
    try:
        await asyncio.wait(tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)  # what they reserved is settled
    errors = [error for task in tasks if not task.cancelled() and (error := task.exception()) is not None]
    for error in errors:
        if not isinstance(error, (NoProvider, OverBudget)):
            raise error
    said = [task.result() for task in tasks if not task.cancelled() and task.exception() is None]
    if not said:
        raise next((e for e in errors if isinstance(e, NoProvider)), errors[0])
    notes = (f"{len(said)} of {len(tasks)} answers came.",) if errors else ()
    return said, notes
