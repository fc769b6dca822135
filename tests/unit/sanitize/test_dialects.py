"""Secrets that only the grammar of a kind of file announces, and those that base64 covers."""

import base64

import pytest

from faultmaven_events.consumers.sanitize.long_lines import LongLines
from faultmaven_events.consumers.sanitize.redact import redact

KEY = bytes(range(32))
WORD = "hEk7WpQz" + "RtY2xLm9"


def hidden(text: str) -> str:
    return redact(text, key=KEY)[0]


@pytest.mark.parametrize(
    "line",
    [
        f'[{{rabbit, [{{default_user, <<"app">>}}, {{default_pass, <<"{WORD}">>}}]}}].',
        f'{{password, "{WORD}"}}',
        f"    stats auth admin:{WORD}",
        f"user app on >{WORD} ~* +@all",
        f"user app on #{WORD} ~* &* +@all -@dangerous",
        f"127.0.0.1:6379> ACL SETUSER app on >{WORD} ~cache:* +get",
        f"    proxy_set_header X-Api-Key {WORD};",
        f'    proxy_set_header X-Auth-Token "{WORD}";',
        f"    http-request set-header X-Api-Key {WORD}",
        f"  RequestHeader set X-Api-Key {WORD}",
        f'{{"key": "api_key", "value": {{"stringValue": "{WORD}"}}}}',
        f'{{\n  "key": "api_key",\n  "value": {{\n    "stringValue": "{WORD}"\n  }}\n}}',
        f'"Cmd": [\n  "shop",\n  "--password",\n  "{WORD}"\n]',
        f"password | {WORD}",
        f"| API token | `{WORD}` |",
    ],
)
def test_what_the_grammar_of_a_file_announces_is_hidden(line: str) -> None:
    assert WORD not in hidden(line)


@pytest.mark.parametrize(
    "line",
    [
        "09:10:01.000001 IP 151.185.161.109.443 > 136.183.154.184.51000: Flags [R.], seq 0, ack 2, win 0, length 0",
        "tcp4       0      0  10.0.0.5.52345     151.185.161.109.443    ESTABLISHED",
    ],
)
def test_an_address_with_a_port_behind_a_dot_is_hidden_and_the_port_stays(line: str) -> None:
    assert "151.185.161.109" not in hidden(line)
    assert ".443" in hidden(line)


@pytest.mark.parametrize("told", ["user jane.doe@customers-mail.com", f"password={WORD}", f'{{"access_token": "{WORD}", "n": 1}}'])
def test_base64_that_says_too_much_is_hidden_whole(told: str) -> None:
    text = base64.b64encode((told + " and some more text").encode()).decode()
    assert hidden(f'"text": "{text}", "encoding": "base64"') == '"text": "SECRET_encoded", "encoding": "base64"'


@pytest.mark.parametrize(
    "line",
    [
        base64.b64encode(b"the quick brown fox jumps over the lazy dog, twice").decode(),
        base64.b64encode(bytes(range(200))).decode(),
        "sha256:" + "0a1b2c3d" * 8,
        "/usr/lib/python3/dist-packages/some/very/long/path/that/goes/on/and/on",
        "user app on the way to the office",
        "user bob -> alice > carol",
        "{error, timeout}",
        '{state, <<"running">>}',
        "    proxy_set_header X-Real-IP $remote_addr;",
        "    proxy_set_header Authorization $http_authorization;",
        "| key | value |",
        "| password | required |",
        "stats auth",
        "version 1.2.3.4.5 > 1.2.3.4.4",
        '{"key": "service.name", "value": {"stringValue": "orders"}}',
    ],
)  # fmt: skip
def test_what_only_looks_like_it_stays(line: str) -> None:
    assert hidden(line) == line


def told(pieces: list[str], longest: int = 100, held: int = 10) -> tuple[str, int]:
    lines = LongLines(longest, held)
    return "".join([*(lines.take(piece) for piece in pieces), lines.rest()]), lines.cut


@pytest.mark.parametrize("size", [1, 7, 50, 1000])
def test_lines_come_through_whatever_the_pieces_and_what_is_too_long_is_cut_off(size: int) -> None:
    text = "short\n" + "x" * 90 + "\n\n" + "y" * 150 + "\nz\n" + "w" * 101
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    kept = "short\n" + "x" * 90 + "\n\n" + "y" * 100 + " [50 more characters of this line were left out]\nz\n" + "w" * 100
    assert told(pieces) == (kept + " [1 more characters of this line were left out]", 2)
