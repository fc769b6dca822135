import pytest
from log_reading import clock, events, facts, insights

from faultmaven_events.consumers.process.logs.request import Request, read, route_of


def asked(line: str) -> Request | None:
    return read(events([line] * 3)[0])


IPV4 = "192.0.2.7"
CLF = f"{IPV4} - - [20/Nov/2026:05:26:42 +0000]"
PROXY = f"Nov 20 05:26:42 lb haproxy[4]: {IPV4}:5500 [20/Nov/2026:05:26:42.155] www shop/web-1 0/0/1/42/43 503 212 - - ---- 1/1/0/0/0 0/0"
JSON = '{"time":"2026-11-20T05:26:42Z",'
PLAIN = "2026-11-20 05:26:42 INFO [w1]"

REQUESTS = [
    (f'{CLF} "GET /api/orders/77?x=1 HTTP/1.1" 502 12', Request("GET", "/api/orders/*", 502, None, IPV4, None)),
    (f'{CLF} "POST /cart HTTP/1.1" 200 12 "-" "curl" rt=0.250 ua="10.0.0.1:80"', Request("POST", "/cart", 200, 0.25, IPV4, "10.0.0.1:80")),
    (f'{PROXY} "GET /cart HTTP/1.1"', Request("GET", "/cart", 503, 0.043, IPV4, "shop/web-1")),
    (
        JSON + '"msg":"request","method":"GET","path":"/cart/7","status":500,"ms":12.5,"ip":"192.0.2.7"}',
        Request("GET", "/cart/*", 500, 0.0125, IPV4, None),
    ),
    (JSON + '"m":"GET","u":"/cart","s":404,"rt":0.2,"up":"10.0.0.1:80"}', Request("GET", "/cart", 404, 0.2, None, "10.0.0.1:80")),
    (f"{PLAIN} GET /cart 200 in 35 ms", Request("GET", "/cart", 200, 0.035, None, None)),
    (f"{PLAIN} acme /partner/orders -> 429 window=300", Request(None, "/partner/orders", 429, None, "acme", None)),
    (JSON + '"msg":"search","duration_ms":70}', Request(None, None, None, 0.07, None, None)),
]


@pytest.mark.parametrize(("line", "request_"), REQUESTS, ids=[row[0][:50] for row in REQUESTS])
def test_requests_are_read_from_any_kind_of_log(line: str, request_: Request) -> None:
    found = asked(line)
    assert found is not None
    assert found.seconds == (None if request_.seconds is None else pytest.approx(request_.seconds))
    found.seconds = request_.seconds
    assert found == request_


@pytest.mark.parametrize("line", ["2026-11-20 05:26:42 INFO loaded /etc/shop.conf 200 lines", "2026-11-20 05:26:42 INFO order 7 created"])
def test_what_is_no_request_is_none(line: str) -> None:
    assert asked(line) is None


def test_a_route_has_no_query_and_no_ids() -> None:
    assert route_of("/api/v2/orders/7f3a/items?token=1") == "/api/v2/orders/*/items"


def access(second: float, path: str, status: int, client: int, seconds: float = 0.01) -> str:
    return f'192.0.2.{client} - - [20/Nov/2026:{clock(second)[:8]} +0000] "GET {path} HTTP/1.1" {status} 12 "-" "x" rt={seconds:.3f}'


def test_an_outage_of_one_route_is_told_with_its_onset_and_many_clients() -> None:
    lines = [access(n / 4, path, 500 if path == "/pay" and n >= 400 else 200, n % 23) for n in range(800) for path in ("/pay", "/cart")]
    found = {
        fact.attributes["route"]: fact for fact in facts(lines, "http_errors", "nginx-access.log") if fact.attributes["scope"] == "route"
    }
    assert set(found) == {"GET /pay"}
    pay = found["GET /pay"]
    assert pay.at is not None
    assert (pay.at.minute, pay.at.second) == (1, 40)
    assert (pay.attributes["rate_before"], pay.attributes["rate_during"], pay.attributes["clients"]) == (0.0, 1.0, 23)
    assert pay.attributes["top_client_share"] < 0.1
    assert pay.component == "nginx"
    assert pay.citations[0].line_start == 801


def test_a_scanner_is_told_from_an_outage_by_its_one_client() -> None:
    lines = [access(n / 4, "/cart", 200, n % 23) for n in range(400)]
    lines += [access(100 + n / 20, f"/{'abcdefgh'[n % 8]}dmin", 404, 99) for n in range(300)] + [access(120, "/cart", 200, 3)]
    (whole,) = [fact for fact in facts(lines, "http_errors") if fact.attributes["scope"] == "all"]
    assert (whole.attributes["status"], whole.attributes["clients"], whole.attributes["top_client_share"], whole.attributes["routes"]) == (
        404,
        1,
        1.0,
        8,
    )
    assert whole.level == "warning"


def test_a_route_that_became_slower_is_told() -> None:
    lines = [
        access(n / 4, path, 200, n % 9, 0.4 if path == "/pay" and n >= 300 else 0.01) for n in range(600) for path in ("/pay", "/cart")
    ]
    (slow,) = [fact for fact in facts(lines, "latency") if fact.attributes["scope"] == "route"]
    assert slow.attributes["route"] == "GET /pay"
    assert slow.attributes["p95_before"] == pytest.approx(0.01, rel=0.07)
    assert slow.attributes["p95_during"] == pytest.approx(0.4, rel=0.07)
    assert slow.at is not None
    assert abs(slow.at.minute * 60 + slow.at.second - 75) <= 1


def test_ordinary_traffic_is_no_finding() -> None:
    lines = [access(n / 4, ("/pay", "/cart")[n % 2], 200, n % 9, 0.01 + n % 7 / 1000) for n in range(600)]
    assert [fact.kind for fact in insights(lines, "nginx-access.log").facts] == []


def test_server_errors_count_as_errors_where_access_logs_have_no_level() -> None:
    found = insights([access(n, "/pay", 503 if n % 2 else 200, n) for n in range(10)])
    assert found.levels == {"info": 5, "error": 5}
