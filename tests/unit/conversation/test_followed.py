"""A follow-up is the earlier report with an answer, verified again; an investigation knows what was found before."""

from dataclasses import replace
from uuid import UUID

import pytest
from tests.unit.conversation.reports import BEGIN, DIFF, JOB, LOG, TEXTS, numbered, report

from faultmaven_events.consumers.reason.context import Context
from faultmaven_events.consumers.reason.conversation.answer import Answered
from faultmaven_events.consumers.reason.conversation.followed import is_follow_up, remembered, with_answer
from faultmaven_events.consumers.reason.conversation.offline import offline
from faultmaven_events.consumers.reason.conversation.turns import Conversation, Turn, conversation
from faultmaven_events.schemas.report import IncidentReport

SECOND = UUID(int=2)
CONTEXT = Context(job_id=SECOND, tenant="t1", correlation_id="c2", created_at=BEGIN, case_id="INC-1", pipeline_version="9")
TALK = conversation([Turn(JOB, BEGIN, "completed", (LOG, DIFF), report())])


def followed(question: str = "Why?", texts: dict[UUID, str] = TEXTS) -> IncidentReport:
    return with_answer(Answered(offline(report(), question, JOB)), TALK, question, CONTEXT, texts)


def test_a_question_about_the_report_without_new_evidence_is_a_follow_up() -> None:
    assert is_follow_up("Why?", (), TALK)
    assert is_follow_up("Why?", (LOG, DIFF), TALK)


@pytest.mark.parametrize(
    ("question", "evidence", "talk"),
    [
        ("Why?", (LOG, numbered(7)), TALK),
        ("Why is redis down?", (), TALK),
        ("Why?", (), Conversation()),
        ("Why?", (), conversation([Turn(SECOND, BEGIN, "failed", (LOG,)), *TALK.turns])),
    ],
    ids=["new evidence", "another thing", "nothing before", "the last one failed"],
)
def test_everything_else_is_an_investigation(question: str, evidence: tuple[UUID, ...], talk: Conversation) -> None:
    assert not is_follow_up(question, evidence, talk)


def test_a_follow_up_has_its_own_job_and_question_and_the_earlier_findings() -> None:
    made = followed()
    assert (made.job_id, made.question, made.case_id, made.correlation_id, made.pipeline_version) == (SECOND, "Why?", "INC-1", "c2", "9")
    assert (made.headline, made.hypotheses, made.verdict) == (report().headline, report().hypotheses, report().verdict)
    assert made.answer is not None
    assert made.answer.follows == JOB
    assert made.conversation is not None
    assert made.conversation.jobs == (JOB,)
    assert made.digest != report().digest
    assert IncidentReport.model_validate_json(made.model_dump_json()) == made


def test_what_was_sent_to_a_model_is_said_also_when_its_answer_did_not_hold() -> None:
    made = with_answer(Answered(offline(report(), "Why?", JOB), ("it lied",), "openai/tiny"), TALK, "Why?", CONTEXT, TEXTS)
    assert "Verified facts of the report were sent to openai/tiny." in made.security_notes
    assert made.degraded == ("it lied",)
    assert made.prompt_version is not None
    assert followed().security_notes == ()


def test_the_lines_of_an_answer_are_claims_that_were_verified() -> None:
    claims = [claim for claim in followed().claims if claim.kind == "fact"]
    assert {claim.evidence_refs[0] for claim in claims} == {"E1", "E2"}
    assert all(claim.verified for claim in claims)


def test_lines_whose_file_is_gone_are_said_to_be() -> None:
    made = followed(texts={LOG: TEXTS[LOG]})
    assert "Lines of the answer could not be read again, because their file is gone: E1." in made.limitations
    assert {one.evidence_id for one in made.evidence if one.integrity == "verified"} == {"E2", "E3"}


def test_a_line_that_was_changed_since_is_verified_no_more() -> None:
    made = followed(texts={**TEXTS, DIFF: "2026-03-04T10:01:00Z nothing happened\n"})
    assert any("E1" in note for note in made.limitations)
    assert all("E1" not in claim.evidence_refs for claim in made.claims if claim.verified)


def test_an_investigation_names_what_was_found_before_and_whether_it_agrees() -> None:
    agreeing = remembered(report(job_id=SECOND), TALK)
    assert any(
        "confirmed: The connection pool of payments-api is exhausted. This report comes to the same" in n for n in agreeing.limitations
    )
    other = report().hypotheses[1]
    differing = remembered(report(job_id=SECOND, hypotheses=(other,)), TALK)
    assert any("This report differs: postgresql (dependency) rather than payments-api (config)." in note for note in differing.limitations)
    assert differing.conversation is not None
    assert differing.conversation.messages == 2


def test_a_question_without_a_conversation_is_as_it_was() -> None:
    assert remembered(report(), Conversation()) == report()


def test_what_was_left_out_is_said() -> None:
    short = replace(TALK, trimmed=4, notes=("one is unknown",))
    notes = remembered(report(), short).limitations
    assert "one is unknown" in notes
    assert any("The 4 oldest messages" in note for note in notes)
    assert any(
        "The 4 oldest messages" in note
        for note in with_answer(Answered(offline(report(), "Why?", JOB)), short, "Why?", CONTEXT, TEXTS).limitations
    )
