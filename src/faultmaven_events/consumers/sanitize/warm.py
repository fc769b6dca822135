"""Import this and the rules are warm: a worker process begins with what its first megabyte would otherwise pay for.

RE2 builds its automaton while it reads, phone numbers' regions are loaded when the first one comes, Presidio takes seconds to import. The
fork server of the workers imports this module once, and every worker begins with the result.
"""

from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from typing import Final

from faultmaven_events.consumers.sanitize import engine
from faultmaven_events.consumers.sanitize.mail import deliverable
from faultmaven_events.consumers.sanitize.redact import redact_chunk

REGIONS: Final = (
    1, 20, 27, 30, 31, 32, 33, 34, 36, 39, 40, 41, 43, 44, 45, 46, 47, 48, 49, 52, 54, 55, 61, 62,
    65, 81, 82, 86, 90, 91, 351, 353, 358, 420, 971, 972,
)  # fmt: skip
"""Country codes."""

MANUAL: Final = 40
"""Chapters of it that are read."""
TYPICAL: Final = """\
2026-11-20T05:24:00.123Z INFO [main-4] com.shop.orders.Handler - request id=6ba7b810-9dad-11d1-80b4-00c04fd430c8 took 12.5 ms, retry=3
Nov 20 05:24:01 node7 sshd[4711]: Accepted password for jdoe from 203.0.113.7 port 50122 ssh2
I1120 05:24:02.000123       1 reconciler.go:224] operation started for pod "orders-7d9f8b6c5-x2x7k" UID "0c9e1f2a-77aa-4b6c-9d2e"
10.40.1.1 - jane [20/Nov/2026:06:25:47 +0100] "GET /api/orders?page=2&user=7 HTTP/1.1" 502 12 "https://shop.example/cart" "Mozilla/5.0"
{"time":"2026-11-20T05:24:00Z","level":"error","service":"billing","msg":"Key not found","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"}
ts=2026-11-20T05:24:00Z level=warn svc=search msg="slow query" rows=17 peer=10.0.4.7:5432 user="Jane Doe" email=jane.doe@mail.example
    at com.shop.Gateway$Proxy.call(Gateway.java:117) ~[gateway-2.4.1.jar:?]  <- 0x00007f3a4c00 in libpthread.so.0 (+0x7ea7)
  File "/srv/app/main.py", line 34, in connect: password authentication failed; token=SECRET_token; Authorization: Bearer abc.def-123
postgresql://app:Pa55word@db01.internal:5432/shop?sslmode=require  redis://:secret@cache:6379/0  api_key: 9f86d081884c7d659a2feaa0c55ad015
image: registry.example/app@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 commit=3f2a9c1d8e7b6a5f4e3d2c1b0a
Please call our office on (212) 555-0134 or +44 20 7946 0958; my card 4111 1111 1111 1111 and IBAN DE89370400440532013000 are on the form.
My name is Jane Doe, I live at 12 High Street. Her social security number is 536-90-4399, his driver's license F255-921-50-094-0.
The quick brown fox jumps over the lazy dog, and then what? It looks as if every question about this machine could be answered by reading.
You should have received a message from our support team yesterday; just reply to it, or visit http://www.example.com/help for more details.
When did you first notice that something was wrong with your account, who else knows the passphrase, which phone do you use, and from where?
server_name: shop.example; location /api { proxy_pass http://10.0.0.4:8080; proxy_read_timeout 30s; } max_connections = 200 # per node
export AWS_REGION=eu-central-1; kubectl get pods -n shop --selector app=orders | grep -v Running; mysql -u root -h db01 --connect-timeout 5
fe80::1ff:fe23:4567:890a 2001:db8::8a2e:370:7334 00:1b:44:11:3a:b7 1732080240123 18446744073709551615 -0.0034e+12 12,345,678.90
<add key="mode" value="strict"/> <user name='x'>y</user> [section] a.b.c=true; k: [1, 2]; path: C:\\\\Windows\\\\temp ~/.ssh/config
"""
"""Lines of many kinds. What they find does not matter, only which ways through the automaton they have opened."""


def _shifted(text: str) -> str:
    """Return the lines again from every fourth of their words on: states depend on where a line begins."""
    words = [line.split(" ") for line in text.splitlines()]
    return "\n".join(chain.from_iterable((" ".join(line[i:]) for i in range(0, len(line), 4)) for line in words))


def _manual() -> Iterator[str]:
    """Yield some thousand lines of English and code: those of Python's own manual, where it is installed."""
    with suppress(ImportError):
        from pydoc_data import topics

        for _, text in sorted(topics.topics.items())[:MANUAL]:
            yield from text.splitlines()


deliverable("mail.example.com")
for _region in REGIONS:
    engine.dials(f"+{_region} 2079460958")
redact_chunk("\n".join((TYPICAL, _shifted(TYPICAL), TYPICAL.upper(), *_manual())), bytes(32), None)
