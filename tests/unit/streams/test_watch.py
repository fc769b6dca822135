"""What `faultmaven watch` shows a person, and a program."""

import io
import json
from typing import Any

import pytest

from faultmaven_events.cli.api import Told
from faultmaven_events.cli.watch import DRAFT, VOID, Lines, Screen, visible

JOB = {
    "id": "01972c3e-8f1a-7c55-9d3a-4f0f6a1b2c3d",
    "tenant": "acme",
    "user": "u",
    "kind": "troubleshoot",
    "status": "running",
    "stage": "reason",
    "progress": 0.8,
    "created_at": "2026-01-01T00:00:00Z",
    "updated_at": "2026-01-01T00:00:00Z",
    "correlation_id": "c",
    "version": 3,
}
PHASE = {"phase": "blast_radius", "number": 1, "summary": "2 components fail", "ended_at": "2026-01-01T00:00:00Z"}
ANSWER = {
    "verdict": "likely",
    "headline": "The pool was full",
    "summary": "Orders waited.",
    "confidence": {"score": 0.8},
    "reasoner": "offline",
}


def shown(*told: tuple[str, dict[str, Any]]) -> tuple[str, Screen]:
    out = io.StringIO()
    screen = Screen(out)
    for kind, data in told:
        screen.show(Told(kind, "1.0.0-0", data))
    return out.getvalue(), screen


def test_a_person_sees_states_phases_text_and_the_answer() -> None:
    end = {"status": "completed", "error": None}
    text, screen = shown(
        ("job", JOB), ("job", {**JOB, "version": 4}), ("phase", PHASE), ("text", {"text": "The pool "}), ("answer", ANSWER), ("end", end)
    )
    assert text.splitlines() == [
        f"troubleshoot {JOB['id']} running in reason",
        "  1/6 blast radius 2 components fail",
        DRAFT,
        "The pool ",
        "",
        "The pool was full",
        "likely, confidence 0.80; written by offline",
        "",
        "Orders waited.",
        "completed",
    ]
    assert screen.completed


def test_an_answer_that_stands_above_is_not_printed_again() -> None:
    text, _ = shown(("text", {"text": "At 14:00."}), ("answer", {**ANSWER, "answer": {"text": "At 14:00."}}))
    assert text.count("At 14:00.") == 1
    assert "above" in text.splitlines()[-1]
    text, _ = shown(("text", {"text": "At 15:00."}), ("reset", {}), ("answer", {**ANSWER, "answer": {"text": "At 14:00."}}))
    assert VOID in text
    assert text.splitlines()[-1] == "At 14:00."


def test_a_job_that_failed_says_why_and_is_not_completed() -> None:
    text, screen = shown(("end", {"status": "failed", "error": {"stage": "reason", "message": "no provider", "code": "x"}}))
    assert text == "failed: reason: no provider\n"
    assert not screen.completed


def test_what_a_later_version_tells_is_left_out() -> None:
    assert shown(("picture", {"x": 1}))[0] == ""


@pytest.mark.parametrize("steering", ["\x1b[2J", "\x1b]0;title\x07", "\r", "\x9b", "\u202e", "\u200b", "\x00"])
def test_evidence_does_not_steer_the_terminal(steering: str) -> None:
    text, _ = shown(
        ("text", {"text": f"a{steering}b"}),
        ("phase", {**PHASE, "summary": f"a{steering}b"}),
        ("answer", {**ANSWER, "summary": f"a{steering}b"}),
    )
    assert steering not in text
    assert visible(f"a{steering}\n\tb").endswith("\n\tb")


def test_a_program_gets_one_object_a_line() -> None:
    out = io.StringIO()
    lines = Lines(out)
    for kind, data in (("text", {"text": "a\nb\u2028"}), ("end", {"status": "completed", "error": None})):
        lines.show(Told(kind, "1.0.0-0", data))
    assert [json.loads(line)["type"] for line in out.getvalue().split("\n") if line] == ["text", "end"]
    assert lines.completed
