# ruff: noqa: E501 - samples are written as the tools print them
"""Every format in which samples are handed in: name, component, values and the lines on which they stand."""

import json

import pytest

from faultmaven_events.consumers.process.metrics.read import read
from faultmaven_events.consumers.process.metrics.sample import Recording, Samples

T = 1_772_366_400


def recorded(text: str) -> Recording:
    return read(text.split("\n")[:-1] if text.endswith("\n") else text.split("\n"))


def shown(one: Samples) -> tuple[str, str | None, list[float], list[int]]:
    return one.name, one.component, one.values.tolist(), one.lines.tolist()


def rows(count: int, row: str) -> str:
    return "".join(row.format(n=n, t=T + n, iso=f"2026-03-01T12:00:{n:02}Z") + "\n" for n in range(count))


JSON_ANSWERS = {
    "prometheus": ({"status": "success", "data": {"resultType": "matrix", "result": [{"metric": {"__name__": "up", "instance": "a:80"}, "values": [[T, "1"], [T + 15, "0"]]}]}}, ("up{instance=a:80}", "a:80", [1, 0])),
    "graphite": ([{"target": "web1.cpu", "datapoints": [[1.5, T], [None, T + 60], [3, T + 120]]}], ("web1.cpu", None, [1.5, 3])),
    "cloudwatch": ({"MetricDataResults": [{"Id": "m1", "Label": "CPU", "Timestamps": ["2026-03-01T12:05:00+00:00", "2026-03-01T12:00:00+00:00"], "Values": [2.5, 0.5]}]}, ("CPU{Id=m1}", None, [0.5, 2.5])),
    "cloudwatch-statistics": ({"Label": "CPU", "Datapoints": [{"Timestamp": "2026-03-01T12:00:00Z", "Average": 0.5, "Unit": "Percent"}, {"Timestamp": "2026-03-01T12:05:00Z", "Average": 1.5, "Unit": "Percent"}]}, ("CPU.Average", None, [0.5, 1.5])),
    "influx": ({"results": [{"series": [{"name": "cpu", "tags": {"host": "a"}, "columns": ["time", "usage"], "values": [["2026-03-01T12:00:00Z", 1], ["2026-03-01T12:00:10Z", 2]]}]}]}, ("cpu.usage{host=a}", "a", [1, 2])),
    "datadog": ({"series": [{"metric": "system.load", "scope": "host:a", "pointlist": [[T * 1000.0, 1.0], [T * 1000.0 + 1000, 2.0]]}]}, ("system.load{scope=host:a}", "host:a", [1, 2])),
    "sadf": ({"sysstat": {"hosts": [{"nodename": "web", "statistics": [{"timestamp": {"date": "2026-03-01", "time": f"12:00:0{n}"}, "queue": {"runq-sz": n}} for n in range(2)]}]}}, ("queue.runq-sz{nodename=web}", "web", [0, 1])),
}  # fmt: skip


@pytest.mark.parametrize("form", JSON_ANSWERS)
@pytest.mark.parametrize("indent", [None, 1])
def test_answers_in_json_are_read_by_their_shape(form: str, indent: int | None) -> None:
    document, (name, component, values) = JSON_ANSWERS[form]
    text = json.dumps(document, indent=indent)
    one = recorded(text).series[0]
    assert shown(one)[:3] == (name, component, values)
    if indent:
        lines = text.split("\n")
        assert all(
            f"{value:g}" in lines[line - 1] + lines[line - 2] + lines[line] or str(T)[:6] in lines[line - 1]
            for value, line in zip(values, one.lines.tolist(), strict=True)
        )


def test_an_instant_answer_gives_values() -> None:
    document = {
        "data": {
            "resultType": "vector",
            "result": [{"metric": {"__name__": "up", "job": name}, "value": [T, (name == "a" and "1") or "0"]} for name in "ab"],
        }
    }
    assert [(name, value) for name, value, _ in recorded(json.dumps(document)).values] == [("up{job=a}", 1), ("up{job=b}", 0)]


def test_an_object_a_line_gives_a_series_per_number() -> None:
    found = recorded(
        "".join(json.dumps({"ts": T + n, "host": "a", "cpu": n * 1.5, "mem": {"used": n}}) + "\n" for n in range(3)) + "broken {\n"
    )
    assert [shown(one) for one in found.series] == [
        ("cpu{host=a}", "a", [0, 1.5, 3], [1, 2, 3]),
        ("mem.used{host=a}", "a", [0, 1, 2], [1, 2, 3]),
    ]
    assert found.problems == (("1 lines are no JSON objects (first: line 4).", 4),)


