"""Where a text is cut into pieces does not change what is hidden in it."""

import base64
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faultmaven_events.consumers.sanitize.chunks import Chunks
from faultmaven_events.consumers.sanitize.redact import redact_chunk

KEY = bytes(32)
OPEN = "-----BEGIN EC " + "PRIVATE KEY-----"
CLOSE = "-----END EC " + "PRIVATE KEY-----"


def word(rnd: random.Random, n: int = 12) -> str:
    return "".join(rnd.choice("abcdefghkmnpqrstuvwxyz23456789") for _ in range(n))


def coded(rnd: random.Random) -> str:
    return base64.b64encode(word(rnd, rnd.randrange(6, 30)).encode()).decode()


def secret(rnd: random.Random, indent: str = "") -> list[str]:
    fields = [
        ["apiVersion: v1"],
        [rnd.choice(("data:", "stringData:")), *(f"  {word(rnd, 4)}: {coded(rnd)}" for _ in range(rnd.randrange(1, 5)))],
        ["kind: Secret"],
        ["metadata:", f"  name: {word(rnd, 5)}", "  labels:", f"    app: {word(rnd, 4)}"],
    ]
    rnd.shuffle(fields)
    return [indent + line for field in fields for line in field]


def listed(rnd: random.Random) -> list[str]:
    lines = ["apiVersion: v1", "items:"]
    for _ in range(rnd.randrange(1, 4)):
        item = secret(rnd, "  ")
        lines += [f"- {item[0].strip()}", *item[1:]]
    return [*lines, "kind: List"]


def deployment(rnd: random.Random) -> list[str]:
    return ["apiVersion: apps/v1", "kind: Deployment", "spec:", f"  replicas: {rnd.randrange(9)}", "  env:", "  - name: DB_PASSWORD",
            f"    value: {word(rnd)}", "  - name: REGION", "    value: north"]  # fmt: skip


def document(rnd: random.Random) -> list[str]:
    return ["---", *rnd.choice((secret, listed, deployment))(rnd)]


def json_secret(rnd: random.Random) -> list[str]:
    data = [f'    "{word(rnd, 4)}": "{coded(rnd)}",' for _ in range(3)]
    return ["{", '  "apiVersion": "v1",', '  "data": {', *data[:-1], data[-1][:-1], "  },", '  "kind": "Secret"', "}"]


def key(rnd: random.Random) -> list[str]:
    return [OPEN, *(word(rnd, 40) for _ in range(rnd.randrange(2, 8))), word(rnd, 7) + "=", CLOSE]


def grid(rnd: random.Random) -> list[str]:
    rows = (f"| {word(rnd, 5)} | {word(rnd)} |" for _ in range(rnd.randrange(1, 8)))
    if rnd.random() < 0.5:
        return ["", " user | password ", "------+----------", *(row.strip("|") for row in rows), ""]
    return ["", "| user | password |", "|------|----------|", *rows, ""]


def announced(rnd: random.Random) -> list[str]:
    return ["password:", "", f"  {word(rnd, 9)}X1!"]


def log(rnd: random.Random) -> list[str]:
    return [f"2026-11-20T05:24:00Z INFO {word(rnd, 6)} took {rnd.randrange(90)} ms" for _ in range(rnd.randrange(1, 6))]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 1 << 32), size=st.integers(350, 2500))
def test_pieces_of_any_size_give_what_the_whole_gives(seed: int, size: int) -> None:
    rnd = random.Random(seed)
    kinds = rnd.choice(((document,), (log, key, announced), (log, json_secret, log), (log, grid, key)))
    text = "\n".join(line for _ in range(8) for line in rnd.choice(kinds)(rnd)) + "\n"
    chunks = Chunks(size)
    pieces = [*chunks.feed(text), chunks.rest()]
    assert "".join(pieces) == text
    assert "".join(redact_chunk(piece, KEY, None).text for piece in pieces) == redact_chunk(text, KEY, None).text


@pytest.mark.parametrize("step", [17, 400])
def test_an_object_longer_than_a_piece_is_not_cut(step: int) -> None:
    rnd = random.Random(1)
    lines = ["---", "data:", *(f"  {word(rnd, 6)}: {coded(rnd)}" for _ in range(30)), "kind: Secret", "---", "kind: List"]
    text = "\n".join(lines) + "\n" + "x: y\n" * 400
    chunks = Chunks(500)
    pieces = [piece for at in range(0, len(text), step) for piece in chunks.feed(text[at : at + step])]
    assert "data:" in pieces[0]
    assert "kind: Secret" in pieces[0]


def test_what_never_ends_is_cut_all_the_same() -> None:
    chunks = Chunks(1000)
    text = "data:\n" + "  a: b\n" * 5000
    assert max(len(piece) for piece in (*chunks.feed(text), chunks.rest())) <= 4000
