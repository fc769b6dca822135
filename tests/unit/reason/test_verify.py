"""What is not in the text is no fact."""

from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.reason.faults import FAULTS
from tests.unit.reason.scene import context, judged

from faultmaven_events.consumers.reason.reread import Reader
from faultmaven_events.consumers.reason.verify import genuine, rate, verify
from faultmaven_events.schemas.insight import Citation
from faultmaven_events.schemas.report import Claim, IncidentReport, Link, Moment, Recommendation, RootCause

NAME = "the disk is full after verbose logging was switched on"
Texts = dict[UUID, str]


@cache
def written() -> tuple[IncidentReport, tuple[tuple[UUID, str], ...]]:
    scene = FAULTS[NAME][0]()
    prepared = scene.insights()
    return judged(scene.question, prepared), tuple(context(prepared).texts.items())


def made() -> tuple[IncidentReport, Texts]:
    report, texts = written()
    return report, dict(texts)


def rooted() -> tuple[IncidentReport, Texts, RootCause]:
    report, texts = made()
    assert report.root_cause is not None
    return report, texts, report.root_cause


def counted(report: IncidentReport) -> dict[str, int]:
    found: dict[str, int] = report.provenance["verification"]
    return found


def test_every_citation_of_an_offline_report_is_in_the_text() -> None:
    report, _ = made()
    assert rate(report) == 1
    assert all(claim.verified for claim in report.claims)
    assert any(claim.kind == "fact" for claim in report.claims)
    counts = counted(report)
    assert counts["verified"] == counts["checked"] > 10
    assert counts["demoted"] == counts["dropped"] == 0


@pytest.mark.parametrize("name", sorted(FAULTS)[::4])
def test_offline_reports_say_nothing_that_stands_nowhere(name: str) -> None:
    report = FAULTS[name][0]().report()
    assert not [note for note in report.limitations if "stands in none" in note]
    assert counted(report)["dropped"] == counted(report)["demoted"] == 0


def test_verifying_twice_is_verifying_once() -> None:
    report, texts = made()
    lie = Claim(text="It failed 98765 times", kind="fact", evidence_refs=(report.evidence[0].evidence_id,), verified=True)
    once = verify(report.model_copy(update={"claims": (*report.claims, lie)}), texts)
    twice = verify(once, texts)
    assert twice.model_dump(exclude={"provenance"}) == once.model_dump(exclude={"provenance"})
    assert counted(twice)["demoted"] == counted(once)["demoted"] == 1


@pytest.mark.parametrize("change", [{"quote": "made up"}, {"line_end": 100_000}, {"quote_sha256": "0" * 64}, {"evidence_id": uuid4()}])
def test_a_changed_citation_is_not_genuine(change: dict[str, object]) -> None:
    report, texts = made()
    citation = report.evidence[0].citation
    lines = {key: text.split("\n") for key, text in texts.items()}
    assert genuine(citation, lines)
    assert not genuine(citation.model_copy(update=change), lines)


def test_a_number_that_is_not_there_makes_a_fact_an_assumption() -> None:
    report, texts = made()
    good = report.evidence[0]
    lie = Claim(text="It failed 98765 times", kind="fact", evidence_refs=(good.evidence_id,), verified=True)
    bare = Claim(text="It failed", kind="fact", evidence_refs=("E999",), verified=True)
    checked = verify(report.model_copy(update={"claims": (lie, bare)}), texts)
    assert [claim.kind for claim in checked.claims] == ["assumption", "assumption"]
    assert not any(claim.verified for claim in checked.claims)
    assert "It failed 98765 times" in checked.assumptions


@pytest.mark.parametrize(
    "text",
    [
        "It began at 2031-01-02T03:04:05Z",
        'The log says "everything was deleted by hand"',
        "The log says `drop database customers`",
        "It failed 98,765 times",
        "Version 9.8.7 was rolled out",
    ],
)
def test_a_time_or_quote_that_is_not_there_makes_a_fact_an_assumption(text: str) -> None:
    report, texts = made()
    lie = Claim(text=text, kind="fact", evidence_refs=(report.evidence[0].evidence_id,), verified=True)
    (claim,) = verify(report.model_copy(update={"claims": (lie,)}), texts).claims
    assert (claim.kind, claim.verified) == ("assumption", False)


