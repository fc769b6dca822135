"""What a strict setting hides beside all else, and what stays so that a report can tell components apart."""

import pytest

from faultmaven_events.consumers.sanitize.redact import Piece, Terms, redact_chunk
from faultmaven_events.infra.vault import Restoring, unpack

KEY, OTHER = bytes(32), bytes([1] * 32)
STRICT = Terms(strict=True, kept=True)


def clean(text: str, key: bytes = KEY) -> Piece:
    return redact_chunk(text, key, None, STRICT)


@pytest.mark.parametrize(
    ("line", "gone", "stays"),
    [
        ("dial orders-1.shop.internal:8443 failed", "orders-1.shop", ".internal:8443 failed"),
        ("GET https://pay.northwind-bank.com/ failed", "northwind", ".com/ failed"),
        ("orders.shop.svc.cluster.local refused", "orders.shop", ".local refused"),
        ("Nov 20 05:24:01 node7 sshd[4711]: session opened", "node7", " sshd[4711]: session opened"),
        ("2026-11-20T05:24:00Z rack2 kernel: link up", "rack2", " kernel: link up"),
        ('level=warn host=db01 msg="slow"', "db01", 'msg="slow"'),
        ('{"hostname": "db01", "level": "warn"}', "db01", '"level": "warn"'),
        ("connect db01:5432: refused", "db01", ":5432: refused"),
        ("redis://cache/0 is away", "cache", " is away"),
        ("dial tcp 10.0.4.7:5432: i/o timeout", "10.0.4.7", ":5432: i/o timeout"),
        ("peer fd00::4:7 left", "fd00::4:7", " left"),
        ("link/ether 00:1b:44:11:3a:b7 up", "00:1b:44:11:3a:b7", " up"),
        ('"GET /tenants/northwind/17?plan=gold&x=1 HTTP/1.1" 502', "northwind", '" 502'),
        ('"GET /tenants/17?plan=gold&x=1 HTTP/1.1" 502', "gold", "?plan="),
        ("cd /home/jdoe-svc/app", "jdoe", "/app"),
    ],
)
def test_it_hides_what_describes_the_system(line: str, gone: str, stays: str) -> None:
    assert redact_chunk(line, KEY, None).text.count(gone) or gone == "gold"  # readable by default
    assert gone not in clean(line).text
    assert stays in clean(line).text


@pytest.mark.parametrize(
    "line",
    [
        "at com.shop.orders.Handler.run(Handler.java:117)", 'File "/srv/app/main.py", line 34, in connect', "listening on 127.0.0.1:8080",
        "connect localhost:5432", "netmask 255.255.255.0", "bind 0.0.0.0:80", "version v1.2.3 of app-2.4.1.jar", "took 12.5 ms, retry=3",
        "2026-11-20T05:24:00.123Z INFO checkout: order accepted", "main.rs:10:5", "exit code 17", "cpu 12.5% mem 300Mi", "node.js 20.1.0",
        "host=localhost", "see README.md and setup.sh",
    ],
)  # fmt: skip
def test_what_names_no_machine_stays(line: str) -> None:
    assert clean(line).text == line


def test_components_can_be_told_apart() -> None:
    text = "host=db01 up\nhost=db02 up\nconnect db01:5432\nconnect DB01:5432\n"
    first, second, third, fourth = (word for word in clean(text).text.replace("=", " ").replace(":", " ").split() if "HOST_" in word)
    assert first == third == fourth
    assert first != second
    assert first not in clean(text, OTHER).text


def test_addresses_of_one_network_share_a_token_and_paths_their_beginning() -> None:
    one, two, far = (clean(f"from {address}").text for address in ("10.0.4.7", "10.0.4.8", "10.0.5.7"))
    assert one != two
    assert one.rpartition("_")[0] == two.rpartition("_")[0] != far.rpartition("_")[0]
    orders, carts = (clean(f"GET /api/{name} HTTP/1.1").text.split("/") for name in ("orders", "carts"))
    assert orders[1] == carts[1]
    assert orders[2] != carts[2]


TEXT = "\n".join((
    "Nov 20 05:24:01 node7 sshd[4711]: Accepted password for x from 203.0.113.7", "host=db01 peer=10.0.4.7:5432 mac 00:1b:44:11:3a:b7",
    "https://jane@shop.acme-corp.com/cart/12?q=abc&token=" + "x9K2" * 6, "GET /a/b;v=1/jane.doe@mail.example?u=203.0.113.9 HTTP/1.1",
))  # fmt: skip


def test_a_second_run_changes_nothing() -> None:
    once = clean(TEXT).text
    assert clean(once).text == once


def test_it_can_be_undone_but_for_secrets() -> None:
    done = clean(TEXT)
    back = Restoring([unpack(done.packed)]).text(done.text)
    assert back == TEXT.replace("x9K2" * 6, "SECRET_token")
