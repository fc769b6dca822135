"""Personal data that have a form of their own: the candidates, and what makes Presidio's word about them final."""

import re
from collections.abc import Iterator
from typing import Final

from faultmaven_events.consumers.sanitize.finding import Finding
from faultmaven_events.consumers.sanitize.judge import confirmed, in_context
from faultmaven_events.consumers.sanitize.pseudonyms import AT, LABELS

# Patterns begin with the class of their first character, which `re` searches quickly; what may not stand before it is asked afterwards.

CONTEXT: Final = 60, 24
"""Characters before and after a candidate that Presidio may look at for context words."""

LOCAL: Final = re.compile(r"(?:[\w!#$+~-]|%2[bBdDeE]|%5[fF]|(?<=[^\W\d_])['\u2019](?=[^\W\d_])|\.(?=[\w+-]))+$")
DOMAIN: Final = re.compile(r"(?:[^\W_][\w-]{0,62}\.){1,9}[^\W\d_][\w-]{0,61}[^\W_]")
LONGEST_LOCAL: Final = 80
HIDDEN: Final = re.compile(r"(?<![^\W_])EMAIL_[0-9a-f]{8}$")
REPOSITORY: Final = re.compile(r"git@[\w.-]+[:/]")

CARD: Final = re.compile(r"\d(?<![\w.-].)(?<![0-9A-Fa-f]{4} .)(?:[ -]?\d){11,18}(?![\w-]|\.\d| [0-9A-Fa-f]{4}\b)")
"""Not inside a hex dump, whose groups of four digits look like a card's."""
COMMON_CARD: Final = re.compile(r"(?:4\d{3}|5[1-5]\d\d|2[2-7]\d\d|3[57]\d\d|34\d\d|6(?:011|4[4-9]\d|5\d\d|2\d\d))\d{11,12}")
"""Issuers' ranges (ISO/IEC 7812) at the usual lengths: with a right check digit these need no context."""
CORRELATION: Final = re.compile(
    r"(?:(?:trace|span|parent|request|correlation|offset|timestamp|snowflake|sequence)[\w.]{0,12}"
    r"|(?<!card)(?<!pan)(?<!payment)(?<!account)(?:[_.-]id|(?-i:Id)|\bid))(?:\\{0,3}[\"'])?\s?[:=]\s?[\"']?$",
    re.IGNORECASE,
)
"""Keys of numbers that are counted or drawn, and fit an issuer's range and a check digit by chance (one in some dozens does)."""

IBAN: Final = re.compile(r"[A-Za-z](?<!\w.)[A-Za-z]\d{2}(?:[A-Za-z0-9]{11,30}|(?: [A-Za-z0-9]{4}){2,7}(?: [A-Za-z0-9]{1,3})?)(?!\w)")
SSN: Final = re.compile(r"\d(?<![\w.-].)\d{2}([- .])\d{2}\1\d{4}(?![\w-]|\.\d)")

LICENSE_KEY: Final = re.compile(r"driv\w+[ '\u2019_-]?s?[ _-]?(?:licen[cs]e|permit)|\bdl[ _-]?(?:no|number)\b", re.IGNORECASE)
LICENSE: Final = re.compile(r"(?<![\w-])(?=[\w-]*\d)[A-Za-z]{0,3}\d[A-Za-z0-9]*(?:-\d{2,6}){0,3}(?![\w-])")

PHONE: Final = re.compile(
    r"[+(\d](?<![\w.:/#=+-].)(?<!\d[ ,].)(?:(?<=\d)|(?<=\+)\d|(?<=\()(?=\+?\d{1,5}\))\+?\d)"
    r"(?:[\d]|[ .\-/()]{1,2}(?=[\d(])){5,20}\d(?:\s?(?:x|ext\.?)\s?\d{1,5})?"
    r"(?![\w:/]|[.,]\d|-\d|\.?%)"
)
KEYED_PHONE: Final = re.compile(
    r"(?:phone|mobile|msisdn|\bcell|\bfax|\btel|whatsapp)(?:[ _-]?(?:number|no|nr))?[\\\"'\]]{0,5}\s{0,3}(?:[:=]|=>)\s{0,3}[\\\"']{0,4}"
    r"(?=[+(\d%])((?:\+|%2[bB]|00)?[\d ().\-/]{6,24}\d(?:\s?x\d{1,5})?)(?![\w:])",
    re.IGNORECASE,
)
PHONE_WORDS: Final = ("phone", "mobile", "msisdn", "cell", "fax", "tel", "whatsapp")
INTERNATIONAL: Final = re.compile(r"\+|00\d{1,3}[ -]")
IN_GROUPS: Final = re.compile(r"\+\d{1,3}[ .-]\(?\d(?:[ ().-]{0,2}\d){6,}(?:x\d{1,5})?")
NORTH_AMERICAN: Final = re.compile(r"(?:\+?1[-. ])?(?:\([2-9]\d\d\) ?|[2-9]\d\d([-.]))[2-9]\d\d(?:\1|-)\d{4}(?:x\d{1,5})?")
GROUPED: Final = re.compile(r"\+?[\d(][\d ().\-/x+]{5,26}\d")
CLOCK: Final = re.compile(
    r"(?:19|20)\d\d[-/. ](?:0?[1-9]|1[0-2])[-/. ]\d{1,2}|(?:0?[1-9]|[12]\d|3[01])[-/.](?:0?[1-9]|[12]\d|3[01])[-/.](?:19"
    r"|20)?\d\d(?![-.]?\d)|\d{5,}[ .]\d"
    r"|(?:\d{1,3}\.){3}\d{1,3}$"
)
"""What looks like a number in groups and is a date, a decimal or an address."""