def test_a_sentence_that_its_line_does_not_carry_is_a_conclusion_at_most() -> None:
    report, texts = made()
    lie = Claim(text="Somebody unplugged cables inside another building", kind="fact", evidence_refs=(report.evidence[0].evidence_id,))
    (claim,) = verify(report.model_copy(update={"claims": (lie,)}), texts).claims
    assert (claim.kind, claim.verified) == ("inference", False)


def test_a_part_of_a_number_is_not_the_number() -> None:
    report, texts = made()
    line = next(e for e in report.evidence if "10:0" in e.citation.quote)
    part = line.citation.quote[:3]  # of the year
    lie = Claim(text=f"It failed {part} times", kind="fact", evidence_refs=(line.evidence_id,), verified=True)
    (claim,) = verify(report.model_copy(update={"claims": (lie,)}), texts).claims
    assert part.isdigit()
    assert not claim.verified


def test_a_forged_citation_leaves_its_hypothesis() -> None:
    report, texts = made()
    first = report.hypotheses[0]
    forged = first.citations[0].model_copy(update={"quote": "the moon is full"})
    changed = first.model_copy(update={"citations": (forged,), "supports": ()})
    checked = verify(report.model_copy(update={"hypotheses": (changed, *report.hypotheses[1:])}), texts)
    assert checked.hypotheses[0].citations == ()
    assert checked.hypotheses[0].status == "inconclusive"
    assert checked.verdict == "inconclusive"
    assert checked.root_cause is None
    assert not any(r.commands for r in checked.recommendations if r.hypothesis_id == first.id)


def test_a_models_figure_that_stands_nowhere_is_named_and_its_hypothesis_not_sure() -> None:
    report, texts = made()
    own = report.hypotheses[0].model_copy(
        update={"id": "M1", "origin": "acme/large", "statement": "4711 disks burnt down", "status": "validated"}
    )
    checked = verify(report.model_copy(update={"hypotheses": (*report.hypotheses, own)}), texts)
    assert checked.hypotheses[-1].status == "inconclusive"
    assert any("M1" in note and "4711" in note for note in checked.limitations)


def test_a_headline_with_a_figure_of_its_own_is_replaced() -> None:
    report, texts = made()
    checked = verify(report.model_copy(update={"headline": "All 123456 disks burnt down"}), texts)
    assert "123456" not in checked.headline
    assert report.hypotheses[0].component in checked.headline


def test_a_moment_at_another_time_than_its_line_is_dropped() -> None:
    report, texts = made()
    moment = next(m for m in report.timeline if m.evidence_refs and m.clock_note is None and m.kind == "change")
    moved = moment.model_copy(update={"at": moment.at + timedelta(hours=3, minutes=7)})
    forged = moment.model_copy(update={"evidence_refs": ("E999",)})
    assert verify(report.model_copy(update={"timeline": (moment,)}), texts).timeline == (moment,)
    assert verify(report.model_copy(update={"timeline": (moved, forged)}), texts).timeline == ()


def test_a_name_that_stands_for_two_lines_stands_for_none() -> None:
    report, texts = made()
    one, two = report.evidence[:2]
    checked = verify(report.model_copy(update={"evidence": (one, two.model_copy(update={"evidence_id": one.evidence_id}))}), texts)
    assert [e.integrity for e in checked.evidence] == ["unverified", "unverified"]


def test_a_root_cause_of_no_hypothesis_goes_and_its_words_are_the_hypothesis_own() -> None:
    report, texts, root = rooted()
    assert verify(report.model_copy(update={"root_cause": root.model_copy(update={"hypothesis_id": "H77"})}), texts).root_cause is None
    lying = root.model_copy(update={"statement": "Aliens", "causal_chain": (Link(cause="a", effect="b", evidence_refs=("E999",)),)})
    checked = verify(report.model_copy(update={"root_cause": lying}), texts).root_cause
    assert checked is not None
    assert checked.statement == report.hypotheses[0].statement
    assert checked.causal_chain[0].assumed


