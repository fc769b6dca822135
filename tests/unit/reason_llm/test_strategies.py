"""Asking once, a team, or several times: merged without another call, and once only where providers are down."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.reason_llm.court import Purse, case, court

from faultmaven_events.consumers.reason.llm.opinion import Added, Opinion
from faultmaven_events.consumers.reason.llm.strategies.ballot import borda, headline, majority, united
from faultmaven_events.consumers.reason.llm.strategies.strategy import VOTERS, roles
from faultmaven_events.infra.llm.port import Models, NoProvider, Reply
from providers import Say, Status

ADDED = {"statement": "catalog-api reads more rows than it needs.", "component": "catalog-api", "category": "code", "supports": ["E1"]}


async def test_a_team_has_its_roles_and_one_merged_answer() -> None:
    async with court(Say(json.dumps({"ranking": ["H1"], "hypotheses": [ADDED]}))) as c:
        report = await c.consult(strategy="team")
        systems = [body["messages"][0]["content"] for body in c.asked]
    assert len(systems) == len(roles()) == 4
    assert all(any(name in text for text in systems) for name in roles())
    assert report.provenance["strategy"] == "team"
    assert "4 of 4 reviewers put H1 first" in report.confidence.basis
    assert len(report.hypotheses) == len(case().report.hypotheses) + 1
    assert report.cost.calls == {"openai/tiny": 4}


async def test_a_vote_asks_with_the_facts_in_other_orders_and_says_how_far_it_agreed() -> None:
    async with court(Say('{"ranking": ["H1"]}'), Say('{"ranking": ["H2"]}'), Say('{"ranking": ["H1"]}')) as c:
        report = await c.consult(strategy="vote")
        shown = [[f["id"] for f in json.loads(b["messages"][1]["content"].split("\n", 1)[1].rsplit("\n", 1)[0])["facts"]] for b in c.asked]
    assert len(shown) == VOTERS
    assert len({tuple(s) for s in shown}) == VOTERS
    assert len({frozenset(s) for s in shown}) == 1
    assert "2 of 3 independent answers agree" in report.confidence.basis
    assert report.hypotheses[0].id == "H1"


async def test_without_a_majority_the_rules_first_one_stays() -> None:
    async with court(Say('{"ranking": ["H2"]}'), Say('{"ranking": ["H3"]}'), Say('{"ranking": ["H4"]}')) as c:
        report = await c.consult(strategy="vote")
    assert report.hypotheses[0].id == "H1"
    assert report.confidence.score == case().report.confidence.score


async def test_members_that_fail_are_missed_and_said_so() -> None:
    async with court(Say('{"ranking": ["H1"]}')) as c:
        c.purse = Purse(calls=2)
        report = await c.consult(strategy="team")
    assert report.provenance["strategy"] == "team"
    assert "2 of 4 answers came." in report.limitations
    assert not c.purse.open


async def test_a_team_of_which_nobody_answers_is_no_answer() -> None:
    async with court(Status(500)) as c:
        report = await c.consult(strategy="team")
        assert report.reasoner == "offline"
        with pytest.raises(NoProvider):
            await c.consult(strategy="team", retry=True)


@dataclass
class Down:
    """Models of which one provider is down."""

    models: Models
    degraded: tuple[str, ...] = ("primary",)

    async def complete(self, *args: Any, **more: Any) -> Reply:
        return await self.models.complete(*args, **more)


@pytest.mark.parametrize("strategy", ["team", "vote"])
async def test_while_a_provider_is_down_one_answer_must_do(strategy: str) -> None:
    async with court(Say("{}")) as c:
        report = await c.consult(strategy=strategy, models=Down(c.models))
        assert len(c.asked) == 1
    assert report.provenance["strategy"] == "single"
    assert f"Asked once instead of as a {strategy}: primary is down." in report.limitations


ids = [f"H{n}" for n in range(1, 6)]


@given(st.lists(st.lists(st.sampled_from([*ids, "H9"]), max_size=8), max_size=6))
def test_a_merged_ranking_holds_each_candidate_once(rankings: list[list[str]]) -> None:
    merged = borda(rankings, ids)
    assert sorted(merged) == ids
    if all(r and r[0] == "H3" for r in rankings) and rankings:
        assert merged[0] == "H3"
    first, votes = majority(rankings, ids)
    assert first is None or 2 * votes > len(rankings)


def test_rankings_are_added_up() -> None:
    assert borda([["H1", "H2", "H3"], ["H2", "H1", "H3"], ["H2", "H3", "H1"]], ["H1", "H2", "H3"]) == ("H2", "H1", "H3")
    assert borda([], ["H1", "H2"]) == ("H1", "H2")


def test_alike_hypotheses_are_one_and_frequent_ones_first() -> None:
    one = Added.model_validate(ADDED)
    other = one.model_copy(update={"component": "db", "statement": "The database is slow to answer."})
    opinions = [Opinion(hypotheses=(one,)), Opinion(hypotheses=(other,)), Opinion(hypotheses=(other,))]
    assert united(opinions) == (other, one)


def test_the_headline_is_of_an_opinion_with_the_same_first() -> None:
    opinions = [Opinion(ranking=("H2",), headline="two"), Opinion(ranking=("H1",), headline="one")]
    assert headline(opinions, "H1") == "one"
    assert headline(opinions, "H3") is None