LABEL: Final = re.compile(rf"(?:{'|'.join((*LABELS.values(), 'SECRET'))})_\w*")
"""A pseudonym, or what a window cuts off one: `PHONE_1a2b` is no word about phones."""


def _split(line: str, match: re.Match[str]) -> tuple[str, str, str]:
    before, after = CONTEXT
    left, right = line[max(0, match.start() - before) : match.start()], line[match.end() : match.end() + after]
    return LABEL.sub("", left) if "_" in left else left, match.group(), LABEL.sub("", right) if "_" in right else right


def emails(line: str) -> Iterator[Finding]:
    """Find e-mail addresses, also percent-encoded ones."""
    for at in AT.finditer(line):
        before = line[max(0, at.start() - LONGEST_LOCAL) : at.start()]
        # The search begins behind the last mark that no local part holds: it would find the same from further left, but slowly.
        local = LOCAL.search(before, max(before.rfind(mark) for mark in ' ="<:,@') + 1)
        domain = DOMAIN.match(line, at.end())
        if local is None or domain is None or HIDDEN.search(local.group()):
            continue
        start = at.start() - len(local.group())
        host = _host(local.group().strip("!#$+~-%"), domain.group())
        if host and not REPOSITORY.match(line, start):
            yield Finding(start, at.end() + len(host), "EMAIL_ADDRESS")


def _host(local: str, domain: str) -> str:
    """Return the domain without what a file's name or a sentence added to it: `jane@mail.example.log`; empty when it is none."""
    while "." in domain and not confirmed("EMAIL_ADDRESS", f"{local}@{domain}"):
        domain = domain.rpartition(".")[0]
    return domain if "." in domain else ""


def cards(line: str) -> Iterator[Finding]:
    """Find payment card numbers: right check digit, and an issuer's range and length or a word about cards near by."""
    for match in CARD.finditer(line):
        digits = match.group().replace("-", "").replace(" ", "")
        if COMMON_CARD.fullmatch(digits):
            sure = confirmed("CREDIT_CARD", digits) and not CORRELATION.search(line, max(0, match.start() - 40), match.start())
        else:
            sure = in_context("RARE_CARD", *_split(line, match))
        if sure:
            yield Finding(match.start(), match.end(), "CREDIT_CARD")


def ibans(line: str) -> Iterator[Finding]:
    """Find account numbers with a right check number."""
    for match in IBAN.finditer(line):
        if confirmed("IBAN_CODE", match.group().upper()):
            yield Finding(match.start(), match.end(), "IBAN_CODE")


def social_security(line: str) -> Iterator[Finding]:
    """Find US social security numbers: with dashes on their own, otherwise next to a word about them."""
    for match in SSN.finditer(line):
        sure = match.group(1) == "-" and confirmed("US_SSN", match.group())
        if sure or in_context("US_SSN", *_split(line, match)):
            yield Finding(match.start(), match.end(), "US_SSN")


def licenses(line: str) -> Iterator[Finding]:
    """Find driver licence numbers, which have no form of their own: only after the words."""
    for key in LICENSE_KEY.finditer(line):
        for match in LICENSE.finditer(line, key.end(), key.end() + 40):
            if len(match.group()) >= 5 and in_context("US_DRIVER_LICENSE", line[key.start() : match.start()], match.group(), ""):
                yield Finding(match.start(), match.end(), "US_DRIVER_LICENSE")
                break


def phones(line: str) -> Iterator[Finding]:
    """Find phone numbers: after an unmistakable key, in a form of their own, or in groups next to a word about phones."""
    for match in KEYED_PHONE.finditer(line) if _keyed(line) else ():
        if sum(map(str.isdigit, match.group(1))) >= 7:
            yield Finding(match.start(1), match.end(1), "PHONE_NUMBER")
    for match in PHONE.finditer(line):
        value = match.group()
        if not 7 <= sum(map(str.isdigit, value)) <= 20 or CLOCK.match(value):
            continue
        if _calls(line, match):
            yield Finding(match.start(), match.end(), "PHONE_NUMBER")


def _keyed(line: str) -> bool:
    """Say whether a line can hold a key of a phone number at all."""
    if ":" not in line and "=" not in line:
        return False
    lower = line.lower()
    return any(word in lower for word in PHONE_WORDS)


def _calls(line: str, match: re.Match[str]) -> bool:
    value = match.group()
    if NORTH_AMERICAN.fullmatch(value) or IN_GROUPS.fullmatch(value) or (INTERNATIONAL.match(value) and confirmed("PHONE_NUMBER", value)):
        return True
    before, value, after = _split(line, match)
    if value.isdigit():  # an id, unless the word stands right beside it
        before, after = before[-12:], after[:8]
    return in_context("GROUPED_PHONE", before, value, after)
