# ruff: noqa: E501 - samples are written as the tools print them
"""Logs and stack traces that say too much."""

import json
from collections.abc import Callable, Iterator

from e2e.canaries import Canaries


def _json_log(c: Canaries) -> str:
    told: list[dict[str, object]] = [
        {"msg": "login failed", "user": c.email(), "password": c.password(), "client": c.address()},
        {"msg": f"payment with card {c.card()} refused", "phone": c.phone(), "session_id": c.session()},
        {"msg": "calling billing", "headers": {"Authorization": f"Bearer {c.bearer()}", "Cookie": f"session={c.session()}"}},
        {"msg": f"cannot connect to {c.database()}: connection refused", "aws_access_key_id": c.aws(), "iban": c.iban()},
        {"msg": f"token {c.jwt()} has expired", "ssn": c.ssn()},
        {"msg": "GET /reset?email=" + c.email().replace("@", "%40") + "&token=" + c.bearer()},
        {"msg": json.dumps({"event": "signup", "email": c.email(), "password": c.password()})},
    ]
    lines: Iterator[dict[str, object]] = (
        {"time": f"2026-03-14T09:10:{n:02}Z", "level": "error", "service": "shop", **told[n % len(told)]} for n in range(14)
    )
    return "".join(json.dumps(line) + "\n" for line in lines)


def _logfmt(c: Canaries) -> str:
    return (
        f'time=2026-03-14T09:10:01Z level=error msg="login failed" user={c.email()} password={c.password()} ip={c.address()}\n'
        f'time=2026-03-14T09:10:02Z level=error msg="refund failed" iban={c.iban()} phone="{c.phone()}" api_key={c.bearer()}\n'
        f'time=2026-03-14T09:10:03Z level=error msg="webhook refused" authorization="Bearer {c.jwt()}" card={c.card()}\n'
        f'time=2026-03-14T09:10:04Z level=error msg="pool exhausted" dsn={c.database()}\n'
    )


def _plain(c: Canaries) -> str:
    return (
        f"2026-03-14 09:10:01,120 ERROR shop.login Login of {c.email()} from {c.address()} failed, password was '{c.password()}'\n"
        f"2026-03-14 09:10:02,120 ERROR shop.pay Card {c.card()} refused; call customer at {c.phone()}\n"
        f"2026-03-14 09:10:03,120 ERROR shop.deploy curl -u deploy:{c.password()} https://ci.internal/run failed\n"
        f"2026-03-14 09:10:04,120 ERROR shop.deploy push with {c.github()} rejected\n"
        f"2026-03-14 09:10:05,120 ERROR shop.db {c.database()} does not answer\n"
        f"java.lang.IllegalStateException: no account {c.iban()} for {c.email()}\n"
        f"\tat com.shop.Accounts.find(Accounts.java:42)\n"
    )


def _syslog(c: Canaries) -> str:
    return (
        f"<38>Mar 14 09:10:01 web1 sshd[811]: Failed password for invalid user admin from {c.address()} port 51234 ssh2\n"
        f"<85>Mar 14 09:10:02 web1 sudo: deploy : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/mysql -uroot -p{c.password()} shop\n"
        f"<22>Mar 14 09:10:03 web1 postfix/smtp[99]: 4BX: to=<{c.email()}>, relay=none, delay=30, status=deferred (timed out)\n"
        f"<30>Mar 14 09:10:04 web1 app[12]: rotating SECRET_KEY={c.bearer()} (old {c.bearer_of('token')})\n"
        f"<30>Mar 14 09:10:05 web1 cron[13]: (root) CMD (PGPASSWORD={c.password()} pg_dump -h db.internal shop)\n"
    )


def _access(c: Canaries) -> str:
    return "".join(
        f'{c.address()} - - [14/Mar/2026:09:10:{n:02} +0000] "GET /reset?email={c.email()}&token={c.bearer()} HTTP/1.1" 502 17 "-" "curl/8"\n'
        for n in range(6)
    )


