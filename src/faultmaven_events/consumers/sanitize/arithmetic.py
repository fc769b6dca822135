"""What arithmetic alone settles about a candidate, as Presidio's recognizers do it, without their patterns, copies and explanations.

Each answer is Presidio's own (tests compare them over drawn values); where a value has another form than the plain one, the answer is None
and Presidio is asked.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import Final

from faultmaven_events.consumers.sanitize.mail import deliverable

OCTETS: Final = re.compile(r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])(?:\.(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])){3}")
"""An IPv4 address as it is usually written."""
MAIL: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.+-]{0,80}[A-Za-z0-9])?@([A-Za-z0-9]+(?:[.-][A-Za-z0-9]+){1,20})")
CARD: Final = re.compile(r"2[2-7][0-9]{14}|(?:[346][0-9]|5[0-5])[0-9]{13,14}")
SSN: Final = re.compile(r"[0-9]{3}-[0-9]{2}-[0-9]{4}")
NEVER: Final = ("000", "666", "987-65-432", "078-05-1120", "123-45-6789")
"""How no social security number begins; the last ones are printed in advertisements and samples."""
IBAN: Final = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")

_PLAIN: Final = bytes(max(0, c - 48) if c < 58 else 0 for c in range(256))
_DOUBLED: Final = bytes(sum(divmod(2 * c, 10)) if c < 10 else 0 for c in _PLAIN)
_NUMBERS: Final = {ord(c): str(n) for n, c in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 10)}


def luhn(digits: str) -> bool:
    """Say whether the last digit is the right check digit (ISO/IEC 7812-1, annex B)."""
    data = digits.encode()
    return (sum(data[::-2].translate(_PLAIN)) + sum(data[-2::-2].translate(_DOUBLED))) % 10 == 0


def _card(value: str) -> bool | None:
    return luhn(value) if CARD.fullmatch(value) else None


def _social(value: str) -> bool | None:
    if not SSN.fullmatch(value):
        return None
    same = value.count(value[0]) == 9
    return not (same or value[4:6] == "00" or value[7:] == "0000" or value.startswith(NEVER))


def _mail(value: str) -> bool | None:
    match = MAIL.fullmatch(value)
    return deliverable(match.group(1)) if match else None


def _account(value: str) -> bool | None:
    """Check number (ISO 7064, MOD 97-10), then the country's own form, of which Presidio holds the table."""
    if not IBAN.fullmatch(value):
        return None
    if 98 - int(f"{value[4:]}{value[:2]}00".translate(_NUMBERS)) % 97 != int(value[2:4]):
        return False
    form = _national(value[:2])
    return form is not None and form.match(value) is not None


@cache
def _national(country: str) -> "re.Pattern[str] | None":
    from presidio_analyzer.predefined_recognizers.generic import iban_recognizer

    forms: dict[str, str] = vars(iban_recognizer)["regex_per_country"]
    return re.compile(forms[country]) if country in forms else None


def _address(value: str) -> bool | None:
    return True if OCTETS.fullmatch(value) else None


SETTLED: Final[dict[str, Callable[[str], bool | None]]] = {
    "CREDIT_CARD": _card,
    "US_SSN": _social,
    "EMAIL_ADDRESS": _mail,
    "IBAN_CODE": _account,
    "IP_ADDRESS": _address,
}
"""By type; None where Presidio's own word is needed."""
