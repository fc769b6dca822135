"""Words that say what a number near them is. Presidio asks for them whole and in lower case."""

import re
from typing import Final

WORDS: Final[dict[str, frozenset[str]]] = {
    type_: frozenset(words.split())
    for type_, words in {
        "GROUPED_PHONE": "phone telephone tel mobile cell cellphone fax msisdn whatsapp sms dial desk office call callback answering"
        " registered messages contact hotline landline pager voicemail",
        "RARE_CARD": "card cards cc credit debit visa mastercard amex maestro discover diners jcb pan",
        "US_DRIVER_LICENSE": "license licence driver driving permit dl",
        "US_SSN": "ssn ssns social security",
    }.items()
}
"""By type of candidate; a candidate of these types is nothing without one of them."""

WORD: Final = re.compile(r"[^\W_]+|[^\w\s]")
"""A word, or a punctuation mark; `phone_number` is two."""
_HUMPS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^A-Za-z]+")


def parts(text: str) -> list[tuple[int, str]]:
    """Return where words and marks begin, and what they are; `phoneNumber` is two words."""
    return [(m.start() + p.start(), p.group()) for m in WORD.finditer(text) for p in _HUMPS.finditer(m.group())]


def words(text: str, *, whole: bool = False) -> list[str]:
    """Return the words in lower case, without marks; `whole` leaves `phoneNumber` one word."""
    found = WORD.findall(text) if whole else [part for _, part in parts(text)]
    return [word.lower() for word in found if word[0].isalnum()]
