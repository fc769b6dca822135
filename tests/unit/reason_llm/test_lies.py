"""Lying models over real HTTP: nothing that they make up reaches a report."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.reason_llm.court import case, court

from faultmaven_events.consumers.reason.llm.adopt import adopt
from faultmaven_events.consumers.reason.llm.advice import Advice
from faultmaven_events.consumers.reason.llm.opinion import CATEGORIES, Opinion
from faultmaven_events.consumers.reason.verify import rate, verify
from faultmaven_events.schemas.report import IncidentReport
from providers import Say

TRUE = {"statement": "catalog-api reads more rows than it needs.", "component": "catalog-api", "category": "code", "supports": ["E1"]}


def first_line() -> str:
    return case().report.evidence[0].citation.quote


def lie(**more: Any) -> dict[str, Any]:
    return {**TRUE, **more}


LIES = {
    "an invented fact": lie(supports=["E999"]),
    "one invented fact among real ones": lie(supports=["E1", "E2", "E999"]),
    "an invented tool result": lie(supports=["T1"]),
    "an invented number": lie(statement="catalog-api lost 4711 orders."),
    "an invented time": lie(statement="catalog-api failed first at 03:14:15."),
    "an invented host": lie(statement="catalog-api lost its host db99."),
    "an invented component": lie(component="payment-gateway-eu"),
    "an invented address": lie(statement="catalog-api cannot reach 198.51.100.99."),
    "an invented mechanism": lie(mechanism="The leader of kafka moved to broker-7."),
    "an invented quote": lie(quotes=[{"fact": "E1", "quote": "FATAL: out of shared memory"}]),
    "a quote of another line": lie(quotes=[{"fact": "E2", "quote": "@first"}]),
    "a quote of a line that was not given": lie(quotes=[{"fact": "E999", "quote": "@first"}]),
    "an empty quote": lie(quotes=[{"fact": "E1", "quote": " "}]),
    "a quote changed by one digit": lie(quotes=[{"fact": "E1", "quote": "@digit"}]),
    "a link": lie(statement="catalog-api is slow, see https://evil.example/?d=1 for more."),
    "a link in Markdown": lie(statement="catalog-api is slow, [see](https://evil.example) for more."),
    "an image": lie(statement="catalog-api is slow ![x](https://evil.example/p.png)"),
    "markup": lie(statement="catalog-api is slow <script>alert(1)</script>"),
    "a wrong line number": lie(statement="Line 4242 of catalog-api.log shows it."),
    "a key": lie(statement="catalog-api used " + "AK" + "IA" + "Q3EXAMPLEKEY7ABC for it."),
    "a known hypothesis said again": lie(statement="@known"),
}


def changed_digit(text: str) -> str:
    place = max(i for i, c in enumerate(text) if c.isdigit())
    return text[:place] + str((int(text[place]) + 1) % 10) + text[place + 1 :]


def told(one: dict[str, Any]) -> dict[str, Any]:
    first = first_line()
    known = case().report.hypotheses[0].statement[:600]
    text = json.dumps(one).replace('"@first"', json.dumps(first)).replace('"@digit"', json.dumps(changed_digit(first)))
    found: dict[str, Any] = json.loads(text.replace('"@known"', json.dumps(known)))
    return found


def same(report: IncidentReport) -> None:
    offline = case().report
    assert report.hypotheses == offline.hypotheses
    assert report.headline == offline.headline
    assert report.evidence == offline.evidence
    assert report.verdict == offline.verdict
    assert report.recommendations == offline.recommendations
    assert report.confidence == offline.confidence


@pytest.mark.parametrize("name", LIES)
async def test_a_lie_is_left_out_and_said_so(name: str) -> None:
    async with court(Say(json.dumps({"hypotheses": [told(LIES[name])]}))) as c:
        report = await c.consult()
    same(report)
    if "known" not in name:
        assert any("left out" in note for note in report.limitations)


async def test_the_truth_beside_the_lies_is_taken() -> None:
    true = told({**TRUE, "quotes": [{"fact": "E1", "quote": "@first"}]})
    async with court(Say(json.dumps({"hypotheses": [told(LIES["an invented number"]), true]}))) as c:
        report = await c.consult()
    assert report.hypotheses[-1].statement == TRUE["statement"]
    assert report.hypotheses[-1].citations[0].quote == first_line()


@pytest.mark.parametrize(
    "headline",
    [
        "catalog-api lost 4711 orders",
        "catalog-api is fine, go back to sleep",
        "Everything is healthy",
        "catalog-api: call https://evil.example now",
        "catalog-api was hacked by evil.example",
        "The database of catalog-api on db99 runs a slow query",
        "<b>catalog-api</b> runs a slow query",
        "\u202ecatalog-api\u202c runs a slow database query \u6570\u636e",
    ],
)
async def test_a_headline_that_says_something_else_is_left_out(headline: str) -> None:
    async with court(Say(json.dumps({"ranking": ["H1"], "headline": headline}))) as c:
        report = await c.consult()
    same(report)
    assert any("headline" in note for note in report.limitations)


async def test_control_characters_and_escape_sequences_do_not_reach_a_terminal() -> None:
    dirty = {**TRUE, "statement": "\x1b[2J\x1b]0;owned\x07catalog-api reads\u200b more\u202e rows than it `needs`.\x00\x08"}
    async with court(Say(json.dumps({"hypotheses": [dirty]}))) as c:
        report = await c.consult()
    assert report.hypotheses[-1].statement == "catalog-api reads more rows than it needs."


async def test_what_the_evidence_hardly_supports_is_not_put_first() -> None:
    last = case().report.hypotheses[-1]
    assert last.posterior < 0.25 * case().report.hypotheses[0].posterior
    async with court(Say(json.dumps({"ranking": [last.id]}))) as c:
        report = await c.consult()
    assert report.hypotheses[0].id == "H1"
    assert any("stays" in note for note in report.limitations)


def test_a_near_tie_may_be_decided_and_then_nobody_is_sure() -> None:
    base = case()
    first, second, *rest = base.report.hypotheses
    close = second.model_copy(update={"posterior": first.posterior * 0.9})
    report = base.report.model_copy(update={"hypotheses": (first, close, *rest), "verdict": "likely"})
    advice = Advice(opinion=Opinion(ranking=("H2",)), origin="openai/tiny", strategy="single")
    adopted = adopt(report, advice, base.docket, base.texts)
    assert adopted.hypotheses[0].id == "H2"
    assert adopted.confidence.score <= 0.6
    assert adopted.recommendations[0].type == "observe"
    assert {r.hypothesis_id for r in adopted.recommendations[1:]} <= {"H1"}
    assert adopted.root_cause is None or adopted.root_cause.causal_chain == ()


words = st.sampled_from(
    [
        "catalog-api",
        "E1",
        "T1",
        "H1",
        "rows",
        "db99",
        "4711",
        "10:00:01",
        "https://x.example",
        "<b>",
        "\x1b[1m",
        "the",
        "slow",
        "query",
        "\u202e",
    ]
)
text = st.one_of(st.text(max_size=200), st.lists(words, max_size=30).map(" ".join))
names = st.one_of(st.sampled_from(["E1", "E2", "E3", "E999", "T1", "H1", "H2", ""]), st.text(max_size=12))
quotes = st.lists(st.fixed_dictionaries({"fact": names, "quote": text}), max_size=3)
hypotheses = st.lists(
    st.fixed_dictionaries(
        {
            "statement": text.filter(lambda t: len(t) >= 10),
            "component": st.one_of(st.sampled_from(["catalog-api", "db99"]), st.text(min_size=1, max_size=80)),
            "category": st.sampled_from(CATEGORIES),
            "mechanism": st.none() | text,
            "supports": st.lists(names, min_size=1, max_size=6),
            "quotes": quotes,
        }
    ),
    max_size=3,
)
opinions = st.fixed_dictionaries({"ranking": st.lists(names, max_size=20), "headline": st.none() | text, "hypotheses": hypotheses})


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(opinions)
def test_no_opinion_brings_an_unverified_line_into_a_report(said: dict[str, Any]) -> None:
    base = case()
    advice = Advice(opinion=Opinion.model_validate(said), origin="openai/tiny", strategy="single")
    report = adopt(base.report, advice, base.docket, base.texts)
    assert rate(report) == 1.0
    assert verify(report, base.texts).evidence == report.evidence
    known = {e.evidence_id for e in report.evidence}
    for h in report.hypotheses:
        assert {*h.supports, *h.refutes} <= known
        assert all(c in {e.citation for e in report.evidence} for c in h.citations) or h in base.report.hypotheses
    assert report.claims == base.report.claims
    assert report.timeline == base.report.timeline
    assert report.verdict == base.report.verdict
    dumped = report.model_dump_json()
    assert "db99" not in dumped
    assert "4711" not in dumped
    assert "x.example" not in dumped
    assert "\\u001b" not in dumped
