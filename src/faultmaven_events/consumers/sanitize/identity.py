"""Numbers that states give to people, and crypto wallets: Presidio's recognizers decide, next to the word that says what they are.

Without that word most of them are any number of nine to twelve digits, with a check digit that every tenth has by chance; in logs such
numbers are ids. A wallet's address has a checksum of 32 bits and needs no word.
"""

import re
from collections.abc import Iterator
from typing import Final

from faultmaven_events.consumers.sanitize.finding import Finding
from faultmaven_events.consumers.sanitize.judge import confirmed, possible

WORDS: Final = {
    "nhs": ("UK_NHS",),
    "nif": ("ES_NIF",),
    "dni": ("ES_NIF",),
    "codice fiscale": ("IT_FISCAL_CODE",),
    "codicefiscale": ("IT_FISCAL_CODE",),
    "fiscal code": ("IT_FISCAL_CODE",),
    "pesel": ("PL_PESEL",),
    "aadhaar": ("IN_AADHAAR",),
    "aadhar": ("IN_AADHAAR",),
    "pan": ("IN_PAN",),
    "tfn": ("AU_TFN",),
    "tax file": ("AU_TFN",),
    "nric": ("SG_NRIC_FIN",),
    "fin": ("SG_NRIC_FIN",),
    "passport": ("US_PASSPORT",),
    "itin": ("US_ITIN",),
    "national id": ("UK_NHS", "ES_NIF", "IT_FISCAL_CODE", "PL_PESEL", "IN_AADHAAR", "SG_NRIC_FIN"),
}
"""Word, and the types of Presidio that it may announce."""

_NAMES: Final = "|".join(word.replace(" ", "[ _-]?") for word in WORDS)
CHEAP: Final = rf"\b(?:{_NAMES})(?:[^0-9a-z]|[_ -]?(?:number|no|nr|num|id)\b)[^0-9]*[a-z]*[0-9]"
KEYED: Final = re.compile(
    rf"(?<![A-Za-z])(?P<word>{_NAMES})(?:[ _-]?(?:number|no|nr|num|id)\b\.?)?(?:\\{{0,3}}[\"'])?\s{{0,3}}(?:[:=#]|=>|\bis\b|\bwas\b)?"
    r"\s{0,3}[\"']?"
    r"(?P<value>(?=[A-Za-z ]{0,10}\d)[A-Za-z0-9](?:[ -]?[A-Za-z0-9]){6,19})(?!\w)",
    re.IGNORECASE,
)
WALLET: Final = re.compile(r"[13b](?<!\w.)(?:c1[02-9ac-hj-np-z]{11,71}|[1-9A-HJ-NP-Za-km-z]{25,34})(?!\w)")
WALLET_CHEAP: Final = r"\bbc1[02-9ac-hj-np-z]{8}|\b(?-i:[13][1-9A-HJ-NP-Za-km-z]{8}[1-9A-HJ-NP-Za-km-z]{8})"


def numbers(line: str) -> Iterator[Finding]:
    """Find national ids, tax numbers and passports behind their names."""
    for match in KEYED.finditer(line):
        types = WORDS[re.sub(r"[ _-]+", " ", match.group("word").lower())]
        value = match.group("value")
        while len(value) >= 7:
            if any(possible(type_, value.upper()) for type_ in types):
                yield Finding(match.start("value"), match.start("value") + len(value), "NATIONAL_ID")
                break
            value = value[: max(value.rfind(" "), value.rfind("-"), 0)]


def wallets(line: str) -> Iterator[Finding]:
    """Find addresses of Bitcoin wallets."""
    for match in WALLET.finditer(line):
        if confirmed("CRYPTO", match.group()):
            yield Finding(match.start(), match.end(), "CRYPTO")
