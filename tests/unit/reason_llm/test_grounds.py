"""A sentence of a model may hold no number, time, name or link that its facts do not hold."""

import time

import pytest

from faultmaven_events.consumers.reason.llm.grounds import Grounds, tidy

LINES = [
    "2026-03-04T10:01:22.500Z level=error svc=catalog-api active=30 waited=1,200ms upstream=10.40.1.11:8080",
    "connection pool exhausted, GET https://pay.example/v1 failed",
    '203.0.113.7 - - [04/Mar/2026:10:02:05 +0000] "GET /api/items/17 HTTP/1.1" 503 53',
    "max_connections = 30",
]
GROUNDS = Grounds.of(LINES, ["catalog-api", "E3"])

GOOD = [
    "The connection pool of catalog-api was exhausted: 30 connections were active.",
    "catalog-api waited 1200 ms for a connection at 10:01:22, after 10:01.",
    "From 2026-03-04T10:01:22Z on, requests to /api/items/17 got a 503.",
    "Its upstream 10.40.1.11 answered on 8080, as E3 shows.",
    "A long-running query held 2 connections, so one worker waited (out-of-memory was not seen).",
    "max_connections is 30, which is too low for the CPU and DNS load.",
    "GET https://pay.example/v1 failed.",
    "The HTTP pool has a read-only follower; its p95 rose.",
]
BAD = [
    ("The pool had 31 connections.", "number"),
    ("The pool had 300 connections.", "number"),
    ("It began at 10:03.", "number"),
    ("It began at 10:01:23.", "number"),
    ("It began on 2026-03-05.", "number"),
    ("At 2026-03-04T10:01:24Z it began.", "number"),
    ("The pool was 97% full.", "number"),
    ("The host db01 is down.", "name"),
    ("payments-api fails first.", "name"),
    ("The address 10.40.1.1 does not answer.", "number"),
    ("See /etc/passwd for it.", "name"),
    ("An OutOfMemoryError was thrown.", "name"),
    ("kafka lost its leader.", "name"),
    ("The redis cache was cold.", "name"),
    ("The node in Frankfurt is down.", "name"),
    ("Ask ops@example.com about it.", "name"),
    ("Details: https://evil.example/x?q=30", "link"),
    ("Look at [this](https://evil.example).", "link"),
    ("GET https://pay.example/v1?leak=active failed.", "link"),
    ("Look at www.evil.example", "link"),
    ("<img src=x onerror=alert(1)>", "markup"),
    ("\u0440ayments fail.", "name"),  # a Cyrillic letter
    ("\u6570\u636e\u5e93 is down", "name"),
    ("The token " + "AK" + "IA" + "Q3EXAMPLEKEY7ABC leaked.", "name"),
    ("The password is " + "correcthorse" * 3, "name"),
    ("The job id is 550e8400-e29b-41d4-a716-446655440000.", "number"),
]


@pytest.mark.parametrize("text", GOOD)
def test_what_stands_in_the_facts_may_be_said(text: str) -> None:
    assert GROUNDS.lacks(text) == ()


@pytest.mark.parametrize(("text", "lack"), BAD)
def test_what_does_not_stand_in_the_facts_is_found(text: str, lack: str) -> None:
    assert lack in GROUNDS.lacks(text)


def test_a_name_proves_no_number() -> None:
    assert Grounds.of(["the pool is full"], ["worker-17"]).lacks("worker-17 is full") == ()
    assert Grounds.of(["the pool is full"], ["worker-17"]).lacks("17 workers are full") == ("number",)


def test_another_name_of_known_software_is_the_same_software() -> None:
    assert Grounds.of(["postgres: too many clients"]).lacks("The PostgreSQL server has too many clients.") == ()


def test_a_longer_name_does_not_hold_a_shorter_one() -> None:
    assert Grounds.of(["db011 is full"]).lacks("db01 is full") == ("name",)
    assert Grounds.of(["legacy-orders-db is full"]).lacks("orders-db is full") == ("name",)


def test_tidy_leaves_no_control_characters_or_marks() -> None:
    text = tidy("## **The**\x1b[31m pool\x1b[0m `is`\x00 full\u202e\u200b.\n\n- next\x1b]8;;http://x\x07")
    assert text == "The pool is full. - next"


def test_a_long_sentence_takes_linear_time() -> None:
    began = time.process_time()
    for nasty in ("<" * 5000, "1:" * 5000, "a-" * 5000, "\x1b[" * 5000, "1," * 5000, "](" * 5000, "A" * 20_000):
        GROUNDS.lacks(nasty)
        tidy(nasty)
    assert time.process_time() - began < 5
