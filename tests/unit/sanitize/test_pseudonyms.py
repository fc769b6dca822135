"""Tokens fit wherever the value stood, and keys are a tenant's own."""

import json

from faultmaven_events.consumers.sanitize.pseudonyms import TOKEN, tenant_key, token

MASTER = bytes(range(32))


def test_each_tenant_has_a_key_of_its_own() -> None:
    assert tenant_key(MASTER, "acme") == tenant_key(MASTER, "acme") != tenant_key(MASTER, "umbrella")
    assert len(tenant_key(MASTER, "acme")) == 32


def test_a_token_needs_no_quotes_anywhere() -> None:
    for type_, value in (
        ("PERSON", "Jane Doe"),
        ("IP_ADDRESS", "2001:db8::1"),
        ("SECRET_API_KEY", "x"),
        ("CREDIT_CARD", "4485 0874 7582 4937"),
    ):
        made = token(MASTER, type_, value)
        assert TOKEN.fullmatch(made)
        assert json.loads(f'"{made}"') == made
        assert not set(made) & set("\"' ,;=:<>&|\\")


def test_a_secret_leaves_nothing_of_itself() -> None:
    assert token(MASTER, "SECRET_PASSWORD", "hunter2") == token(MASTER, "SECRET_PASSWORD", "other") == "SECRET_password"
