"""An investigation tells its six phases, and the report does not depend on being watched."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from tests.unit.reason.faults import FAULTS, shop
from tests.unit.reason.scene import Scene, context

from faultmaven_events.consumers.process.merge import merge
from faultmaven_events.consumers.reason.offline.reasoner import reason
from faultmaven_events.consumers.reason.phases import Diary, Step
from faultmaven_events.schemas.insight import MergedInsights
from faultmaven_events.schemas.knowledge import SearchResult
from faultmaven_events.schemas.phase import PHASES, Progressed
from faultmaven_events.schemas.report import IncidentReport

DNS = "a DNS record was removed in a cleanup"
NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


def watched(scene: Scene, diary: Diary) -> IncidentReport:
    prepared = scene.insights()
    return reason(merge(scene.question, [i for i, _ in prepared]), SearchResult(model="none"), context(prepared), diary)


def diary() -> Diary:
    seconds, times = count(0.0, 0.25), count()
    return Diary(now=lambda: NOW + timedelta(seconds=next(times)), clock=lambda: next(seconds))


def test_the_six_phases_are_told_in_their_order_with_what_they_found() -> None:
    book = diary()
    report = watched(FAULTS[DNS][0](), book)
    told = {entry.phase: entry for entry in book.entries}
    assert tuple(entry.phase for entry in book.entries) == PHASES
    assert [entry.number for entry in book.entries] == [1, 2, 3, 4, 5, 6]
    assert all(entry.ran_ms == 250 and entry.summary for entry in book.entries)
    assert told["timeline"].found["onset"]
    assert told["knowledge"].summary == "No runbook or document fits."
    assert told["hypotheses"].found["component"] == report.hypotheses[0].component
    assert told["validation"].found["verdict"] == report.verdict
    assert told["solution"].found["recommendations"] == len(report.recommendations) > 0


def test_the_report_has_the_same_bytes_watched_or_not_and_however_long_it_took() -> None:
    scene = FAULTS[DNS][0]()
    assert watched(scene, diary()).model_dump_json() == watched(scene, Diary()).model_dump_json() == scene.report().model_dump_json()


def test_what_was_found_is_the_same_every_time() -> None:
    books = [Diary(), Diary()]
    for book in books:
        watched(FAULTS[DNS][0](), book)
    first, second = ([(e.phase, e.found, e.summary) for e in book.entries] for book in books)
    assert first == second


@pytest.mark.parametrize("files", [{}, {"empty.log": ""}, {"x.bin": "\x00\x01\x02" * 400}, {"one.log": "done"}])
def test_every_phase_is_told_where_there_is_nothing_to_find(files: dict[str, str]) -> None:
    scene, book = Scene(), Diary()
    for name, text in files.items():
        scene.text(name, text)
    report = watched(scene, book) if files else reason(MergedInsights(question="?"), SearchResult(model="none"), context([]), book)
    assert tuple(entry.phase for entry in book.entries) == PHASES
    assert report.verdict == "insufficient_evidence"


def test_a_summary_is_bounded_whatever_the_evidence_is_called() -> None:
    scene, book = shop("Why?"), Diary()
    scene.change("deploy.log", 60, f"deploybot: {'x' * 5000} 1.0.0 -> 1.0.1 rollout finished")
    scene.app("y" * 3000, "error", "connection refused to " + "z" * 3000, range(60, 100))
    watched(scene, book)
    assert all(len(entry.summary) <= 400 and "\n" not in entry.summary for entry in book.entries)


def test_a_phase_survives_its_way_through_json() -> None:
    book = diary()
    book(Step("timeline", {"onset": None, "changes": 3}, "x" * 900))
    (entry,) = book.entries
    assert Progressed.model_validate_json(entry.model_dump_json()) == entry
    assert len(entry.summary) == 400
