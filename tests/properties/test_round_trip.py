"""What pseudonyms stand for comes back byte for byte: whole texts through the vault's records, whatever was in them."""

import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faultmaven_events.consumers.sanitize.chunks import Chunks
from faultmaven_events.consumers.sanitize.places import one_way
from faultmaven_events.consumers.sanitize.redact import Terms, redact_chunk
from faultmaven_events.infra.vault import Naming, Restoring, found, unpack

KEY = bytes(range(32))
KEPT = Terms(kept=True)
SPEED = settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
ONE_WAY = re.compile(r"SECRET_[a-z_]+|SESSION_[0-9a-f]{8}")

VALUES = (
    "jane@mail.example", "JANE@mail.example", "jane%40mail.example", "203.0.113.7", "2001:db8::7", "+49 30 901820", "+49-30-901820",
    "4485 0874 7582 4937", "4485087475824937", "Jane Doe", "jane doe", "536-90-4399", "DE89370400440532013000", "/home/jdoe/app/x.py",
)  # fmt: skip
TOKENS = ("EMAIL_3fa2c1d4@x.example", "PHONE_3fa2c1d4", "IP_3fa2c1_3fa2c1", "USER_3fa2c1d4", "SECRET_password")
WORDS = st.sampled_from(
    (
        *VALUES,
        *TOKENS,
        *(
            "phone",
            "mobile: ",
            "name=",
            'user: "',
            "{",
            '"phone": ',
            "}",
            "password=",
            "hunter2",
            "Bearer ",
            "card",
            "call ",
            "session_id=",
        ),
        *(" ", ", ", "\n", "\r\n", "\t", "\x00", "\x85", "é", "日本", "\ud800", "10.0.0.1", "GET /home/x", "a1b2c3d4e5f6"),
    )
)
TEXTS = st.one_of(st.lists(WORDS, max_size=30).map("".join), st.text(max_size=200))


def there_and_back(text: str, size: int = 1 << 20) -> tuple[str, str, set[str]]:
    """Return the sanitized text, the restored one, and the types that were found."""
    chunks = Chunks(size)
    pieces = [redact_chunk(piece, KEY, None, KEPT) for piece in (*chunks.feed(text), chunks.rest())]
    sanitized = "".join(piece.text for piece in pieces)
    return sanitized, Restoring([unpack(piece.packed) for piece in pieces]).text(sanitized), {t for piece in pieces for t in piece.counts}


@SPEED
@given(TEXTS, st.sampled_from([20, 60, 1 << 20]))
def test_what_is_restored_is_what_was_handed_in_but_for_secrets(text: str, size: int) -> None:
    text = text.encode(errors="replace").decode()
    sanitized, restored, types = there_and_back(text, size)
    assert sanitized.count("\n") == restored.count("\n") == text.count("\n")
    if not any(map(one_way, types)):
        assert restored == text
    for before, hidden, after in zip(text.split("\n"), sanitized.split("\n"), restored.split("\n"), strict=True):
        assert after == before or ONE_WAY.search(hidden)


@SPEED
@given(st.lists(st.sampled_from(VALUES), min_size=1, max_size=8))
def test_every_place_gets_its_own_spelling_back(values: list[str]) -> None:
    text = "\n".join(f'{{"phone": "{value}", "n": {index}}} phone {value}' for index, value in enumerate(values))
    assert there_and_back(text)[1] == text


@SPEED
@given(st.text("abcdefghijklmnop0123456789_#!", min_size=6, max_size=30))
def test_a_secret_is_in_no_record(secret: str) -> None:
    text = f"login jane@mail.example password={secret} from 203.0.113.7\nAuthorization: Bearer {secret}\n"
    piece = redact_chunk(text, KEY, None, KEPT)
    if secret not in piece.text:
        assert all(secret not in original for _, original in unpack(piece.packed).pairs)


def test_a_token_that_came_with_the_text_is_not_taken_for_one_of_ours() -> None:
    sanitized, _, _ = there_and_back("jane@mail.example")
    text = f"jane@mail.example and {sanitized} from an older report\n"
    assert there_and_back(text)[1] == text


def test_a_bare_number_of_json_gets_rid_of_its_quotes_again() -> None:
    text = '{"phone": 4930901820, "ms": 3}\n'
    sanitized, restored, _ = there_and_back(text)
    assert sanitized.startswith('{"phone": "PHONE_')
    assert restored == text


def test_a_report_gets_values_for_its_tokens_whatever_stands_around_them() -> None:
    piece = redact_chunk("jane@mail.example 203.0.113.7 /home/jdoe/x phone +49 30 901820\n", KEY, None, KEPT)
    report = {"headline": f"({piece.text.strip()})", "lines": [piece.text[:14], "PHONE_00000000"], "n": 3}
    naming = Naming(found(report))
    naming.add(unpack(piece.packed))
    shown = naming.apply(report)
    assert shown["headline"] == "(jane@mail.example 203.0.113.7 /home/jdoe/x phone +49 30 901820)"
    assert shown["lines"] == ["jane", "PHONE_00000000"]
    assert (shown["n"], naming.restored) == (3, 5)


def test_a_token_of_two_values_stays_and_is_named() -> None:
    from faultmaven_events.infra.vault import Record

    naming = Naming({"PHONE_3fa2c1d4", "PERSON_3fa2c1d4"})
    naming.add(Record(1, [["PHONE_3fa2c1d4", "+49 30 901820"], ["PERSON_3fa2c1d4", "Jane Doe"]]))
    naming.add(Record(1, [["PHONE_3fa2c1d4", "+49 30 777777"], ["PERSON_3fa2c1d4", "jane  DOE"]]))
    assert naming.apply("PHONE_3fa2c1d4 PERSON_3fa2c1d4") == "PHONE_3fa2c1d4 Jane Doe"
    assert naming.ambiguous == {"PHONE_3fa2c1d4"}
