# ruff: noqa: E501 - samples are written as the tools print them
import math
from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.process.readings import analysed, of_kind

from faultmaven_events.consumers.process.metrics import analyse_metrics
from faultmaven_events.schemas.insight import Insights

START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


def read(text: str, name: str = "m.csv") -> Insights:
    return analysed(analyse_metrics, text, name, "metrics", "csv")


def table(**columns: list[object]) -> str:
    """One sample a second from START on; the line of sample n is n + 2."""
    count = len(next(iter(columns.values())))
    rows = [
        ",".join([f"{START + timedelta(seconds=n):%Y-%m-%dT%H:%M:%SZ}", *(str(column[n]) for column in columns.values())])
        for n in range(count)
    ]
    return "\n".join(["time," + ",".join(columns), *rows]) + "\n"


def test_a_step_is_told_at_its_first_sample() -> None:
    text = table(latency_ms=[10 + n % 3 for n in range(60)] + [200 + n % 5 for n in range(60)])
    (fact,) = of_kind(read(text), "change_point")
    assert (fact.at, fact.citations[0].line_start) == (START + timedelta(seconds=60), 62)
    assert (fact.attributes["before"], fact.attributes["after"]) == (11, 202)


def test_a_ramp_is_told_at_its_foot() -> None:
    text = table(queue_ready=[0] * 50 + [7 * n for n in range(100)])
    (fact,) = of_kind(read(text), "change_point")
    assert fact.at is not None
    assert abs((fact.at - START).total_seconds() - 50) <= 6


def test_errors_out_of_nothing_tell_their_share_of_the_requests() -> None:
    text = table(requests=[10] * 100, http_5xx=[0] * 70 + [5, 0, 6, 4, 5] * 6)
    fact = of_kind(read(text), "change_point")[0]
    assert (fact.attributes["series"], fact.at) == ("http_5xx", START + timedelta(seconds=70))
    assert fact.attributes["share_before"] == 0
    assert fact.attributes["share_after"] == pytest.approx(0.4)


def test_nothing_wrong_is_said_so() -> None:
    text = table(http_5xx=[0] * 150, p95_ms=[20 + n * 7 % 9 for n in range(150)])
    insights = read(text)
    assert {fact.kind for fact in insights.facts} == {"steady"}
    assert "http_5xx stayed at 0 over 149 s" in insights.facts[0].text


def test_a_spell_and_back_again_is_one_episode() -> None:
    text = table(cpu_pct=[5 + n % 2 for n in range(60)] + [80 + n % 3 for n in range(30)] + [5 + n % 2 for n in range(60)])
    insights = read(text)
    (fact,) = of_kind(insights, "anomaly")
    assert (fact.at, fact.until) == (START + timedelta(seconds=60), START + timedelta(seconds=89))
    assert not of_kind(insights, "change_point")


def test_counters_are_judged_by_their_growth_and_survive_a_restart() -> None:
    values = [100 * n for n in range(60)] + [2000 * n for n in range(60)]
    facts = of_kind(read(table(bytes_sent_total=values)), "change_point")
    assert [(fact.attributes["series"], fact.attributes["after"]) for fact in facts] == [("bytes_sent_total per second", 2000)]


def test_steady_growth_has_no_onset() -> None:
    (fact,) = of_kind(read(table(used_memory=[1000 + 50 * n + n % 2 for n in range(100)])), "change_point")
    assert fact.attributes["trend"] is True
    assert fact.at is None


def test_a_series_at_the_limit_that_another_states_is_saturated() -> None:
    text = table(used_memory=[100 * n for n in range(50)] + [4990] * 40, maxmemory=[5000] * 90)
    (fact,) = of_kind(read(text), "saturation")
    assert (fact.attributes["series"], fact.attributes["limit"], fact.attributes["told_by"]) == ("used_memory", 5000, "maxmemory")


def test_a_state_column_tells_its_changes() -> None:
    text = table(load=[1] * 40, bgsave_status=["ok"] * 25 + ["err"] * 15)
    (fact,) = of_kind(read(text), "change_point")
    assert (fact.attributes["before"], fact.attributes["after"], fact.citations[0].line_start) == ("ok", "err", 27)


def test_labels_beside_a_value_make_a_series_each() -> None:
    rows = "".join(f"{1_700_000_000 + 10 * n},{host},depth,{n * (host == 'b')}\n" for n in range(30) for host in "ab")
    insights = read(f"ts,host,metric,value\n{rows}")
    assert [(one.name, one.component) for one in insights.series] == [("depth{host=a}", "a"), ("depth{host=b}", "b")]


def test_columns_with_the_same_endings_belong_to_their_prefix() -> None:
    text = table(web_1_cpu=[1] * 30, web_1_rss=[2] * 30, db_cpu=[3] * 30, db_rss=[4] * 30)
    assert [one.component for one in read(text).series] == ["web_1", "web_1", "db", "db"]


def test_a_hole_in_the_samples_is_told() -> None:
    lines = table(load=[1] * 100).split("\n")
    (fact,) = of_kind(read("\n".join(lines[:31] + lines[71:])), "silence")
    assert fact.at == START + timedelta(seconds=29)


def test_epoch_milliseconds_any_order_and_empty_cells_are_read() -> None:
    rows = [f"{1_700_000_000_000 + 1000 * n};{n if n % 3 else ''}" for n in range(30)]
    (series,) = read("timestamp;value\n" + "\n".join(reversed(rows)) + "\n").series
    assert len(series.points) == 20
    assert series.points[0] == (datetime.fromtimestamp(1_700_000_001, UTC), 1.0)


