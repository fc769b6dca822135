# ruff: noqa: E501 - samples are written as the tools print them
"""Metrics, traces and captures whose labels and attributes hold what they should not."""

import base64
import json
from collections.abc import Callable
from typing import Any

from e2e.canaries import Canaries


def _series(c: Canaries) -> str:
    address, mail = c.address(), c.email()
    rows = [f"2026-03-14T09:{n:02}:00Z,{address},{mail},{100 if n > 20 else 5}" for n in range(40)]
    return "\n".join(("time,instance,owner,errors", *rows)) + "\n"


def _prometheus(c: Canaries) -> str:
    return (
        "# HELP logins_total Logins.\n# TYPE logins_total counter\n"
        f'logins_total{{user="{c.email()}",client="{c.address()}"}} 7\nlogins_total{{user="{c.email()}",token="{c.bearer()}"}} 9\n'
        f'# TYPE up gauge\nup{{instance="{c.address()}:9100",dsn="{c.database()}"}} 1\n'
    )


def _statsd(c: Canaries) -> str:
    return "".join(
        f"shop.login:1|c|#user:{c.email()},client:{c.address()},password:{c.password()}\nshop.wait:{n}|ms|#route:/x\n" for n in range(6)
    )


def _influx(c: Canaries) -> str:
    mail, token = c.email(), c.bearer()
    return "".join(f"logins,user={mail},token={token},host=web1 count={n}i 17734794{n:02}000000000\n" for n in range(10, 40))


def _answer(c: Canaries) -> str:
    metric = {"__name__": "logins", "user": c.email(), "api_key": c.bearer(), "instance": f"{c.address()}:80"}
    values = [[1773479400 + 60 * n, str(n % 5)] for n in range(40)]
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": [{"metric": metric, "values": values}]}})


def _said(c: Canaries) -> dict[str, str]:
    """What instrumentation puts into the attributes of spans."""
    return {
        "db.statement": f"SELECT * FROM users WHERE email = '{c.email()}' AND password = '{c.password()}'",
        "db.connection_string": c.database(),
        "http.url": f"https://shop.internal/reset?token={c.bearer()}&email={c.email()}",
        "http.request.header.authorization": f"Bearer {c.jwt()}",
        "http.request.header.cookie": f"session={c.session()}; a=b",
        "enduser.id": c.email(),
        "net.peer.ip": c.address(),
        "exception.message": f"login of {c.email()} refused: password={c.password()}",
        "api_key": c.bearer(),
    }


def _otlp(c: Canaries) -> str:
    def attributes(values: dict[str, str]) -> list[dict[str, Any]]:
        return [{"key": key, "value": {"stringValue": value}} for key, value in values.items()]

    spans = [
        {
            "traceId": f"{n:032x}",
            "spanId": f"{n:016x}",
            "name": "POST /login",
            "kind": 2,
            "startTimeUnixNano": str(1773479400000000000 + n * 10**9),
            "endTimeUnixNano": str(1773479401000000000 + n * 10**9),
            "attributes": attributes(_said(c)),
            "events": [{"timeUnixNano": str(1773479400000000000), "name": "exception", "attributes": attributes(_said(c))}],
            "status": {"code": 2, "message": f"no account {c.email()}, token={c.bearer()}"},
        }
        for n in range(1, 4)
    ]
    resource = {"attributes": attributes({"service.name": "shop", "host.ip": c.address(), "owner": c.email()})}
    return json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]})


def _jaeger(c: Canaries) -> str:
    spans = [
        {
            "traceID": f"{n:032x}",
            "spanID": f"{n:016x}",
            "operationName": "GET /orders",
            "startTime": 1773479400000000 + n,
            "duration": 1200,
            "processID": "p1",
            "references": [],
            "tags": [{"key": key, "type": "string", "value": value} for key, value in {**_said(c), "error": "true"}.items()],
            "logs": [{"timestamp": 1773479400000000, "fields": [{"key": k, "type": "string", "value": v} for k, v in _said(c).items()]}],
        }
        for n in range(1, 4)
    ]
    process = {"serviceName": "shop", "tags": [{"key": "ip", "type": "string", "value": c.address()}]}
    return json.dumps({"data": [{"traceID": f"{1:032x}", "spans": spans, "processes": {"p1": process}}]})


