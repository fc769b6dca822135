"""The rule base holds together: whatever a rule names exists."""

import re
from pathlib import Path

import pytest

from faultmaven_events.consumers.reason.offline.catalogue import page
from faultmaven_events.consumers.reason.offline.culprit import WAYS
from faultmaven_events.consumers.reason.offline.ruleset import Cause, rules, stems, words
from faultmaven_events.schemas.report import Category

RULES = rules()
SIGNALS = {signal.name for signal in RULES.signals}
ROLES = {role.name for role in RULES.roles}
KINDS = {kind.name for kind in RULES.kinds}
HOLDERS = {"application", "adhoc"}
CATEGORIES = set(Category.__args__)  # type: ignore[attr-defined]  # a Literal's values


def known(name: str) -> bool:
    role, _, direction = name.partition(".")
    return direction in {"up", "down"} and role in ROLES if direction else name in SIGNALS | {"telling"}


@pytest.mark.parametrize("cause", RULES.causes, ids=lambda cause: cause.id)
def test_a_cause_names_only_what_exists(cause: Cause) -> None:
    named = [name for group in cause.needs for name in group]
    named += [*cause.supports, *cause.refutes, *cause.explains, *cause.direct]
    assert all(map(known, named)), [name for name in named if not known(name)]
    assert set(cause.changes) <= KINDS
    assert set(cause.by_change) <= KINDS | HOLDERS
    assert {cause.category, *cause.by_change.values()} <= CATEGORIES
    assert all(way == "change" or way.partition(":")[0] in WAYS for way in cause.culprit), cause.culprit


@pytest.mark.parametrize("cause", RULES.causes, ids=lambda cause: cause.id)
def test_a_cause_says_what_to_do_and_what_to_check(cause: Cause) -> None:
    assert cause.needs
    assert cause.check
    assert cause.check_why
    assert cause.remedies
    assert len(cause.chain) >= 2
    for text in (cause.statement, *cause.chain, *(remedy.action for remedy in cause.remedies)):
        assert text.count("[[") == text.count("]]")
        assert not re.search(r"\{[^}]*$", text)


def test_the_page_of_causes_is_up_to_date() -> None:
    assert Path("docs/cause-rules.md").read_text("utf-8") == page(RULES), "run `make docs`"


def test_ids_are_unique() -> None:
    assert len({cause.id for cause in RULES.causes}) == len(RULES.causes)


def test_lists_of_words_are_patterns() -> None:
    assert all(
        words(name)
        for name in (
            "telling",
            "empty",
            "statement",
            "job",
            "flush",
            "version",
            "record",
            "announced",
            "undone",
            "inert",
            "done",
            "message",
        )
    )
    assert "error" in stems()


@pytest.mark.parametrize(
    ("line", "signal"),
    [
        ("FATAL:  sorry, too many clients already", "connection_slots_used_up"),
        ("OSError: [Errno 24] Too many open files: '/x'", "open_files"),
        ("OSError: [Errno 28] No space left on device", "disk_full"),
        ("(error) OOM command not allowed when used memory > 'maxmemory'.", "store_memory_full"),
        ("getaddrinfo ENOTFOUND stock01", "name_not_found"),
        ("certificate verify failed: self-signed certificate in certificate chain", "certificate_untrusted"),
        ("Hostname mismatch, certificate is not valid for 'pay01'", "certificate_wrong_name"),
        ("ERROR:  deadlock detected", "deadlock"),
        ("[CRITICAL] WORKER TIMEOUT (pid:71)", "worker_timeout"),
        ("Server web/web-1 is DOWN, reason: Layer7 wrong status, code: 404", "health_check_status"),
        ("READONLY You can't write against a read only replica.", "read_only_database"),
        ("PRECONDITION_FAILED - inequivalent arg 'x-message-ttl' for queue 'mails' in vhost '/'", "queue_mismatch"),
        ("delivery acknowledgement on channel 1 timed out. Timeout value used: 60000 ms", "ack_timeout"),
        ('limiting requests, excess: 20.5 by zone "perip"', "rate_limited"),
        ('nextval: reached maximum value of sequence "orders_id_seq" (2147483647)', "sequence_used_up"),
        (";; communications error to 10.1.0.99#53: timed out", "resolver_silent"),
        ("lookup stock01 on 10.1.0.99:53: read udp 10.1.0.2:4411->10.1.0.99:53: i/o timeout", "resolver_silent"),
        ("MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.", "store_cannot_save"),
    ],
)
def test_a_line_shows_its_signal(line: str, signal: str) -> None:
    found = next(s for s in RULES.signals if s.name == signal)
    assert any(pattern.search(line) for pattern in found.patterns)
    assert not any(pattern.search(line) for pattern in found.refuse)


@pytest.mark.parametrize(
    ("line", "signal"),
    [
        ("stock lookup done dns_ms=12", "resolver_silent"),
        ("query[A] stock01 from 10.1.0.2", "resolver_silent"),
        ("1 active and 0 backup servers online. 0 sessions requeued, 0 total in queue.", "redelivered"),
    ],
)
def test_an_ordinary_line_shows_no_signal(line: str, signal: str) -> None:
    found = next(s for s in RULES.signals if s.name == signal)
    assert not any(pattern.search(line) for pattern in found.patterns) or any(pattern.search(line) for pattern in found.refuse)


@pytest.mark.parametrize(
    "line",
    [
        'upstream timed out (110: Connection timed out) while reading response header, request: "GET /report/orders.csv HTTP/1.1", running',
        "client sent request: GET /export/7",
    ],
)
def test_a_path_with_the_name_of_a_job_is_no_job(line: str) -> None:
    assert not words("job").search(line)


@pytest.mark.parametrize(
    ("text", "undone"),
    [
        ("exports 2.0.8 is ready in staging", True),
        ("shipping 3.10.0 queued behind the freeze, not deployed", True),
        ("vacuum of stock moved to 03:30, takes effect tonight", True),
        ("catalog 6.0.2 -> 6.1.0 on cat01 finished", False),
        ("fast restart, approved by the owner, done", False),
    ],
)
def test_what_was_only_announced_is_told_from_what_was_done(text: str, undone: bool) -> None:
    assert bool(words("undone").search(text)) is undone