def test_long_series_are_thinned_but_keep_their_peaks() -> None:
    values = [math.sin(n / 50) for n in range(20_000)]
    values[12_345] = 99.0
    (series,) = read(table(load=values)).series
    assert len(series.points) <= 600
    assert max(value for _, value in series.points) == 99.0


PROMETHEUS = """# HELP up x
# TYPE up gauge
up{job="api",instance="a:80"} 0
http_requests_total{code="500",path="/a} b"} 12
process_open_fds 1020
process_max_fds 1024
nothing NaN
"""


def test_one_scrape_gives_values_errors_and_limits() -> None:
    insights = read(PROMETHEUS, "metrics.prom")
    assert ("process_open_fds", "1020", 5) in {(one.path, one.value, one.line) for one in insights.settings}
    assert [fact.kind for fact in insights.facts] == ["saturation", "row", "row"]


def test_sar_is_read_past_midnight() -> None:
    rows = [f"11:59:{n:02} PM     all      {n}.00     1.00" for n in range(50, 60)] + [
        f"12:00:{n:02} AM     all      60.00     1.00" for n in range(10)
    ]
    (user, idle) = read(
        "Linux 6.1 (web01) \t03/01/2026 \t_x86_64_\t(2 CPU)\n\n11:59:50 PM     CPU     %user     %idle\n" + "\n".join(rows) + "\n",
        "sar.txt",
    ).series
    assert (user.component, idle.name) == ("web01", "%idle{CPU=all}")
    assert user.points[-1][0] - user.points[0][0] == timedelta(seconds=19)


def test_line_protocol_is_read() -> None:
    text = "".join(f"cpu,host=a usage={n},cores=4i {1_700_000_000 + n}000000000\n" for n in range(10))
    assert [one.name for one in read(text, "m.txt").series] == ["cpu.usage{host=a}", "cpu.cores{host=a}"]


def test_a_series_without_times_is_told_by_its_lines() -> None:
    text = "requests,errors\n" + "".join(f"{100 + n % 3},{0 if n < 60 else 9 + n % 3}\n" for n in range(120))
    insights = read(text)
    fact = next(fact for fact in of_kind(insights, "change_point") if fact.attributes["series"] == "errors")
    assert (fact.at, fact.citations[0].line_start) == (None, 62)
    assert "from line 62 on" in fact.text
    assert insights.series == ()


def test_growth_towards_a_known_limit_says_when_it_is_reached() -> None:
    text = table(used_memory=[1000 + 10 * n for n in range(100)], maxmemory=[3000] * 100)
    (fact,) = of_kind(read(text), "change_point")
    assert fact.attributes["exhausted_in_s"] == pytest.approx(101, abs=3)
    assert "At this rate it reaches 3,000 bytes in" in fact.text


def test_an_episode_says_whether_it_ended() -> None:
    quiet = [50 + n * 7 % 5 for n in range(120)]
    for spell, recovered in ((slice(60, 63), True), (slice(117, 120), False)):
        values = list(quiet)
        values[spell] = [400] * 3
        (fact,) = of_kind(read(table(latency_ms=values)), "anomaly")
        assert (fact.attributes["recovered"], fact.attributes["duration_s"], fact.attributes["peak"]) == (recovered, 3, 400)
        assert ("had not recovered" in fact.text) is not recovered


def test_a_series_that_stops_while_others_go_on_is_told() -> None:
    rows = "".join(f"{START + timedelta(seconds=10 * n):%Y-%m-%dT%H:%M:%SZ},{n},{n if n < 60 else ''}\n" for n in range(120))
    (fact,) = of_kind(read("time,load,depth\n" + rows), "silence")
    assert (fact.attributes["series"], fact.at, fact.citations[0].line_start) == ("depth", START + timedelta(seconds=590), 61)


def test_counters_that_start_anew_together_are_one_restart() -> None:
    values = [100 * n for n in range(60)] + [100 * n for n in range(60)]
    facts = of_kind(read(table(bytes_sent_total=values, calls_total=values)), "restart")
    assert [(fact.at, fact.count, fact.citations[0].line_end) for fact in facts] == [(START + timedelta(seconds=60), 2, 62)]


def test_the_course_of_a_day_is_no_finding_and_an_hour_out_of_it_is() -> None:
    hours = 24 * 6
    values = [round(100 + 80 * math.sin(n * math.pi / 12) + n * 13 % 7, 2) for n in range(4 * hours)]
    day = [round(100 + 80 * math.sin(n * math.pi / 48) + n * 13 % 7, 2) for n in range(4 * hours)]
    day[300:306] = [value + 160 for value in day[300:306]]
    rows = "".join(f"{START + timedelta(minutes=15 * n):%Y-%m-%dT%H:%M:%SZ},{day[n]}\n" for n in range(len(values)))
    facts = read("time,queue_size\n" + rows).facts
    assert [(fact.kind, fact.at) for fact in facts] == [("anomaly", START + timedelta(minutes=15 * 300))]
    assert facts[0].attributes["peak"] == max(day[300:306])


HOSTILE = ["", "\n", "time\n", "time,a\n", "a,b\n1,2\n", "time,a\nNaN,NaN\n", "time,a\n2026-01-01T00:00:00Z,1e400\n2026-01-01T00:00:01Z,-inf\n", "time,a\n" + "2026-01-01T00:00:00Z,1\n" * 50,
           "time," + "a" * 300_000 + "\n1,2\n", "time,a,b\n2026-01-01T00:00:00Z,1\n", "t,a\n99999999999999999999,1\n", 'time,"a\n"2026-01-01T00:00:00Z",1\n', "x" * 300_000]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_series_are_answered(text: str) -> None:
    assert all(math.isfinite(one.median) for one in read(text).series)
