import pytest
from log_reading import events, facts, insights

from faultmaven_events.consumers.process.citation import cite

PYTHON = [
    "2026-11-20 05:26:40,000 ERROR [main] shop: request failed",
    "Traceback (most recent call last):",
    '  File "/srv/shop/app.py", line 21, in handle',
    "    total(order)",
    '  File "/srv/shop/cart.py", line 8, in total',
    "    return sum(x)",
    "ValueError: not a number",
    "2026-11-20 05:26:41,000 INFO [main] shop: next",
]
JAVA = [
    "2026-11-20 05:26:40,000 ERROR [main] shop: request failed",
    "java.lang.IllegalStateException: cart is closed",
    "\tat com.shop.Cart.save(Cart.java:12)",
    "\tat com.shop.Main.run(Main.java:3)",
    "Caused by: java.net.ConnectException: refused",
    "\tat com.shop.Db.open(Db.java:77)",
    "\t... 12 more",
    "2026-11-20 05:26:41,000 INFO [main] shop: next",
]
NODE = [
    "2026-11-20 05:26:40,000 ERROR [main] shop: TypeError: x is not a function",
    "    at save (/srv/cart.js:12:5)",
    "    at async run (/srv/main.js:3:1)",
    "2026-11-20 05:26:41,000 INFO [main] shop: next",
]
BARE = [
    "2026-11-20 05:26:40,000 INFO [main] shop: order fine",
    "Traceback (most recent call last):",
    '  File "/srv/shop/app.py", line 21, in <module>',
    "    main()",
    "decimal.InvalidOperation: bad",
    "2026-11-20 05:26:41,000 INFO [main] shop: next",
]


def test_a_traceback_belongs_to_the_error_before_it() -> None:
    first, second = events(PYTHON)
    assert (first.line, first.end, second.line) == (1, 7, 8)


def test_exceptions_are_grouped_by_type_and_frames() -> None:
    found = facts(PYTHON * 3, "exception")
    assert [(fact.attributes["type"], fact.attributes["frames"], fact.count) for fact in found] == [
        ("ValueError", "cart.py:total, app.py:handle", 3)
    ]
    assert found[0].citations[0].line_end == 7


def test_the_cause_of_a_java_exception_is_the_one_named() -> None:
    assert [fact.attributes["type"] for fact in facts(JAVA, "exception")] == ["java.net.ConnectException"]


def test_a_node_stack_is_an_exception() -> None:
    assert [(fact.attributes["type"], fact.attributes["frames"]) for fact in facts(NODE, "exception")] == [
        ("TypeError", "cart.js:save, main.js:run")
    ]


def test_a_bare_traceback_is_an_error_of_its_own_and_not_part_of_the_info_before_it() -> None:
    read = events(BARE)
    assert [(event.line, event.level) for event in read] == [(1, "info"), (2, "error"), (6, "info")]
    assert [fact.text.partition(": at ")[0] for fact in facts(BARE, "error")] == ["decimal.InvalidOperation: bad"]


def test_what_postgres_adds_to_an_error_is_cited_with_it() -> None:
    lines = [
        "2026-11-20 05:26:40.000 UTC [7] app@shop/web ERROR:  canceling statement due to statement timeout",
        "2026-11-20 05:26:40.000 UTC [7] app@shop/web STATEMENT:  select * from orders",
        "2026-11-20 05:26:41.000 UTC [8] app@shop/web LOG:  checkpoint complete",
    ]
    (error,) = facts(lines, "error", "postgresql.log")
    assert error.attributes["statement"] == "select * from orders"
    assert error.citations == (cite(error.citations[0].evidence_id, "postgresql.log", lines, 1, 2),)
    assert error.component == "postgresql"


def test_a_stray_line_without_header_is_an_event_at_the_time_before_it() -> None:
    lines = ["2026-11-20 05:26:40,000 INFO [main] up", "Killed", "2026-11-20 05:26:50,000 INFO [main] up again"]
    (killed,) = [fact for fact in facts(lines, "restart") if fact.attributes["what"] == "killed"]
    assert killed.citations[0].line_start == 2
    assert killed.at is not None
    assert killed.at.second == 40


