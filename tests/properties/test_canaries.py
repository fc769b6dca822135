"""Values that must not survive, put into random places of random structured texts."""

import json
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faultmaven_events.consumers.sanitize.redact import redact

KEY = bytes(range(32))
QUICK = settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])

SECRETS = st.from_regex(r"[A-Z][a-z]{3,6}[0-9]{3}[A-Za-z]{2}[0-9][A-Z][a-z]{4,8}", fullmatch=True)
MAILS = st.from_regex(r"[a-z]{5,8}\.[a-z]{5,8}", fullmatch=True).map(lambda local: f"{local}@customers-mail.com")
KEYS = st.sampled_from(("password", "db_password", "apiKey", "API_TOKEN", "client_secret", "smtp.password", "access-token", "authToken"))
OTHERS = st.sampled_from(("name", "level", "msg", "host", "port", "items", "status", "path", "took_ms"))
PLAIN = st.one_of(
    st.integers(0, 10**6), st.booleans(), st.none(), st.sampled_from(("ok", "a b", "10.0.0.1", "x=1", "it's", 'say "hi"', "日本", ""))
)


@st.composite
def planted(draw: st.DrawFn) -> tuple[Any, list[str]]:
    """Return a nested value, and the secrets and addresses in it."""
    hidden: list[str] = []

    def value(depth: int) -> Any:
        kind = draw(st.integers(0, 7 if depth else 3))
        if kind in {0, 1}:
            return draw(PLAIN)
        if kind == 2:
            hidden.append(draw(MAILS))
            return f"{draw(st.sampled_from(('', 'mail to ', '<', 'user=')))}{hidden[-1]}"
        if kind == 3:
            hidden.append(draw(SECRETS))
            return f"{draw(st.sampled_from(('login with password=', 'token: ', 'Authorization: Bearer ', 'https://app:')))}{hidden[-1]}@db"
        if kind == 4:
            return [value(depth - 1) for _ in range(draw(st.integers(0, 3)))]
        members = {draw(OTHERS): value(depth - 1) for _ in range(draw(st.integers(0, 3)))}
        if draw(st.booleans()):
            hidden.append(draw(SECRETS))
            members[draw(KEYS)] = hidden[-1]
        return members

    return value(3), hidden


WRITTEN: dict[str, Callable[[Any], str]] = {
    "a line of JSON": json.dumps,
    "JSON": lambda value: json.dumps(value, indent=2),
    "JSON in JSON": lambda value: json.dumps({"msg": json.dumps(value), "n": 1}),
    "Python": repr,
    "a log": lambda value: f"2026-03-14 09:10:01 ERROR shop failed: {json.dumps(value)}",
    "logfmt": lambda value: f"time=2026-03-14T09:10:01Z level=error msg={json.dumps(json.dumps(value))}",
}


@QUICK
@given(planted(), st.sampled_from(sorted(WRITTEN)))
def test_no_planted_value_survives_in_a_structured_text(found: tuple[Any, list[str]], form: str) -> None:
    value, hidden = found
    text = WRITTEN[form](value)
    result = redact(text, key=KEY)[0]
    assert [each for each in hidden if each.partition("@")[0] in result] == []
    assert result.count("\n") == text.count("\n")


@QUICK
@given(
    st.lists(st.tuples(KEYS, SECRETS, MAILS), min_size=1, max_size=6),
    st.sampled_from(("{}={}", "{}: {}", "export {}='{}'", "  {}: '{}'", '{} = "{}"', "--{} {}")),
)
def test_no_planted_value_survives_line_by_line(rows: list[tuple[str, str, str]], form: str) -> None:
    text = "".join(f"# ask {mail}\n{form.format(key, secret)}\n" for key, secret, mail in rows)
    result = redact(text, key=KEY)[0]
    assert [secret for _, secret, _ in rows if secret in result] == []
    assert [mail for _, _, mail in rows if mail in result] == []
