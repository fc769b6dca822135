"""What is settled without Presidio is settled as Presidio settles it."""

import random
from collections.abc import Callable

import pytest

from faultmaven_events.consumers.sanitize.arithmetic import SETTLED, luhn
from faultmaven_events.consumers.sanitize.engine import score
from faultmaven_events.consumers.sanitize.judge import THRESHOLD

RANDOM = random.Random(41)


def digits(n: int) -> str:
    return "".join(RANDOM.choice("0123456789") for _ in range(n))


def card() -> str:
    bare = RANDOM.choice(("4", "51", "55", "56", "22", "29", "37", "6011")) + digits(11)
    return RANDOM.choice((bare, *(bare + check for check in "0123456789" if luhn(bare + check))))


def social() -> str:
    first = RANDOM.choice((digits(3), "000", "666", "111", "987", "078", "123"))
    middle = RANDOM.choice((digits(2), "00", "11", "65", "05", "45"))
    return f"{first}-{middle}-{RANDOM.choice((digits(4), '0000', '1111', '1120', '4321', '6789'))}"


def account() -> str:
    country, bare = RANDOM.choice((("DE", digits(18)), ("GB", f"NWBK{digits(14)}"), ("XX", digits(14)), ("DE", digits(17))))
    number = int("".join(str(int(c, 36)) for c in f"{bare}{country}00"))
    return f"{country}{RANDOM.choice((98 - number % 97, 97)):02d}{bare}"


def mail() -> str:
    local = "".join(RANDOM.choice("abcd12._+-") for _ in range(RANDOM.randrange(1, 6)))
    host = "".join(RANDOM.choice("ab1.-") for _ in range(RANDOM.randrange(1, 6)))
    return f"{local}@{host}{RANDOM.choice(('.com', '.nosuch', '.local', '.service', '.co.uk', ''))}"


def address() -> str:
    return ".".join(str(RANDOM.randrange(300)) for _ in range(4))


DRAWN: dict[str, Callable[[], str]] = {
    "CREDIT_CARD": card, "US_SSN": social, "IBAN_CODE": account, "EMAIL_ADDRESS": mail, "IP_ADDRESS": address,
}  # fmt: skip


@pytest.mark.parametrize("type_", SETTLED)
def test_arithmetic_says_what_presidio_says(type_: str) -> None:
    values = {DRAWN[type_]() for _ in range(1500)}
    answers = {value: answer for value in values if (answer := SETTLED[type_](value)) is not None}
    assert {value: answer for value, answer in answers.items() if answer != (score(type_, value) >= THRESHOLD)} == {}
    assert len(answers) > 100
    assert any(answers.values())
