import json
from typing import Any

import pytest
from tests.unit.process.readings import analysed, of_kind

from faultmaven_events.consumers.process.captures import analyse_capture
from faultmaven_events.schemas.insight import Insights


def entry(second: float, url: str, status: int, time: float = 50, method: str = "GET", **more: Any) -> dict[str, Any]:
    request = {"method": method, "url": url, "headers": [{"name": name, "value": value} for name, value in more.get("sent", {}).items()]}
    answer = {
        "status": status,
        "headers": [{"name": name, "value": value} for name, value in more.get("got", {}).items()],
        "redirectURL": more.get("to", ""),
        "content": {"size": more.get("size", 100)},
    }
    built = {"startedDateTime": f"2026-01-01T10:00:{second:06.3f}Z", "time": time, "request": request, "timings": more.get("timings", {})}
    return {**built, "response": answer} | ({"_error": more["error"]} if "error" in more else {})


def har(*entries: dict[str, Any], indent: int | None = 1) -> str:
    return json.dumps({"log": {"version": "1.2", "pages": [], "entries": list(entries)}}, indent=indent)


def read(text: str) -> Insights:
    return analysed(analyse_capture, text, "page.har", "capture", "har")


def test_failing_requests_are_grouped_by_host_route_and_status_the_first_is_named() -> None:
    good = [entry(n, f"https://api.shop.test/orders/{n}00", 200) for n in range(3)]
    bad = [entry(10 + n, f"https://api.shop.test/orders/{n}77?token=x", 503, 900) for n in range(5)]
    insights = read(har(*good, *bad, entry(20, "https://cdn.shop.test/logo.png", 404)))
    first, second = of_kind(insights, "http_errors")
    assert (first.component, first.attributes["route"], first.attributes["status"], first.count) == (
        "api.shop.test",
        "/orders/{id}",
        "503",
        5,
    )
    assert first.attributes["rate_during"] == 0.625
    assert "first failure of the recording" in first.text
    assert (second.attributes["status"], second.level) == ("404", "warning")
    assert "token" not in first.text + str(first.attributes)


def test_a_request_without_answer_is_told_with_the_browsers_reason() -> None:
    (fact,) = of_kind(read(har(entry(1, "https://pay.test/v1", 0, 30_000, error="net::ERR_CONNECTION_TIMED_OUT"))), "http_errors")
    assert "net::ERR_CONNECTION_TIMED_OUT" in fact.text
    assert "30.00 s" in fact.text


def test_a_recording_without_answers_tells_of_no_failure() -> None:
    asked = entry(1, "https://pay.test/v1", 0)
    del asked["response"]
    assert not of_kind(read(har(asked)), "http_errors")


def test_the_slowest_is_told_with_the_phase_that_took_its_time() -> None:
    timings = {"blocked": 5, "dns": 4000, "connect": 30, "ssl": 20, "send": 0, "wait": 100, "receive": -1}
    (fact,) = of_kind(
        read(har(entry(1, "https://api.test/x", 200, 4155, timings=timings), entry(2, "https://api.test/y", 200))), "slow_request"
    )
    assert (fact.attributes["phase"], fact.attributes["dns"], fact.attributes["seconds"]) == ("dns", 4.0, 4.155)
    assert "receive" not in fact.attributes


REFUSED = {
    "a preflight that is not allowed": (
        "cors",
        entry(1, "https://api.test/x", 403, method="OPTIONS", sent={"Origin": "https://shop.test"}),
    ),
    "an answer another origin may not read": ("cors", entry(1, "https://api.test/x", 200, sent={"Origin": "https://shop.test"})),
    "an insecure part of a secure page": ("mixed-content", entry(1, "http://cdn.test/a.js", 200, sent={"Referer": "https://shop.test/"})),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_browsers_refuse_is_told(what: str) -> None:
    rule, given = REFUSED[what]
    (fact,) = of_kind(read(har(given)), "web_finding")
    assert fact.attributes["rule"] == rule


def test_an_answer_that_allows_the_origin_is_none() -> None:
    given = entry(1, "https://api.test/x", 200, sent={"Origin": "https://shop.test"}, got={"Access-Control-Allow-Origin": "*"})
    assert not of_kind(read(har(given)), "web_finding")


def test_redirects_in_a_circle_are_told_once() -> None:
    circle = [entry(n, f"https://a.test/{'login' if n % 2 else 'home'}", 302, to="/x") for n in range(12)]
    found = [fact for fact in of_kind(read(har(*circle)), "web_finding") if fact.attributes["rule"] == "redirect-loop"]
    assert sorted(str(fact.attributes["route"]) for fact in found) == ["/home", "/login"]


def test_facts_point_at_the_lines_of_their_entry() -> None:
    text = har(entry(1, "https://a.test/ok", 200), entry(2, "https://a.test/bad", 500), indent=2)
    (fact,) = of_kind(read(text), "http_errors")
    cited = "\n".join(text.split("\n")[fact.citations[0].line_start - 1 : fact.citations[0].line_end])
    assert json.loads(cited.strip().rstrip(","))["request"]["url"] == "https://a.test/bad"


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"log": {"entries": [{"request": {"url": 5}, "response": []}, 7, null]}}',
        har(entry(1, "https://a.test/", 500))[:90],
        "{" * 999,
    ],
)
def test_damaged_recordings_give_an_answer(text: str) -> None:
    assert read(text).truncated
