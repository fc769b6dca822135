from datetime import UTC, datetime
from uuid import UUID

import pytest

from faultmaven_events.consumers.process.summary import LIMIT, summary
from faultmaven_events.schemas.evidence import Classification, EvidenceType
from faultmaven_events.schemas.insight import Fact, Insights

START = datetime(2026, 1, 5, 10, tzinfo=UTC)


def insights(*facts: tuple[str, str], of: EvidenceType = "config", end: datetime = START) -> Insights:
    return Insights(
        evidence_id=UUID(int=1),
        file="x",
        classification=Classification(type=of, format="text", confidence=1, reason="given by the test"),
        lines=1200,
        start=START,
        end=end,
        facts=tuple(Fact(id=f"{kind}-{number}", kind=kind, text=text, count=number) for number, (kind, text) in enumerate(facts)),
    )


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (START, "2026-01-05 10:00:00 UTC"),
        (START.replace(hour=12), "2026-01-05 10:00:00 to 12:00:00 UTC"),
        (START.replace(day=7), "2026-01-05 10:00:00 to 2026-01-07 10:00:00 UTC"),
    ],
)
def test_the_day_of_the_end_is_told_when_it_is_another(end: datetime, said: str) -> None:
    assert summary(insights(end=end)) == f"1,200 lines (config, {said}). Nothing stands out."


def test_kinds_are_counted_in_words_and_in_the_order_of_their_weight() -> None:
    text = summary(insights(("row", "a"), ("http_errors", "b"), ("row", "c")))
    assert "Found: 1 failing route, 2 notable lines." in text


def test_facts_in_order_of_weight_are_told_in_that_order_but_for_minor_ones() -> None:
    assert summary(insights(("setting", "a"), ("config_finding", "b"), ("limit", "c"))).endswith("b. c.")


def test_what_happened_in_a_log_is_told_by_kind_and_count() -> None:
    assert summary(insights(("warning", "a"), ("error", "b"), ("error", "c"), of="log")).endswith("c. b.")


def test_the_same_is_not_told_twice() -> None:
    text = summary(insights(("limit", "Limit: too many clients already"), ("error", "too many clients already"), ("change", "d"), of="log"))
    assert text.endswith("Limit: too many clients already. d.")


def test_a_document_is_told_by_title_and_outline() -> None:
    assert summary(insights(("title", "Run it"), ("outline", "2 headings"), of="document")).endswith("UTC). Run it. 2 headings.")


def test_a_summary_is_bounded() -> None:
    assert len(summary(insights(*((f"kind{number}", "x" * 600) for number in range(50))))) < LIMIT
