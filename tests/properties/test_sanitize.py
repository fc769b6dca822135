"""What holds of `redact` for any text: lines stay, it is idempotent and deterministic, and planted values never survive."""

import json

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from faultmaven_events.consumers.sanitize.chunks import Chunks
from faultmaven_events.consumers.sanitize.redact import redact, redact_chunk

KEY = bytes(range(32))
SPEED = settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)

JWT = "eyJ" + "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NSJ9.abc"
BEGIN, END = "-----BEGIN RSA " + "PRIVATE KEY-----", "-----END RSA " + "PRIVATE KEY-----"
KEYS = "password token api_key secret name email phone user call card Bearer Cookie Authorization login value is"
MARKS = """= : " ' , ; & ? @ :// / { } [ ( < > - -- | \\" """
WORDS = st.sampled_from(
    (
        *KEYS.split(),
        *MARKS.split(),
        *(": ", " ", "is ", "\n", "\r\n", "\t", "\u2028", "\x85", "\x00", "é", "日本"),
        *("Winter2024!", "hunter2", "jane@mail.example", "203.0.113.7", "10.0.0.1", "4485087475824937", "467 3395", "+4930901820"),
        *("Jane Doe", "db01.example.com", JWT, BEGIN, END, "MIIBOgIBAAJBAJtFfagSXdo0"),
        *("kind: Secret\n", "data:\n", "stringData:\n", "  key: d2ludGVy\n", "  key: |\n    ", '{"kind":"Secret","data":{"a":"', "---\n"),
        *(
            "| user | password |\n",
            "|---|---|\n",
            "| jane | ",
            "INSERT INTO t (id, password) VALUES (1, '",
            "NHS ",
            "401 023 2137",
            "IBAN ",
        ),
        *(
            "<td>password</td>",
            "<td>",
            "</td>",
            'variable "db_password" {\n',
            "default = ",
            "set(",
            '"--token", "',
            "Private-Lines: 2\n",
            "\x0c",
        ),
        *("SECRET_password", "EMAIL_3fa2c1d4@x.example", "PHONE_3fa2c1d4", "IP_3fa2c1_3fa2c1"),
    )
)
TEXTS = st.one_of(st.lists(WORDS, max_size=24).map("".join), st.text(max_size=300))


@SPEED
@given(TEXTS)
def test_lines_and_their_ends_stay(text: str) -> None:
    result, receipt = redact(text, key=KEY)
    assert result.count("\n") == text.count("\n")
    assert [line.endswith("\r") for line in result.split("\n")] == [line.endswith("\r") for line in text.split("\n")]
    assert receipt.lines == len(text.split("\n")) - (not text or text.endswith("\n"))


@SPEED
@given(TEXTS)
def test_a_second_run_changes_nothing(text: str) -> None:
    once = redact(text, key=KEY)[0]
    assert redact(once, key=KEY)[0] == once


@SPEED
@given(TEXTS)
def test_equal_input_gives_equal_output(text: str) -> None:
    assert redact(text, key=KEY) == redact(text, key=KEY)


SPREAD = ("Secret", "Private-Lines", "---|", "variable")
"""What spreads over many lines: a piece has room for it, unless it is as small as here."""


@SPEED
@given(st.lists(WORDS, max_size=80).map("".join), st.integers(20, 200))
def test_pieces_give_the_same_as_the_whole_unless_a_block_is_longer_than_a_piece(text: str, size: int) -> None:
    text = text.replace(BEGIN, "").replace(END, "")
    assume(not any(word in text for word in SPREAD))
    chunks = Chunks(size)
    pieces = [*chunks.feed(text), chunks.rest()]
    assert "".join(pieces) == text
    assert "".join(redact_chunk(piece, KEY, None)[0] for piece in pieces) == redact_chunk(text, KEY, None)[0]


def _card(digits: str) -> str:
    """Append the check digit (ISO/IEC 7812-1, annex B)."""
    total = sum(sum(divmod(int(d) * (2 - i % 2), 10)) for i, d in enumerate(reversed(digits)))
    return digits + str(-total % 10)


LETTERS = st.text("abcdefghijklmnopqrstuvwxyz", min_size=3, max_size=9)
EMAILS = st.builds(
    "{}.{}{}@{}.{}".format, LETTERS, LETTERS, st.integers(0, 99), LETTERS, st.sampled_from(["example", "com", "co.uk", "local", "de"])
)
CARDS = st.builds(
    lambda head, rest: _card(head + rest), st.sampled_from(["4", "51", "55"]), st.text("0123456789", min_size=14, max_size=14)
).map(lambda digits: _card(digits[:15]))
ADDRESSES = st.builds(
    "{}.{}.{}.{}".format, st.sampled_from([8, 45, 91, 185, 203]), st.integers(0, 255), st.integers(0, 255), st.integers(1, 254)
)
PHONES = st.builds("+49 30 {}".format, st.integers(1_000_000, 99_999_999))
NAMES = st.builds("{} {}".format, LETTERS.map(str.title), LETTERS.map(str.title))
PASSWORDS = st.from_regex(r"[A-Za-z]{3,8}[0-9]{2,4}[!#_.-]?[A-Za-z0-9]{2,6}", fullmatch=True)
OPAQUE = st.text("0123456789abcdef", min_size=24, max_size=40).filter(lambda value: not value.isdigit() and not value.isalpha())

PLANTS = {
    "email": EMAILS,
    "card": CARDS,
    "client_ip": ADDRESSES,
    "phone": PHONES,
    "customer_name": NAMES,
    "db_password": PASSWORDS,
    "api_key": OPAQUE,
}
WRAPPINGS = {
    "json": lambda key, value: json.dumps({"level": "info", key: value, "ms": 3}),
    "json in json": lambda key, value: json.dumps({"msg": json.dumps({key: value}), "ms": 3}),
    "logfmt": lambda key, value: (
        f'ts=2026-11-20T05:24:00Z level=info {key}="{value}" ms=3' if " " in value else f"level=info {key}={value} ms=3"
    ),
    "csv": lambda key, value: f"id,{key},ms\n7,{value},3",
    "yaml": lambda key, value: f"level: info\n{key}: {value}\nms: 3",
    "nested yaml": lambda key, value: f"app:\n  - {key}: '{value}'\n    ms: 3",
    "env": lambda key, value: f"{key.upper()}={value}\nX=1",
    "python": lambda key, value: repr({key: value, "ms": 3}),
    "xml": lambda key, value: (
        f"<row><{key}>{value}</{key}><ms>3</ms></row>"
        if key in {"db_password", "api_key", "email", "card", "client_ip"}
        else f'{key}="{value}"'
    ),
}


@pytest.mark.parametrize("wrapping", WRAPPINGS)
@pytest.mark.parametrize("key", PLANTS)
def test_a_planted_value_never_survives(key: str, wrapping: str) -> None:
    @settings(max_examples=25, deadline=None, derandomize=True)
    @given(PLANTS[key])
    def holds(value: str) -> None:
        text = WRAPPINGS[wrapping](key, value)
        result = redact(text, key=KEY)[0]
        assert value not in result
        if wrapping == "json":
            assert set(json.loads(result)) == set(json.loads(text))

    holds()
