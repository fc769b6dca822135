"""The question and the code of a DNS message (RFC 1035); its answers are not read."""

import struct
from typing import Final

_TYPES: Final = {
    1: "A",
    2: "NS",
    5: "CNAME",
    6: "SOA",
    12: "PTR",
    15: "MX",
    16: "TXT",
    28: "AAAA",
    33: "SRV",
    64: "SVCB",
    65: "HTTPS",
    255: "ANY",
}
_CODES: Final = {1: "FormErr", 2: "ServFail", 3: "NXDomain", 4: "NotImp", 5: "Refused", 9: "NotAuth"}
_LABELS: Final = 40


def asked(message: bytes) -> str | None:
    """Return the message as tcpdump writes it; None where it is none or cut off before the question ends."""
    if len(message) < 12:
        return None
    number, flags, questions, answers, authorities, more = struct.unpack_from("!HHHHHH", message)
    if questions != 1 or flags >> 11 & 0x0F:
        return None
    found = _question(message)
    if found is None:
        return None
    kind, name = found
    if not flags & 0x8000:
        return f"{number}{'+' if flags & 0x0100 else ''} {kind}? {name}."
    code = flags & 0x0F
    said = f" {_CODES.get(code, f'Resp{code}')}" if code else ""
    return f"{number}{said} q: {kind}? {name}. {answers}/{authorities}/{more}"


def _question(message: bytes) -> tuple[str, str] | None:
    labels, at = list[str](), 12
    for _ in range(_LABELS):
        if at >= len(message):
            return None
        length = message[at]
        if length == 0:
            break
        if length > 63 or at + 1 + length > len(message):
            return None
        labels.append(_label(message[at + 1 : at + 1 + length]))
        at += 1 + length
    else:
        return None
    if at + 3 > len(message):
        return None
    (kind,) = struct.unpack_from("!H", message, at + 1)
    return _TYPES.get(kind, f"Type{kind}"), ".".join(labels)


def _label(raw: bytes) -> str:
    """A label without what would break a line or mislead its reader."""
    return "".join(chr(byte) if (byte < 128 and chr(byte).isalnum()) or byte in b"-_*" else "?" for byte in raw)