def test_statsd_sums_counters_and_keeps_the_order_of_the_others() -> None:
    found = recorded("req:1|c\nreq:2|c|@0.5\nlat:120|ms|#host:a\nlat:130|ms|#host:a\n")
    assert found.values == (("req", 5.0, 2),)
    assert [(shown(one), one.timed) for one in found.series] == [(("lat{host:a}_ms", "a", [120, 130], [3, 4]), False)]


@pytest.mark.parametrize(
    ("text", "name", "component"),
    [
        (rows(3, "web.cpu.load;host=a {n} {t}"), "web.cpu.load{host=a}", "a"),
        (rows(3, "put sys.load {t} {n} host=a"), "sys.load{host=a}", "a"),
        (rows(3, 'PUTVAL "web/load/load" interval=10 {t}.123:{n}'), "load/load", "web"),
        (rows(3, "cpu,host=a load={n},up=t {t}000000000"), "cpu.load{host=a}", "a"),
        ("epoch,value\n" + rows(3, "{t}.250,{n}"), "value", None),
    ],
    ids=["graphite", "opentsdb", "collectd", "influx", "collectd-csv"],
)
def test_what_agents_send_is_read(text: str, name: str, component: str | None) -> None:
    assert shown(recorded(text).series[0])[:3] == (name, component, [0, 1, 2])


VMSTAT = """procs -----------memory---------- ---swap-- -----io---- -system-- ------cpu----- -----timestamp-----
 r  b   swpd   free   buff  cache   si   so    bi    bo   in   cs us sy id wa st                 UTC
""" + rows(5, " {n}  0      0 100000   2000  30000    0    0     1     2   50   60  1  1 98  0  0 2026-03-01 12:00:0{n}")
IOSTAT = "Linux 6.1.0 (web01) \t03/01/2026 \t_x86_64_\t(2 CPU)\n\n" + "".join(
    f"03/01/2026 12:00:0{n} PM\nDevice             tps    kB_read/s    kB_wrtn/s\nsda               {n}.00        20.00        30.00\n\n"
    for n in range(4)
)
DOCKER = "".join(
    f"\x1b[2J\x1b[HCONTAINER ID   NAME      CPU %     MEM USAGE / LIMIT     MEM %     NET I/O\na1b2c3         web       {n}.50%     50MiB / 2GiB    2.54%     1.2kB / 0B\n"
    for n in range(3)
)
FREE = "".join(
    f"               total        used        free\nMem:        1000     {n}     900\nSwap:        0           0     0\n\n"
    for n in range(3)
)


@pytest.mark.parametrize(
    ("text", "name", "values", "timed"),
    [
        (VMSTAT, "r", [1, 2, 3, 4], True),
        (IOSTAT, "tps{sda}", [1, 2, 3], True),
        (DOCKER, "CPU %{web}", [0.5, 1.5, 2.5], False),
        (DOCKER, "MEM LIMIT{web}", [2 * 2**30] * 3, False),
        (FREE, "used{Mem}", [0, 1, 2], False),
    ],
    ids=["vmstat", "iostat", "docker", "docker-limit", "free"],
)
def test_repeated_tables_are_read_without_the_report_since_boot(text: str, name: str, values: list[float], timed: bool) -> None:
    one = next(one for one in recorded(text).series if one.name == name)
    assert (one.values.tolist(), one.timed) == (values, timed)


def test_one_report_gives_values() -> None:
    assert recorded("NAME    CPU(cores)   MEMORY(bytes)\napi-1   250m         120Mi\n").values == (
        ("CPU(cores){api-1}", 0.25, 2),
        ("MEMORY(bytes){api-1}", 120 * 2**20, 2),
    )


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("time;v\n" + rows(4, "{iso};{n},5"), [0.5, 1.5, 2.5, 3.5]),
        ("time,v\n" + rows(3, '{iso},"1,{n}00"'), [1000, 1100, 1200]),
        ("time,v\n" + rows(3, "{iso},900 ms") + "2026-03-01T12:00:03Z,1.2 s\n", [900, 900, 900, 1200]),
        ("sep=;\nTime;v\n" + rows(3, "{iso};{n}%"), [0, 1, 2]),
        (rows(3, "{t},{n}"), [0, 1, 2]),
        ("# time,v\n" + rows(3, "{iso},{n}"), [0, 1, 2]),
        ('"Dstat 0.7.3 CSV output"\n"Host:","web"\n\n"time","usr","sys"\n' + rows(5, "2026-03-01 12:00:0{n},{n}.0,1.0"), [0, 1, 2, 3, 4]),
        ("time|v\n" + rows(2, "{iso}|{n}") + "2026-03-01T12:00:02Z|\n" + "2026-03-01T12:00:03Z|3\n", [0, 1, 3]),
    ],
    ids=["decimal-comma", "thousands", "mixed-units", "excel", "no-header", "comment-header", "dstat", "missing-cell"],
)
def test_tables_of_many_hands_are_read(text: str, values: list[float]) -> None:
    assert recorded(text).series[0].values.tolist() == values


