"""What is not in the text is no fact."""

import pytest
from tests.unit.reason.faults import FAULTS
from tests.unit.reason.scene import context, judged

from faultmaven_events.consumers.reason.verify import genuine, rate, verify
from faultmaven_events.schemas.report import Claim, IncidentReport

NAME = "the disk is full after verbose logging was switched on"


def made() -> tuple[IncidentReport, dict[object, str]]:
    scene = FAULTS[NAME][0]()
    prepared = scene.insights()
    return judged(scene.question, prepared), dict(context(prepared).texts)


def test_every_citation_of_an_offline_report_is_in_the_text() -> None:
    report, _ = made()
    assert rate(report) == 1
    assert all(claim.verified for claim in report.claims if claim.kind == "fact")
    assert any(claim.kind == "fact" for claim in report.claims)


@pytest.mark.parametrize("change", [{"quote": "made up"}, {"line_end": 100_000}, {"quote_sha256": "0" * 64}])
def test_a_changed_citation_is_not_genuine(change: dict[str, object]) -> None:
    report, texts = made()
    citation = report.evidence[0].citation
    lines = {key: text.split("\n") for key, text in texts.items()}
    assert genuine(citation, lines)  # type: ignore[arg-type]  # ids are keys
    assert not genuine(citation.model_copy(update=change), lines)  # type: ignore[arg-type]  # ids are keys


def test_a_number_that_is_not_there_makes_a_fact_an_assumption() -> None:
    report, texts = made()
    good = report.evidence[0]
    lie = Claim(text="It failed 98765 times", kind="fact", evidence_refs=(good.evidence_id,), verified=True)
    bare = Claim(text="It failed", kind="fact", evidence_refs=("E999",), verified=True)
    checked = verify(report.model_copy(update={"claims": (lie, bare)}), texts)  # type: ignore[arg-type]  # ids are keys
    assert [claim.kind for claim in checked.claims] == ["assumption", "assumption"]
    assert not any(claim.verified for claim in checked.claims)
    assert "It failed 98765 times" in checked.assumptions


def test_a_forged_citation_leaves_its_hypothesis() -> None:
    report, texts = made()
    first = report.hypotheses[0]
    forged = first.citations[0].model_copy(update={"quote": "the moon is full"})
    checked = verify(report.model_copy(update={"hypotheses": (first.model_copy(update={"citations": (forged,)}),)}), texts)  # type: ignore[arg-type]  # ids are keys
    assert checked.hypotheses[0].citations == ()
    assert checked.hypotheses[0].status == "inconclusive"


def test_texts_that_are_gone_leave_nothing_verified() -> None:
    report, _ = made()
    checked = verify(report, {})
    assert rate(checked) == 0
    assert not any(claim.verified for claim in checked.claims)
    assert all(link.assumed for link in (checked.root_cause.causal_chain if checked.root_cause else ()))
