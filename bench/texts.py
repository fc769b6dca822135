"""Texts that are made anew for every run, from a seed: logs of services, sentences full of personal data, files of configuration.

Nothing in them is anybody's. Digits are checked where their owners check them (cards, IBANs), so that validators do their work; what looks
like a secret is put together here and was never one.
"""

import json
import random
import string
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

SERVICES: Final = ("orders", "billing", "catalog", "search", "ledger", "shipping", "gateway", "profile")
ACTIONS: Final = (
    "connection pool acquired", "cache miss for item", "retrying upstream call", "order accepted", "consumer rebalanced", "flushing batch",
    "health probe answered", "slow query", "circuit half open", "message acknowledged",
    "lease renewed", "token refreshed", "session resumed",
)  # fmt: skip
FIRST: Final = ("amara", "greta", "sanne", "jonas", "mila", "tariq", "noor", "pavel", "ines", "kofi")
LAST: Final = ("visser", "dahl", "aziz", "okafor", "novak", "lindqvist", "moreau", "tanaka", "silva", "weber")
START: Final = datetime(2026, 11, 20, 5, 24, tzinfo=UTC)
Line = Callable[[random.Random, datetime], str]


def _hex(rnd: random.Random, length: int) -> str:
    return f"{rnd.getrandbits(4 * length):0{length}x}"


def _uuid(rnd: random.Random) -> str:
    h = _hex(rnd, 32)
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:]}"


def _inside(rnd: random.Random) -> str:
    return f"10.{rnd.randrange(40, 44)}.{rnd.randrange(256)}.{rnd.randrange(1, 255)}"


def _outside(rnd: random.Random) -> str:
    return f"{rnd.choice((8, 45, 91, 185, 203))}.{rnd.randrange(256)}.{rnd.randrange(256)}.{rnd.randrange(1, 255)}"


def _mail(rnd: random.Random) -> str:
    return f"{rnd.choice(FIRST)}.{rnd.choice(LAST)}{rnd.randrange(1000)}@{rnd.choice(('mail.example', 'nordbox.com', 'post.co.uk'))}"


def _word(rnd: random.Random, length: int = 14) -> str:
    return "".join(rnd.choice(string.ascii_letters + string.digits) for _ in range(length))


def _json_line(rnd: random.Random, at: datetime) -> str:
    return json.dumps({
        "time": at.isoformat(timespec="milliseconds"), "level": rnd.choice(("info", "info", "info", "warn", "error")),
        "service": rnd.choice(SERVICES), "msg": rnd.choice(ACTIONS), "trace_id": _hex(rnd, 32), "span_id": _hex(rnd, 16),
        "order_id": rnd.randrange(10**6, 10**9), "duration_ms": round(rnd.expovariate(0.05), 2),
    })  # fmt: skip


def _logfmt(rnd: random.Random, at: datetime) -> str:
    return (
        f'ts={at:%Y-%m-%dT%H:%M:%SZ} level=info svc={rnd.choice(SERVICES)} msg="{rnd.choice(ACTIONS)}" req={_uuid(rnd)}'
        f" peer={_inside(rnd)}:{rnd.randrange(1024, 65535)} rows={rnd.randrange(500)} took={rnd.randrange(900)}ms"
    )


def _access(rnd: random.Random, at: datetime) -> str:
    path = rnd.choice(
        (f"/api/orders/{rnd.randrange(10**6)}", f"/api/items?page={rnd.randrange(90)}&size=50", f"/static/app.{_hex(rnd, 8)}.js")
    )
    return (
        f'{_inside(rnd)} - - [{at:%d/%b/%Y:%H:%M:%S} +0000] "GET {path} HTTP/1.1" {rnd.choice((200, 200, 200, 304, 404, 502))}'
        f' {rnd.randrange(90000)} "-" "Mozilla/5.0 (X11; Linux x86_64) Chrome/120.0.0.{rnd.randrange(200)}" rt=0.{rnd.randrange(999):03d}'
    )


def _java(rnd: random.Random, at: datetime) -> str:
    return (
        f"{at:%Y-%m-%d %H:%M:%S},{rnd.randrange(1000):03d} INFO  [http-nio-8080-exec-{rnd.randrange(20)}]"
        f" com.shop.{rnd.choice(SERVICES)}.Handler - {rnd.choice(ACTIONS)} id={rnd.randrange(10**12)} attempt={rnd.randrange(5)}"
    )


def _klog(rnd: random.Random, at: datetime) -> str:
    return (
        f"I{at:%m%d %H:%M:%S}.{rnd.randrange(10**6):06d}       1 reconciler.go:{rnd.randrange(900)}] operation started for volume"
        f' "pvc-{_uuid(rnd)}" pod "{rnd.choice(SERVICES)}-{_hex(rnd, 10)}-{_word(rnd, 5).lower()}"'
    )


def _syslog(rnd: random.Random, at: datetime) -> str:
    return (
        f"{at:%b %d %H:%M:%S} node{rnd.randrange(9)} kernel: [{rnd.randrange(10**6)}.{rnd.randrange(10**6):06d}]"
        f" eth0: link becomes ready, mac 00:1b:{_hex(rnd, 2)}:{_hex(rnd, 2)}:{_hex(rnd, 2)}:{_hex(rnd, 2)} seq={rnd.randrange(10**8)}"
    )