def test_texts_that_are_gone_leave_nothing_verified_and_nothing_dropped() -> None:
    report, _ = made()
    checked = verify(report, {})
    assert rate(checked) == 0
    assert not any(claim.verified for claim in checked.claims)
    assert all(link.assumed for link in (checked.root_cause.causal_chain if checked.root_cause else ()))
    assert len(checked.timeline) == len(report.timeline)
    assert checked.verdict != "confirmed"


Mutation = Callable[[Citation], dict[str, Any]]
MUTATIONS: tuple[Mutation, ...] = (
    lambda c: {"quote": c.quote[1:] + "x"},
    lambda c: {"quote_sha256": c.quote_sha256[::-1]},
    lambda c: {"line_start": c.line_start + 1, "line_end": c.line_end + 1},
    lambda c: {"line_end": c.line_end + 10**7},
    lambda c: {"evidence_id": UUID(int=7)},
)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_mutation_of_a_report_keeps_a_mark_that_it_does_not_deserve(data: st.DataObject) -> None:
    report, texts = made()
    number = st.integers(10**6, 10**7)

    def bent(citation: Citation) -> Citation:
        change = data.draw(st.none() | st.sampled_from(MUTATIONS))
        return citation.model_copy(update=change(citation)) if change else citation

    names = st.sampled_from([*(e.evidence_id for e in report.evidence), "E999", ""])
    evidence = tuple(
        e.model_copy(
            update={"citation": bent(e.citation), "integrity": "verified", "evidence_id": data.draw(st.just(e.evidence_id) | names)}
        )
        for e in report.evidence
    )
    claims = tuple(
        c.model_copy(
            update={
                "text": c.text + (f" ({data.draw(number)} times)" if data.draw(st.booleans()) else ""),
                "evidence_refs": data.draw(st.just(c.evidence_refs) | st.lists(names, max_size=2).map(tuple)),
                "verified": True,
            }
        )
        for c in report.claims
    )
    hypotheses = tuple(h.model_copy(update={"citations": tuple(map(bent, h.citations)), "status": "validated"}) for h in report.hypotheses)
    hostile = report.model_copy(update={"evidence": evidence, "claims": claims, "hypotheses": hypotheses, "verdict": "confirmed"})
    checked = verify(hostile, texts)

    reader = Reader(texts)
    good = {e.evidence_id: e.citation for e in checked.evidence if e.integrity == "verified"}
    assert all(reader.standing(citation) == "verified" for citation in good.values())
    assert sum(1 for e in checked.evidence if e.integrity == "verified") == len(good)
    for claim in checked.claims:
        assert set(claim.evidence_refs) <= good.keys()
        if claim.verified:
            assert claim.evidence_refs
            assert " times)" not in claim.text or claim.text in {c.text for c in report.claims}
    for hypothesis in checked.hypotheses:
        assert all(reader.standing(c) == "verified" for c in hypothesis.citations)
        assert hypothesis.status != "validated" or hypothesis.citations or hypothesis.supports
    first = checked.hypotheses[0]
    assert checked.verdict != "confirmed" or first.citations or first.supports
    for moment in checked.timeline:
        assert set(moment.evidence_refs) <= good.keys()
    for link in checked.root_cause.causal_chain if checked.root_cause else ():
        assert link.assumed or set(link.evidence_refs) <= good.keys() != set()


@pytest.mark.parametrize("text", ["", "\x00", "(" * 5000, "9" * 5000, "'" * 3000, '"' * 3001, "1,1" * 3000, "2026-01-01T" * 500])
def test_a_hostile_sentence_is_read_to_its_end(text: str) -> None:
    report, texts = made()
    claim = Claim(text=text, kind="fact", evidence_refs=(report.evidence[0].evidence_id,))
    moment = Moment(at=report.created_at, kind="action", text=text)
    advice = Recommendation(type="fix", action=text, commands=(text,), hypothesis_id="H77")
    hostile = report.model_copy(update={"claims": (claim,), "headline": text, "timeline": (moment,), "recommendations": (advice,)})
    checked = verify(hostile, texts)
    assert checked.recommendations[0].commands == ()
