"""A consultation over real HTTP: what models add, what the report says of it, and what stands when nobody can be asked."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.unit.reason_llm.court import FIRM, Purse, case, court

from faultmaven_events.consumers.reason.llm.prompt import version
from faultmaven_events.errors import Unavailable
from faultmaven_events.infra.llm.cache import Cached, Key
from faultmaven_events.infra.llm.port import NoProvider, OverBudget
from faultmaven_events.schemas.report import IncidentReport, KnowledgeRef
from providers import Garbage, Hang, Refusal, Say, Status

GOOD = {
    "statement": "The new facets code of catalog-api may not use a prepared plan.",
    "component": "catalog-api",
    "category": "code",
    "supports": ["E1"],
}
HEADLINE = "catalog-api release 2.3.0 runs a slow query, so category pages are slow"


def substance(report: IncidentReport) -> dict[str, Any]:
    """What a reader acts upon."""
    return report.model_dump(
        include={"verdict", "headline", "hypotheses", "root_cause", "confidence", "claims", "recommendations", "evidence", "timeline"}
    )


class Shelf:
    """A cache as the port wants it, in memory."""

    def __init__(self) -> None:
        self.kept: dict[Key, Cached] = {}

    async def find(self, key: Key, vector: Sequence[float] = ()) -> Cached | None:
        return self.kept.get(key)

    async def keep(self, key: Key, vector: Sequence[float], text: str, job: UUID, *, provider: str = "", model: str = "") -> None:
        self.kept[key] = Cached(text=text, job=job, provider=provider, model=model)


async def test_a_good_answer_adds_a_hypothesis_and_words_the_headline() -> None:
    said = json.dumps({"ranking": ["H1"], "headline": HEADLINE, "hypotheses": [GOOD]})
    async with court(Say(said)) as c:
        report = await c.consult()
    offline = case().report
    assert report.headline == HEADLINE
    assert report.summary.startswith(f"{report.verdict.upper()}: {HEADLINE}")
    assert report.hypotheses[: len(offline.hypotheses)] == offline.hypotheses
    added = report.hypotheses[-1]
    assert (added.origin, added.statement, added.supports) == ("openai/tiny", GOOD["statement"], ("E1",))
    assert added.posterior <= offline.hypotheses[-1].posterior
    assert report.reasoner == "openai/tiny"
    assert report.cost.calls == {"openai/tiny": 1}
    assert (report.cost.tokens_in, report.cost.tokens_out) == (100, 20)
    assert report.provenance["prompt"] == version()
    assert report.provenance["strategy"] == "single"
    assert "Verified facts were sent to openai/tiny (1 call)." in report.security_notes
    assert not report.degraded


async def test_garbage_is_repaired_once() -> None:
    async with court(Say("I think it is the database."), Say('{"ranking": ["H1"]}')) as c:
        report = await c.consult()
        assert len(c.asked) == 2
    assert report.reasoner == "openai/tiny"
    assert report.cost.calls == {"openai/tiny": 2}


@pytest.mark.parametrize("step", [Say('{"ranking": 7}'), Say("<html>"), Status(500), Status(401), Garbage(), Refusal()])
async def test_whatever_goes_wrong_the_offline_answer_stands_and_says_so(step: Any) -> None:
    async with court(step) as c:
        report = await c.consult()
    offline = case().report
    assert substance(report) == substance(offline)
    assert report.reasoner == "offline"
    assert report.degraded[-1].startswith("Offline answer: no provider answered: openai ")
    assert report.cost.calls
    assert report.security_notes[-1].startswith("Verified facts were sent to openai/tiny")
    assert not c.purse.open


async def test_with_a_retry_to_come_the_question_waits_instead() -> None:
    async with court(Status(500)) as c:
        with pytest.raises(NoProvider):
            await c.consult(retry=True)


async def test_a_hanging_model_is_given_up_in_time_and_its_money_is_booked() -> None:
    async with court(Hang()) as c:
        report = await c.consult(total_s=0.5)
        assert "within 0.5 s" in report.degraded[0]
        assert not c.purse.open
        assert len(c.purse.usages) == 1


async def test_without_money_the_offline_answer_stands_or_nothing_does() -> None:
    async with court() as c:
        c.purse = Purse(calls=0)
        report = await c.consult()
        assert report.degraded == ("Offline answer: the budget for models is spent.",)
        assert not c.asked
        with pytest.raises(OverBudget):
            await c.consult(refuse=True)


async def test_where_nobody_can_say_what_it_cost_the_question_waits() -> None:
    class Away(Purse):
        async def reserve(self, *_: Any) -> UUID:
            raise Unavailable("MongoDB is away")

    async with court() as c:
        c.purse = Away()
        with pytest.raises(Unavailable):
            await c.consult()


async def test_a_mistake_of_ours_costs_nobody_the_offline_answer() -> None:
    class Broken(Shelf):
        async def find(self, key: Key, vector: Sequence[float] = ()) -> Cached | None:
            raise ZeroDivisionError

    async with court() as c:
        report = await c.consult(answers=Broken())
    assert report.degraded == ("Offline answer: what a model answered could not be used (ZeroDivisionError).",)


async def test_the_same_question_is_answered_from_before_and_says_whose_answer_it_was() -> None:
    shelf = Shelf()
    async with court(Say(json.dumps({"ranking": ["H1"], "hypotheses": [GOOD]}))) as c:
        first = await c.consult(answers=shelf)
        again = await c.consult(answers=shelf)
        assert len(c.asked) == 1
        assert again.hypotheses == first.hypotheses
        assert again.cost.calls == {}
        assert (again.cost.cache_hits, again.cost.cached_from) == (1, first.job_id)
        await c.consult(answers=shelf, strategy="vote")
        await c.consult(answers=shelf, model="openai/other")
        assert len(c.asked) == 1 + 3 + 1
    other = case(FIRM)
    async with court(about=other) as c:
        await c.consult(answers=shelf)
        assert len(c.asked) == 1


@pytest.mark.parametrize("text", ["", "{}", "null", '{"opinion": {}, "origin": "x", "strategy": 7}'])
async def test_a_garbled_answer_of_before_is_none(text: str) -> None:
    class Poisoned(Shelf):
        async def find(self, key: Key, vector: Sequence[float] = ()) -> Cached | None:
            return Cached(text=text, job=uuid4(), provider="", model="openai/tiny")

    async with court() as c:
        report = await c.consult(answers=Poisoned())
        assert len(c.asked) == 1
    assert report.cost.cached_from is None


async def test_an_answer_of_before_is_checked_like_a_new_one() -> None:
    shelf = Shelf()
    async with court(Say(json.dumps({"hypotheses": [GOOD]}))) as c:
        await c.consult(answers=shelf)
        (key, kept), *_ = shelf.kept.items()
        shelf.kept[key] = kept.model_copy(update={"text": kept.text.replace("prepared plan", "host db99")})
        report = await c.consult(answers=shelf)
    assert report.cost.cache_hits == 1
    assert "db99" not in report.model_dump_json()


async def test_a_refused_answer_is_not_kept() -> None:
    shelf = Shelf()
    async with court(Say("no")) as c:
        await c.consult(answers=shelf)
    assert not shelf.kept


@pytest.mark.parametrize("verdict", ["confirmed", "healthy"])
async def test_direct_evidence_is_not_overruled(verdict: str) -> None:
    base = case()
    first, second, *rest = base.report.hypotheses
    tie = (first, second.model_copy(update={"posterior": first.posterior}), *rest)
    firm = replace(base, report=base.report.model_copy(update={"verdict": verdict, "hypotheses": tie}))
    async with court(Say('{"ranking": ["H2", "H1"]}'), about=firm) as c:
        report = await c.consult()
    assert report.hypotheses == tie
    assert report.confidence == firm.report.confidence
    assert report.verdict == verdict
    assert any("stays" in note for note in report.limitations)


async def test_where_no_rule_fits_a_model_may_still_name_a_cause_that_stands_in_the_lines() -> None:
    base = case()
    update = {"hypotheses": (), "root_cause": None, "verdict": "inconclusive", "recommendations": ()}
    bare = replace(base, report=base.report.model_copy(update=update))
    async with court(Say(json.dumps({"headline": HEADLINE, "hypotheses": [GOOD]})), about=bare) as c:
        report = await c.consult()
    assert [h.origin for h in report.hypotheses] == ["openai/tiny"]
    assert (report.verdict, report.root_cause, report.headline) == ("inconclusive", None, bare.report.headline)


async def test_a_runbook_is_shown_and_is_no_fact() -> None:
    base = case()
    ref = KnowledgeRef(chunk_id=uuid4(), document="pool.md", collection="user", score=1, quote="Raise the pool size of host db77 to 90.")
    about = replace(base, report=base.report.model_copy(update={"knowledge_refs": (ref,)}))
    said = {**GOOD, "statement": "The pool size of catalog-api should be 90."}
    async with court(Say(json.dumps({"hypotheses": [said]})), about=about) as c:
        report = await c.consult()
        assert "Raise the pool size of host db77 to 90." in c.asked[0]["messages"][1]["content"]
    assert report.hypotheses == about.report.hypotheses


async def test_a_report_without_a_line_to_cite_is_not_sent_anywhere() -> None:
    async with court() as c:
        bare = c.case.report.model_copy(update={"evidence": ()})
        c.case = replace(c.case, report=bare)
        assert await c.consult() is bare
        assert not c.asked


async def test_the_next_provider_gets_the_prompt_in_its_own_form(tmp_path: Path) -> None:
    async with court(Status(500), others=[[Say("{}")]], tmp=tmp_path, fields='style = "compact"') as c:
        report = await c.consult()
        body = c.fakes[1].requests[0].body
    assert report.reasoner == "openai/tiny1"
    assert "You check an incident analysis" in body["messages"][0]["content"]
    assert len(body["messages"][1]["content"]) < 16_000


async def test_what_was_cut_from_a_prompt_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from faultmaven_events.consumers.reason.llm import prompt

    small = type(prompt.template("full"))(
        **{**{f: getattr(prompt.template("full"), f) for f in prompt.template("full").__slots__}, "facts": 900}
    )
    monkeypatch.setattr(prompt, "template", lambda _: small)
    async with court() as c:
        report = await c.consult()
    told = [note for note in report.truncated if note.startswith("The model was shown")]
    assert len(told) == 1
    assert f"of {len(c.case.docket.exhibits)} facts" in told[0]


async def test_two_consultations_at_once_do_not_mix() -> None:
    async with court(Say(json.dumps({"hypotheses": [GOOD]}))) as c:
        one, two = await asyncio.gather(c.consult(), c.consult())
    assert one.hypotheses == two.hypotheses
    assert one.cost == two.cost
