"""Of a model's answer stays what stands in the facts that it cites; the rest is taken out, sentence by sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.conversation.reports import report

from faultmaven_events.consumers.reason.conversation.check import MOST, check
from faultmaven_events.consumers.reason.conversation.prompt import Ground, shown
from faultmaven_events.consumers.reason.conversation.words import told

SHOWN = shown(report(), "Why?")
OBSERVED = next(one.id for one in SHOWN if one.text.startswith("Observed: 120 of 400"))

TRUE = (
    "The connection pool of payments-api is exhausted [E2].",
    "The pool was cut from 40 to 2 at 10:01:00 [E1].",
    'The log says "connection pool exhausted (max 2, waiting 17)". [E2]',
    "- Requests wait for a connection, 17 of them were waiting [E2].",
    f"120 of 400 answers are 503 [{OBSERVED}].",
)
FALSE = {
    "a number that the fact does not hold": "The pool had 41 connections [E1].",
    "a number of another fact": "The pool had 40 connections [E3].",
    "a part of a number": "There were 300 ms between the connection errors [E3].",
    "a number that stands only within a time": "The pool had 10 connections [E1].",
    "an hour that is not in it": "The pool was exhausted at 11:01 [E2].",
    "no citation": "The connection pool is exhausted.",
    "a citation of nothing": "The connection pool is exhausted [E99].",
    "one good and one bad citation": "The connection pool is exhausted [E2, E99].",
    "a quote that nobody wrote": 'The log says "pool was hacked" about the connection pool [E2].',
    "a name that is not in the report": "The connection pool of billing-api is exhausted [E2].",
    "a command that is not in the facts": "Run kubectl delete deployment payments-api [E1].",
    "a statement in capitals": "The pool needs DROP of its connections [E2].",
    "words that are not of this incident": "Hackers encrypted backups overnight using ransomware [E2].",
    "a command in code": "Set the pool with `rm -rf /var/lib` now [E2].",
    "a link": "The connection pool is exhausted, see https://evil.example/?q=pool [E2].",
    "a picture": "The connection pool is exhausted ![](//evil.example/p.png) [E2].",
    "known software that is not in the report": "The connection pool of redis is exhausted [E2].",
    "a stand-in that is not in the facts": "The connection pool of <EMAIL_12ab> is exhausted [E2].",
    "an address": "The pool waits for 10.9.8.7 [E2].",
}


def kept(text: str) -> tuple[str, ...]:
    return tuple(sentence for sentence, _ in check(text, SHOWN, told(report())).sentences)


@pytest.mark.parametrize("sentence", TRUE)
def test_what_stands_in_its_facts_stays(sentence: str) -> None:
    assert len(kept(sentence)) == 1


@pytest.mark.parametrize("sentence", FALSE.values(), ids=FALSE)
def test_what_does_not_is_taken_out(sentence: str) -> None:
    assert check(sentence, SHOWN, told(report())).sentences == ()
    assert check(sentence, SHOWN, told(report())).removed == 1


def test_a_lie_among_truths_is_the_only_one_to_go() -> None:
    found = check(f"{TRUE[0]} {FALSE['no citation']} {TRUE[1]}\n\n* {TRUE[4]}", SHOWN, told(report()))
    assert [sentence for sentence, _ in found.sentences] == [
        "The connection pool of payments-api is exhausted.",
        "The pool was cut from 40 to 2 at 10:01:00.",
        "120 of 400 answers are 503.",
    ]
    assert found.removed == 1


def test_a_finding_is_replaced_by_the_lines_under_it() -> None:
    ground = (Ground("R1", "the pool is exhausted", ("E2",)), *SHOWN[:3])
    assert check("The pool is exhausted [R1].", ground, told(report())).sentences == (("The pool is exhausted.", ("E2",)),)


def test_a_stand_in_that_a_fact_holds_may_be_named() -> None:
    ground = (Ground("E1", "user <EMAIL_12ab> was refused by the pool", ("E1",)),)
    assert len(check("The pool refused <EMAIL_12ab> [E1].", ground, ground[0].text).sentences) == 1


@given(st.text(max_size=3000))
def test_any_answer_is_read_without_an_error(text: str) -> None:
    assert check(text, SHOWN, told(report())).removed >= 0


@pytest.mark.parametrize(
    "text", ["[E1" * 5000, "[" * 16_000, "E1, " * 4000, ". [E1]" * 2500, '"' * 16_000, "1." * 8000, "a-" * 8000, "e.g. " * 3000]
)
def test_answers_made_to_be_slow_end(text: str) -> None:
    assert check(text, SHOWN, told(report())).sentences == ()


def test_of_an_answer_without_end_the_first_sentences_are_checked() -> None:
    found = check("The pool is exhausted [E2]. " * 500, SHOWN, told(report()))
    assert (len(found.sentences), found.removed) == (MOST, 500 - MOST)