def _csv(c: Canaries) -> str:
    rows = [f"2026-03-14T09:1{n}:00Z,{c.email()},{c.phone()},{c.password()},{c.card()},{c.address()},{n * 7}" for n in range(6)]
    return "\n".join(("time,email,phone,password,card_number,client_ip,failed_logins", *rows)) + "\n"


def _csv_log(c: Canaries) -> str:
    rows = [
        f'2026-03-14T09:1{n}:00Z,ERROR,shop.login,"Login of {c.email()} refused, password={c.password()}",{c.address()}' for n in range(8)
    ]
    return "\n".join(("timestamp,level,logger,message,client", *rows)) + "\n"


def _stack(c: Canaries) -> str:
    return (
        f"org.postgresql.util.PSQLException: FATAL: no account for {c.email()} (url {c.database()})\n"
        "\tat com.shop.Db.connect(Db.java:17)\n\tat com.shop.Orders.load(Orders.java:99)\n\tat com.shop.Main.main(Main.java:5)\n"
        f"Caused by: java.lang.IllegalArgumentException: bad token {c.jwt()}\n\tat com.shop.Auth.check(Auth.java:8)\n\t... 2 more\n"
    )


def _python(c: Canaries) -> str:
    return (
        "Traceback (most recent call last):\n"
        f'  File "/srv/shop/app.py", line 12, in login\n    client.login("{c.email()}", password="{c.password()}")\n'
        '  File "/srv/shop/client.py", line 80, in login\n    raise LoginError(f"refused: {headers}")\n'
        f"shop.LoginError: refused: {{'Authorization': 'Bearer {c.bearer()}', 'X-Api-Key': '{c.bearer()}'}}\n"
    )


def _multi_line(c: Canaries) -> str:
    return (
        "2026-03-14 09:10:01.001 INFO  shop.http Request\n  POST /login\n"
        f"  Authorization: Bearer {c.bearer()}\n  Cookie: session={c.session()}; theme=dark\n  X-Forwarded-For: {c.address()}\n"
        f'  {{\n    "email": "{c.email()}",\n    "password": "{c.password()}"\n  }}\n'
        f"2026-03-14 09:10:02.001 ERROR shop.http Answer 500\n{c.pem()}\n2026-03-14 09:10:03.001 INFO shop.http done\n"
    )


def _journal(c: Canaries) -> str:
    told = [f"login of {c.email()} failed", f"DB_PASSWORD={c.password()} is refused", f"token={c.bearer()} expired"]
    return "".join(
        f"__REALTIME_TIMESTAMP=17734794{n:02}000000\nPRIORITY=3\n_HOSTNAME=web1\nSYSLOG_IDENTIFIER=shop\n"
        f"_CMDLINE=/srv/shop --password {c.password()}\nMESSAGE={text}\n\n"
        for n, text in enumerate(told)
    )


def _klog(c: Canaries) -> str:
    return (
        f'E0314 09:10:01.120000       1 pull.go:42] "Failed to pull" err="401 for https://robot:{c.password()}@registry.internal/v2/"\n'
        f"I0314 09:10:02.120000       1 flags.go:64] FLAG: --token-auth-token={c.bearer()}\n"
        f"W0314 09:10:03.120000       1 mail.go:7] cannot notify {c.email()}: refused by {c.address()}:25\n"
    )


def _wide(c: Canaries) -> bytes:
    return _plain(c).encode("utf-16")


def _latin(c: Canaries) -> bytes:
    return b"2026-03-14 09:10:00,120 ERROR shop.login gro\xdfer b\xfcro-fehler\n" + _plain(c).encode()


WRITERS: dict[str, Callable[[Canaries], str | bytes]] = {
    "shop.jsonl": _json_log,
    "shop.logfmt": _logfmt,
    "shop.log": _plain,
    "messages": _syslog,
    "access.log": _access,
    "customers.csv": _csv,
    "shop-log.csv": _csv_log,
    "stack.txt": _stack,
    "traceback.txt": _python,
    "requests.log": _multi_line,
    "journal.export": _journal,
    "kubelet.log": _klog,
    "wide.log": _wide,
    "latin.log": _latin,
}