def test_sadf_prints_several_tables_one_after_the_other() -> None:
    text = "# hostname;interval;timestamp;CPU;%user\n" + rows(
        3, "web;1;2026-03-01 12:00:0{n} UTC;-1;{n},5\nweb;1;2026-03-01 12:00:0{n} UTC;0;9,0"
    )
    found = recorded(text + "# hostname;interval;timestamp;runq-sz;load\n" + rows(3, "web;1;2026-03-01 12:00:0{n} UTC;{n};0,1")).series
    assert [shown(one)[:3] for one in found[:3]] == [
        ("%user{hostname=web,CPU=-1}", "web", [0.5, 1.5, 2.5]),
        ("%user{hostname=web,CPU=0}", "web", [9, 9, 9]),
        ("runq-sz", None, [0, 1, 2]),
    ]


def test_sar_of_another_country_is_read() -> None:
    text = (
        "Linux 6.1 (web01) \t01.03.2026 \t_x86_64_\t(2 CPU)\n\n12:00:00        CPU     %user     %idle\n"
        + rows(3, "12:00:0{n}        all      {n},50     98,00")
        + "Durchschn.:        all      1,50     98,00\n"
    )
    assert [shown(one)[:3] for one in recorded(text).series] == [
        ("%user{CPU=all}", "web01", [0.5, 1.5, 2.5]),
        ("%idle{CPU=all}", "web01", [98, 98, 98]),
    ]


def test_histograms_give_quantiles_between_scrapes_and_exemplars_are_passed_over() -> None:
    scrapes = "".join(
        f'lat_seconds_bucket{{le="0.1",path="/a"}} {90 * (n + 1)} {T + 15 * n}.000 # {{trace_id="abc"}} 0.07\n'
        f'lat_seconds_bucket{{le="0.5",path="/a"}} {100 * (n + 1)} {T + 15 * n}.000\nlat_seconds_bucket{{le="+Inf",path="/a"}} {100 * (n + 1)} {T + 15 * n}.000\n'
        for n in range(5)
    )
    found = {
        one.name: one for one in recorded("# TYPE lat_seconds histogram\n# UNIT lat_seconds seconds\n" + scrapes + "# EOF\nrest 1\n").series
    }
    assert found['lat_seconds_p95{path="/a"}'].values.tolist() == pytest.approx([0.3] * 4)
    assert "rest" not in found


def test_bad_rows_are_counted_with_their_first_line() -> None:
    text = "time,v\n" + "".join(f"2026-03-01T12:00:{n:02}Z,{'NaN' if n == 5 else n}\n" for n in (*range(20), 3)) + "what,is,this\nnever,1\n"
    told = [problem for problem, _ in recorded(text).problems]
    assert told == [
        "1 row is not of the 2 columns of the header (first: line 23).",
        "1 row is with a time that cannot be read (first: line 24).",
        "Times go back once (first: line 22); the samples were set in order.",
        "1 row is with NaN or infinity, which was left out (first: line 7).",
    ]


HOSTILE = ["[" * 100_000, '{"a":' * 50_000, "[[1772366400,1]" + ",[1772366400,1]" * 10_000, '{"values":[[1,2],[3]]}', '{"columns":["time"],"values":[[]]}', "a:1|c\x00\n", 'PUTVAL "a/b" 1:x\n', "CONTAINER ID   NAME  CPU %\nx\n", " r  b   swpd   free \n\n 1\n", 'x_bucket{le="a"} 1\n# TYPE x histogram\n', "sep=\n", "sep=;\n", "# a;b\n", "9" * 400 + "\n", "Linux 1 (a) 99/99/2026\n"]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_samples_are_read_without_a_crash(text: str) -> None:
    found = recorded(text)
    assert all(len(one.seconds) == len(one.values) == len(one.lines) for one in found.series)
