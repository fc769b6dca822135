"""What comes before what, with which values, and whose requests."""

from log_reading import clock, facts, insights

from faultmaven_events.schemas.insight import Fact, Insights


def line(second: float, text: str, level: str = "INFO") -> str:
    return f"2026-11-20 {clock(second)} {level} {text}"


def usual(seconds: int) -> list[str]:
    return [line(second, f"order {second * 7} placed") for second in range(seconds)]


def in_order(*lines: str) -> list[str]:
    return sorted(lines, key=lambda each: each[:23])


def only(found: Insights, kind: str) -> Fact:
    (fact,) = [fact for fact in found.facts if fact.kind == kind]
    return fact


def test_what_is_unusual_in_the_seconds_before_the_first_error_is_told() -> None:
    lines = in_order(*usual(600), line(401.5, "schema cache was emptied by ops"), line(403.2, "cannot read table orders", "ERROR"))
    found = only(insights(lines), "precursor")
    assert "schema cache was emptied" in found.text
    assert "order" not in str(found.attributes["error"]).replace("orders", "")
    assert found.attributes["seconds"] == 1.7
    assert [lines[citation.line_start - 1] for citation in found.citations] == [
        line(401.5, "schema cache was emptied by ops"),
        line(403.2, "cannot read table orders", "ERROR"),
    ]


def test_what_is_ordinary_before_an_error_is_not_told() -> None:
    assert not facts([*usual(400), line(401, "cannot read table", "ERROR")], "precursor")


def chained(times: int, gap: float) -> list[str]:
    starts = [30.0 + 47.0 * n for n in range(times)]
    return in_order(
        *usual(int(starts[-1]) + 60),
        *(line(at, "lost connection to database", "ERROR") for at in starts),
        *(line(at + gap, "pool has no member left", "ERROR") for at in starts),
        *(line(at + 2 * gap, "checkout failed", "ERROR") for at in starts),
    )


def test_errors_that_follow_each_other_again_and_again_are_one_chain_with_its_beginning() -> None:
    found = only(insights(chained(6, 0.8)), "error_chain")
    assert found.attributes["first"] == "lost connection to database"
    assert found.attributes["then"] == "pool has no member left"
    assert found.attributes["lag_s"] == 0.8
    assert found.text.index("lost connection") < found.text.index("pool has no member") < found.text.index("checkout failed")


def test_errors_that_come_by_chance_are_no_chain() -> None:
    lines = in_order(
        *usual(900),
        *(line(31 + 40 * n, "lost connection to database", "ERROR") for n in range(12)),
        *(line(55 + 70 * n, "checkout failed", "ERROR") for n in range(12)),
    )
    assert not facts(lines, "error_chain")


def test_two_chains_that_happen_twice_only_are_none() -> None:
    assert not facts(chained(2, 0.8), "error_chain")


def test_the_values_of_a_template_are_counted() -> None:
    lines = [line(n, f"query on db-{n % 3} took {n % 90 + 10} ms for user u{n}") for n in range(200)]
    (template,) = insights(lines).templates
    host, took, _ = template.parameters
    assert (host.name, host.distinct) == ("on", 3)
    assert {value for value, _ in host.top} == {"db-0", "db-1", "db-2"}
    assert (took.name, took.minimum) == ("took", 10.0)
    assert took.maximum is not None
    assert 10 < took.maximum <= 99


def test_an_error_of_one_host_only_says_so() -> None:
    lines = in_order(
        *(line(n, f"query done host=db-{n % 3} rows={n}") for n in range(100)),
        *(line(n + 0.5, f"query failed host=db-2 rows={n}", "ERROR") for n in range(20, 60)),
    )
    (error,) = facts(lines, "error")
    assert error.attributes["only"] == "host=db-2"
    assert "always with host=db-2" in error.text


def test_an_id_is_found_however_it_is_written() -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    for text in (
        f"INFO trace_id={trace} up",
        f"INFO [{trace}] up",
        f'INFO up {{"traceId": "{trace}"}}',
        f"INFO up traceparent 00-{trace}-00f067aa0ba902b7-01",
    ):
        (passage,) = insights([f"2026-11-20 05:00:00 {text}"]).passages
        assert passage.key == trace
    (passage,) = insights([f'{{"ts":"2026-11-20T05:00:00Z","level":"error","msg":"it broke","traceId":"{trace}"}}']).passages
    assert (passage.key, passage.said) == (trace, "it broke")


def test_what_is_on_every_line_is_no_request() -> None:
    lines = [line(n, f"pod 6e5e1bb2-9d3c-4b6f-8a57-3f4c1d2e5a6b did step {n} request_id=r{n:06d}") for n in range(3_000)]
    keys = {passage.key for passage in insights(lines).passages}
    assert keys
    assert all(key.startswith("r0") for key in keys)


def test_of_very_many_requests_two_files_keep_the_same_sample() -> None:
    one = insights((line(n / 10, f"start request_id=r{n:06d}") for n in range(20_000)), "a.log")
    other = insights((line(n / 10 + 1, f"done request_id=r{n:06d} ok") for n in range(20_000)), "b.log")
    shared = {passage.key for passage in one.passages} & {passage.key for passage in other.passages}
    assert len(shared) > 0.9 * len(one.passages) > 100


def test_failing_requests_are_kept_first() -> None:
    lines = [line(n / 10, f"request_id=r{n:06d} done", "ERROR" if n % 400 == 7 else "INFO") for n in range(20_000)]
    failing = [passage for passage in insights(lines).passages if passage.failure]
    assert len(failing) == 50


def test_a_clock_that_goes_back_is_told_with_its_line() -> None:
    lines = [*usual(3_000), *(line(second, "again") for second in range(100))]
    found = only(insights(lines), "time_back")
    assert found.citations[0].line_start == 3_001
    assert found.attributes == {"seconds": 2999.0, "lines": 1}