def _zipkin(c: Canaries) -> str:
    return json.dumps(
        [
            {
                "traceId": f"{n:032x}",
                "id": f"{n:016x}",
                "name": "post /pay",
                "kind": "SERVER",
                "timestamp": 1773479400000000 + n,
                "duration": 90_000,
                "localEndpoint": {"serviceName": "shop", "ipv4": c.address()},
                "remoteEndpoint": {"ipv4": c.address(), "port": 443},
                "annotations": [{"timestamp": 1773479400000000, "value": f"refused {c.email()}"}],
                "tags": {**_said(c), "error": f"password={c.password()}"},
            }
            for n in range(1, 4)
        ]
    )


def _har(c: Canaries) -> str:
    def named(**values: str) -> list[dict[str, str]]:
        return [{"name": name.replace("_", "-"), "value": value} for name, value in values.items()]

    token, session, mail = c.bearer(), c.session(), c.email()
    body = json.dumps({"token": c.bearer(), "user": {"email": c.email(), "phone": c.phone()}})
    packed = base64.b64encode(json.dumps({"access_token": c.bearer(), "password": c.password()}).encode()).decode()
    request = {
        "method": "POST",
        "url": f"https://shop.example.com/login?access_token={token}&mail={mail}",
        "httpVersion": "HTTP/2",
        "headers": named(Authorization=f"Bearer {c.jwt()}", Cookie=f"session={session}", X_Api_Key=c.bearer(), X_Forwarded_For=c.address()),
        "cookies": named(session=session, auth=c.bearer()),
        "queryString": named(access_token=token, mail=mail),
        "postData": {
            "mimeType": "application/json",
            "text": json.dumps({"username": c.email(), "password": c.password(), "card": c.card()}),
            "params": named(password=c.password(), otp_secret=c.bearer()),
        },
    }
    answer = {
        "status": 500,
        "statusText": "Internal Server Error",
        "headers": named(Set_Cookie=f"session={c.session()}; HttpOnly"),
        "cookies": named(session=c.session()),
        "content": {"size": 99, "mimeType": "application/json", "text": body},
    }
    hidden = {**answer, "content": {"size": 99, "mimeType": "application/json", "encoding": "base64", "text": c(packed)}}
    entries = [
        {
            "startedDateTime": f"2026-03-14T09:10:0{n}Z",
            "time": 900,
            "serverIPAddress": c.address(),
            "request": request,
            "response": one,
            "timings": {"wait": 890},
        }
        for n, one in enumerate((answer, hidden))
    ]
    return json.dumps({"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": entries}}, indent=1)


def _packets(c: Canaries) -> str:
    one, two = c.address(), c.address()
    return (
        f"09:10:01.000001 IP {one}.51000 > {two}.443: Flags [S], seq 1, win 64240, length 0\n"
        f"09:10:02.000001 IP {two}.443 > {one}.51000: Flags [R.], seq 0, ack 2, win 0, length 0\n"
        f"09:10:03.000001 IP {one}.51002 > {two}.80: Flags [P.], seq 1:90, ack 1, win 502, length 89: HTTP: GET /?token={c.bearer()} HTTP/1.1\n"
        f"Authorization: Bearer {c.bearer()}\nCookie: session={c.session()}\n"
    )


WRITERS: dict[str, Callable[[Canaries], str | bytes]] = {
    "errors.csv": _series,
    "scrape.prom": _prometheus,
    "statsd.txt": _statsd,
    "logins.influx": _influx,
    "range.json": _answer,
    "spans.json": _otlp,
    "jaeger.json": _jaeger,
    "zipkin.json": _zipkin,
    "browser.har": _har,
    "tcpdump.txt": _packets,
}
