"""A query to a search engine tells nothing of whose evidence it is."""

import pytest

from faultmaven_events.consumers.reason.llm.tools.secrecy import revealing

TEXTS = [
    "2026-03-04 ERROR orders-svc could not reserve stock for the blue garden chair today\n",
    "db-prod-7 10.0.0.5 user person-4f2a jane\n",
]
NAMES = ["orders-svc", "billing", "orders-svc.log", "acme"]


@pytest.mark.parametrize(
    "query",
    [
        "postgres too many clients already",
        "java OutOfMemoryError direct buffer memory",
        "ORA-00060 deadlock detected",
        "redis READONLY replica".replace("READONLY ", ""),
        "nginx upstream timed out 504",
        "rabbitmq 3.10 memory alarm blocks publishers",
        "ECONNREFUSED after certificate renewal TLS",
        "CVE-2024-12345 fix",
    ],
)
def test_general_words_may_leave(query: str) -> None:
    assert revealing(query, TEXTS, NAMES) is None


@pytest.mark.parametrize(
    "query",
    [
        "10.0.0.5 refused",
        "fe80::1 refused",
        "db-prod-7 slow",
        "db01.internal slow",
        "orders-svc timeout",
        "orders timeout",
        "billing errors",
        "acme outage",
        "AcmeBillingError handling",
        "jane@example.com",
        "person-4f2a login",
        "/var/lib/data full",
        "https://evil.example/?q=1",
        "550e8400e29b41d4a716446655440000",
        "USER-1234 failed",
        "dG9wIHNlY3JldA== decode",
        "reserve stock for the blue garden chair",
        "site:evil.example postgres",
        "postgres " + "very " * 16 + "slow",
        "пароль postgres",
        "x" * 40,
    ],
)
def test_what_could_tell_of_the_evidence_may_not(query: str) -> None:
    why = revealing(query, TEXTS, NAMES)
    assert why is not None
    assert query not in why
