"""An answer without a model: out of the report's fields, with the lines it rests on, the same for the same question."""

import re

import pytest
from tests.unit.conversation.reports import JOB, report
from tests.unit.conversation.test_asking import FOLLOW_UPS

from faultmaven_events.consumers.reason.conversation.asking import _words, asking
from faultmaven_events.consumers.reason.conversation.offline import TELLS, TELLS_OF, offline
from faultmaven_events.schemas.report import Confidence, IncidentReport

_FIGURE = re.compile(r"\d+(?:[.,:]\d+)*")


def text(question: str, about: IncidentReport | None = None) -> str:
    return offline(about or report(), question, JOB).text


def test_every_intent_has_an_answer_and_every_answer_an_intent() -> None:
    assert {intent.name for intent in _words().intents} == TELLS.keys() | TELLS_OF.keys()


def test_the_cause_is_told_with_its_change_and_its_lines() -> None:
    answer = offline(report(), "Why?", JOB)
    assert answer.text.startswith("The connection pool of payments-api is exhausted. [E1, E2]\nTrigger: 2026-03-04T10:01:00Z deploy")
    assert "payments-api.log:2 10:01:03 ERROR payments-api: connection pool exhausted" in answer.text
    assert (answer.about, answer.evidence_refs, answer.follows, answer.answered_by) == (("cause",), ("E1", "E2"), JOB, "offline")


def test_why_not_names_what_speaks_against_it() -> None:
    assert "no query of it took longer than before" in text("Why not postgresql?")
    assert "nginx is among what shows no errors." in text("Why not nginx?")
    assert "they happen every night" in text("Why not nginx?")


def test_how_to_fix_comes_with_commands_risk_way_back_and_check() -> None:
    said = text("How do I fix it?")
    for part in (
        "Set max_connections back to 40.",
        "`kubectl rollout undo deployment/payments-api`",
        "Requests in flight",
        "once more",
        "ten minutes",
    ):
        assert part in said
    assert "Alert on the share" not in said
    assert "Alert on the share" in text("How do we prevent it next time?")


def test_when_and_whether_it_is_over_come_from_the_fields() -> None:
    assert "The cause began at 2026-03-04T10:01:00Z." in text("When did it start?")
    assert "It was felt from 2026-03-04T10:01:03Z; the last good moment in the evidence is 2026-03-04T10:00:59Z." in text(
        "When did it start?"
    )
    assert "still going on" in text("Is it over?")
    assert "8 min 57 s" in text("How long did it last?")


def test_a_line_is_told_with_its_place() -> None:
    said = text("Which line of payments-api.log shows it?")
    assert "payments-api.log:2: 10:01:03 ERROR" in said
    assert "changes.log" not in said


@pytest.mark.parametrize("question", FOLLOW_UPS)
def test_every_number_of_an_answer_stands_in_the_report(question: str) -> None:
    known = report().model_dump_json() + " 2026-03-04 10:01:00 10:00:59 10:01:03 10:10:00"
    figures = set(_FIGURE.findall(known.replace("T", " "))) | {
        "91",
        "85",
        "6",
        "8",
        "57",
        "3",
        "2",
        "1",
    }  # shares as per cent, a length, counts
    assert {
        figure for figure in _FIGURE.findall(text(question).replace("T", " ")) if figure not in figures and not known.count(figure)
    } == set()


@pytest.mark.parametrize("question", FOLLOW_UPS)
def test_only_verified_evidence_is_cited(question: str) -> None:
    doubted = tuple(one.model_copy(update={"integrity": "unverified"}) for one in report().evidence)
    answer = offline(report(evidence=doubted), question, JOB)
    assert answer.evidence_refs == ()
    assert "[E" not in answer.text


@pytest.mark.parametrize("question", FOLLOW_UPS)
def test_the_same_question_has_the_same_bytes(question: str) -> None:
    assert offline(report(), question, JOB).model_dump_json() == offline(report(), question, JOB).model_dump_json()


@pytest.mark.parametrize("question", FOLLOW_UPS)
def test_a_report_with_nothing_in_it_still_has_an_answer(question: str) -> None:
    bare = report(
        verdict="insufficient_evidence",
        headline="The evidence does not show what is wrong.",
        hypotheses=(),
        root_cause=None,
        timeline=(),
        trigger=None,
        evidence=(),
        claims=(),
        missing_evidence=(),
        recommendations=(),
        confidence=Confidence(score=0, band="low", basis="nothing", independent_evidence=0, contradictions=0, coverage=0, margin=0),
        problem_statement={"symptom": "unknown"},
        blast_radius={},
    )
    assert len(offline(bare, question, JOB).text) > 20


def test_what_the_report_does_not_tell_is_said_with_what_it_can() -> None:
    said = text("Which of our offices is nearest?")
    assert said.startswith("The report does not tell that.")
    assert "starts an investigation" in said


def test_a_report_of_any_size_gives_an_answer_within_the_limit() -> None:
    huge = report(timeline=report().timeline * 500, claims=report().claims * 500, recommendations=report().recommendations * 300)
    for question in FOLLOW_UPS:
        assert len(offline(huge, question, JOB).text) <= 8000
    assert asking("How do I fix it?", huge) is not None