def _personal_line(rnd: random.Random, at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ} INFO auth - " + rnd.choice((
        f"login ok user={_mail(rnd)} ip={_outside(rnd)}", f"customer {_mail(rnd)} opened ticket {rnd.randrange(10**6)}",
        f"request from {_outside(rnd)} port {rnd.randrange(65535)} denied",
        f"refund to iban={iban(rnd)} queued", f"sms to +4917{rnd.randrange(10**8):08d} sent",
    ))  # fmt: skip


def _secret_line(rnd: random.Random, at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ} DEBUG conf - " + rnd.choice((
        f"using postgresql://app:{_word(rnd)}@db01:5432/shop", f"db.password={_word(rnd)} loaded",
        f"Authorization: Bearer {_word(rnd, 40)}",
        f"GET /hook?api_key={_hex(rnd, 32)} HTTP/1.1", "pushed with gh" + f"p_{_word(rnd, 36)}",
    ))  # fmt: skip


MIX: Final[tuple[tuple[Line, float], ...]] = (
    (_json_line, 30), (_logfmt, 20), (_access, 14.5), (_java, 15), (_klog, 7.5), (_syslog, 7.5), (_personal_line, 5), (_secret_line, 0.5),
)  # fmt: skip
"""Kinds of lines, and how many of a hundred they are."""


def logs(megabytes: float, seed: int = 1) -> str:
    """Make a log of several services: unique ids in every line, personal data in 5 % and secrets in 0.5 % of them."""
    rnd, at, size, lines = random.Random(seed), START, 0, []
    kinds, weights = zip(*MIX, strict=True)
    while size < megabytes * 1e6:
        at += timedelta(milliseconds=rnd.randrange(120))
        line = rnd.choices(kinds, weights)[0](rnd, at)
        size += len(line) + 1
        lines.append(line)
    return "\n".join(lines) + "\n"


def card(rnd: random.Random) -> str:
    """Make a card number with a right check digit (ISO/IEC 7812-1, annex B)."""
    digits = rnd.choice(("4", "51", "55")) + "".join(rnd.choice(string.digits) for _ in range(14))
    digits = digits[:15]
    total = sum(sum(divmod(int(d) * (2 - i % 2), 10)) for i, d in enumerate(reversed(digits)))
    return digits + str(-total % 10)


def iban(rnd: random.Random) -> str:
    """Make a German account number with right check digits (ISO 13616)."""
    account = "".join(rnd.choice(string.digits) for _ in range(18))
    return f"DE{98 - int(account + '131400') % 97:02d}{account}"


SENTENCES: Final[tuple[Callable[[random.Random], str], ...]] = (
    lambda r: f"Please send the invoice to {_mail(r)}, the old address no longer works.",
    lambda r: f"My card {card(r)} was charged twice last week, can you look into it?",
    lambda r: (
        f"You can reach me at ({r.randrange(201, 989)}) {r.randrange(201, 999)}-{r.randrange(10**4):04d} after five, or leave a message."
    ),
    lambda r: f"The login came from {_outside(r)} and I have never been to that country.",
    lambda r: f"Transfer the deposit to {iban(r)} until Friday.",
    lambda r: f"Her SSN is {r.randrange(100, 665):03d}-{r.randrange(10, 99)}-{r.randrange(1000, 9999)}, it is on the form.",
    lambda r: f"See https://www.{r.choice(LAST)}-{r.choice(LAST)}.com/help/{r.randrange(999)} for how to cancel it.",
    lambda r: f"Call our office in Bern on +41 44 {r.randrange(200, 999)} {r.randrange(10, 99)} {r.randrange(10, 99)} for an appointment.",
)


def sentences(kilobytes: float, seed: int = 2) -> list[str]:
    """Make sentences, each with one piece of personal data that is nowhere else."""
    rnd, size, made = random.Random(seed), 0, []
    while size < kilobytes * 1e3:
        made.append(rnd.choice(SENTENCES)(rnd))
        size += len(made[-1]) + 1
    return made


def config(kilobytes: float, seed: int = 3) -> str:
    """Make configuration in YAML, properties and nginx's language, with a secret in every twelfth line."""
    rnd, parts, size = random.Random(seed), [], 0
    while size < kilobytes * 1e3:
        name = rnd.choice(SERVICES)
        parts.append(
            f"{name}:\n  image: registry.example/{name}@sha256:{_hex(rnd, 64)}\n  replicas: {rnd.randrange(9)}\n  env:\n"
            f"    DB_HOST: db{rnd.randrange(9)}.internal\n    DB_PASSWORD: {_word(rnd)}\n    CACHE_TTL: 3{rnd.randrange(99)}s\n"
            f"server.port={rnd.randrange(1024, 9999)}\nspring.datasource.url=jdbc:postgresql://db{rnd.randrange(9)}:5432/{name}\n"
            f"logging.level.root=INFO\nlocation /api/{name}/ {{\n    proxy_pass http://{_inside(rnd)}:8080;\n"
            f"    proxy_read_timeout 30s;\n}}\n"
        )
        size += len(parts[-1])
    return "".join(parts)