def test_every_citation_can_be_checked_against_the_lines() -> None:
    lines = [f"{line}\r" for line in PYTHON + JAVA] + ["2026-11-20 05:26:42,000 WARN [main] shop: pool is full"]
    found = insights(lines)
    citations = [citation for fact in found.facts for citation in fact.citations] + [template.sample for template in found.templates]
    assert len(citations) > 5
    assert all(
        citation == cite(citation.evidence_id, "shop-api.log", lines, citation.line_start, citation.line_end) for citation in citations
    )
    assert all("\r" not in citation.quote for citation in citations)


def test_time_that_goes_backwards_is_noted_and_breaks_nothing() -> None:
    lines = [f"2026-11-20 05:26:{second:02d} INFO tick" for second in (10, 11, 5, 12)]
    found = insights(lines)
    assert found.clock is not None
    assert "1 lines go back in time, by 6 s at most" in found.clock
    assert (found.start.second, found.end.second) == (5, 12)
    assert sum(count for _, count in found.templates[0].buckets) == 4


def test_one_impossible_time_does_not_stretch_the_file() -> None:
    lines = [f"2026-11-20 05:26:{second:02d} INFO tick" for second in range(20)]
    lines.insert(10, "1999-01-01 00:00:00 INFO tick")
    assert insights(lines).bucket_s == 1.0


STACKS = {
    "ruby": (["app.rb:3:in `pay': card refused (PaymentError)", "\tfrom app.rb:9:in `run'"], "PaymentError", None),
    "rails": (["PaymentError (card refused):", "  ", "app/models/pay.rb:3:in `charge'"], "PaymentError", None),
    "rust": (
        [
            "thread 'main' panicked at src/main.rs:4:5:",
            "card refused",
            "stack backtrace:",
            "   1: shop::open",
            "             at ./src/db.rs:41:9",
        ],
        "panicked",
        None,
    ),
    "php": (
        [
            "PHP Fatal error:  Uncaught PayException: card refused in /a/db.php:12",
            "Stack trace:",
            "#0 /a/db.php(12): Pay->go()",
            "#1 {main}",
        ],
        "PayException",
        None,
    ),
    "go": (
        [
            "panic: card refused",
            "",
            "goroutine 1 [running]:",
            "main.(*Shop).pay(0x0)",
            "\t/src/main.go:41 +0x1d",
            "main.main()",
            "\t/src/main.go:12",
        ],
        "panic",
        None,
    ),
    "dotnet": (
        [
            "Shop.PayException: outer",
            "   at Shop.Pay.Go(String s) in /src/Pay.cs:line 4",
            " ---> Net.SocketException (111): card refused",
            "   at Net.X.Y()",
        ],
        "Net.SocketException",
        "Shop.PayException",
    ),
    "python": (
        [
            "Traceback (most recent call last):",
            '  File "/a/b.py", line 3, in go',
            "KeyError: card refused",
            "",
            "During handling of the above exception, another exception occurred:",
            "",
            "Traceback (most recent call last):",
            '  File "/a/c.py", line 9, in x',
            "RuntimeError: outer",
        ],
        "KeyError",
        "RuntimeError",
    ),
}


@pytest.mark.parametrize("name", STACKS)
def test_the_stack_traces_of_many_languages_are_one_event_with_its_exception(name: str) -> None:
    trace, type_, outer = STACKS[name]
    lines = [f"2026-11-20 05:26:42 ERROR {trace[0]}", *trace[1:], "2026-11-20 05:26:43 INFO next"]
    assert [(event.line, event.end) for event in events(lines)] == [(1, len(trace)), (len(trace) + 1, len(trace) + 1)]
    (fact,) = facts(lines * 3, "exception")
    assert (fact.attributes["type"], fact.attributes.get("outer"), fact.count) == (type_, outer, 3)
    assert "card refused" in fact.text
