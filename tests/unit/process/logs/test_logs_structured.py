import json

import pytest
from log_reading import events

STAMP = 1795152402.5  # 2026-11-20T05:26:42.5Z


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"ts": "2026-11-20T05:26:42.500Z", "level": "error", "service": "cart", "msg": "failed"}, ("error", "cart", "failed")),
        ({"time": 1795152402500, "level": 50, "name": "cart", "msg": "failed", "pid": 3}, ("error", "cart", "failed")),
        (
            {"@timestamp": "2026-11-20T06:26:42.500+0100", "log.level": "WARN", "message": "slow", "app": "cart"},
            ("warning", "cart", "slow"),
        ),
        ({"timestamp": 1795152402.5, "severity": "CRITICAL", "message": "dead", "component": "cart"}, ("critical", "cart", "dead")),
        ({"t": {"$date": "2026-11-20T05:26:42.500Z"}, "s": "E", "c": "NETWORK", "msg": "refused"}, ("error", None, "refused")),
        ({"@t": "2026-11-20T05:26:42.500Z", "@l": "Information", "@m": "up"}, ("info", None, "up")),
    ],
)
def test_a_json_line_is_read_by_the_names_of_its_fields(record: dict[str, object], expected: tuple[str | None, ...]) -> None:
    read = events([json.dumps(record)])[0]
    assert read.at == pytest.approx(STAMP)
    assert (read.level, read.component, read.text) == expected


def test_what_a_json_line_tells_of_an_error_belongs_to_its_message() -> None:
    read = events([json.dumps({"level": "error", "msg": "not saved", "err": {"code": "E42", "message": "disk gone"}, "order": 7})])[0]
    assert read.text == "not saved err.code=E42 err.message=disk gone"
    assert read.fields == {"err.code": "E42", "err.message": "disk gone", "order": 7}


def test_a_trace_in_a_field_names_the_exception_in_the_message() -> None:
    trace = "Traceback (most recent call last):\n  File \"/srv/cart.py\", line 3, in save\n    x()\nKeyError: 'sku'"
    read = events([json.dumps({"level": "error", "msg": "not saved", "exc_info": trace})])[0]
    assert read.trace == trace


def test_logfmt_is_read_with_quotes() -> None:
    read = events(['ts=2026-11-20T05:26:42.5Z level=warn svc=cart msg="it is \\"slow\\"" took=3'])[0]
    assert (read.at, read.level, read.component, read.text) == (pytest.approx(STAMP), "warning", "cart", 'it is "slow"')
    assert read.fields == {"took": "3"}


def test_json_behind_a_syslog_header_is_read() -> None:
    line = 'Nov 20 05:26:42 web01 cart[3]: {"level":"error","msg":"failed","time":"2026-11-20T05:26:42.500Z"}'
    read = events([line] * 3)[0]
    assert (read.at, read.level, read.component, read.text) == (pytest.approx(STAMP), "error", "cart", "failed")


@pytest.mark.parametrize("line", ['{"msg": "broken', "{}", "[1, 2]", '{"a": NaN', "{not json}"])
def test_what_only_looks_like_json_is_plain_text(line: str) -> None:
    assert [event.text for event in events(['{"msg": "fine"}', line])][1:] == [line]


def test_lines_behind_a_service_and_a_bar_are_read_as_that_service_wrote_them() -> None:
    lines = [
        'cart-1  | {"level":"error","msg":"failed"}',
        "pay-1   | ts=2026-11-20T05:26:42.5Z level=warn msg=slow a=1",
        "cart-1  |     at save (x.js:1:2)",
    ]
    read = events(lines * 3)
    assert [(event.component, event.level, event.text) for event in read][:2] == [
        ("cart-1", "error", "failed"),
        ("pay-1", "warning", "slow"),
    ]
    assert len(read) == 6
