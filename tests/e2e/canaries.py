"""Secrets and personal data that exist nowhere else, made anew for each run; what is minted here must never come out anywhere."""

import base64
import json
import secrets
import string
from dataclasses import dataclass, field

_ALNUM = string.ascii_letters + string.digits


def _some(alphabet: str, length: int) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))


def _luhn(digits: str) -> str:
    doubled = [int(d) * (2 if i % 2 == 0 else 1) for i, d in enumerate(reversed(digits))]
    return digits + str(-sum(d - 9 if d > 9 else d for d in doubled) % 10)


@dataclass
class Canaries:
    """Mints values; `released` maps what must not be found to where it was planted, `secrets` holds those of which nothing may remain."""

    released: dict[str, str] = field(default_factory=dict)
    secrets: set[str] = field(default_factory=set)
    place: str = ""

    def __call__(self, value: str, part: str | None = None) -> str:
        """Remember a secret, or the part of a value that is one, and return the value."""
        self.secrets.add(part or value)
        return self.personal(value, part)

    def personal(self, value: str, part: str | None = None) -> str:
        """Remember personal data, or the part of a value that is such, and return the value."""
        self.released[part or value] = self.place
        return value

    def password(self) -> str:
        return self(f"{_some(string.ascii_letters, 6)}{_some(string.digits, 3)}{_some(_ALNUM, 5)}")

    def aws(self) -> str:
        return self("AK" + "IA" + _some(string.ascii_uppercase + "234567", 16))

    def github(self) -> str:
        return self("gh" + "p_" + _some(_ALNUM, 36))

    def bearer(self) -> str:
        return self(_some(string.ascii_letters, 2) + _some(_ALNUM, 38))

    def bearer_of(self, word: str) -> str:
        """A token behind a word that announces it."""
        return f"{word}={self.bearer()}"

    def basic(self) -> str:
        return self(base64.b64encode(f"admin:{self.password()}".encode()).decode())

    def jwt(self) -> str:
        parts = ({"alg": "HS256", "typ": "JWT"}, {"sub": _some(string.digits, 12), "exp": 1773478800})
        head, body = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts)
        signature = _some(_ALNUM, 43)
        self(signature)
        self(body)
        return f"{head}.{body}.{signature}"

    def database(self) -> str:
        password = _some(_ALNUM, 16)
        return self(f"postgresql://app:{password}@db.internal:5432/shop", password)

    def pem(self) -> str:
        kind = "PRIV" + "ATE KEY"
        lines = [self(_some(_ALNUM + "+/", 64)) for _ in range(6)]
        return "\n".join((f"-----BEGIN {kind}-----", *lines, f"-----END {kind}-----"))

    def email(self) -> str:
        local = f"{_some(string.ascii_lowercase, 7)}.{_some(string.ascii_lowercase, 9)}"
        return self.personal(f"{local}@customers-mail.com", local)

    def phone(self) -> str:
        return self.personal(f"+49 151 {_some(string.digits, 4)} {_some('123456789', 4)}")

    def card(self) -> str:
        return self.personal(_luhn("4539" + _some(string.digits, 11)))

    def iban(self) -> str:
        account = _some(string.digits, 18)
        return self.personal(f"DE{98 - int(account + '131400') % 97:02}{account}")

    def ssn(self) -> str:
        return self.personal(f"{_some('2345', 1)}{_some('123456789', 2)}-{_some('123456789', 2)}-{_some('123456789', 4)}")

    def address(self) -> str:
        first = 130 + secrets.randbelow(30)  # addresses of no person, such as 10/8, 100.64/10 and 127/8, stay readable
        return self.personal(".".join(str(part) for part in (first, *(100 + secrets.randbelow(100) for _ in range(3)))))

    def session(self) -> str:
        return self(_some("0123456789abcdef", 32))


def question(c: Canaries) -> str:
    """Return a question by somebody who pastes too much."""
    c.place = "question"
    return (
        f"Why can {c.email()} (phone {c.phone()}, card {c.card()}) not log in from {c.address()} since 09:10? "
        f"I tried with password={c.password()} and with the header 'Authorization: Bearer {c.jwt()}' against {c.database()}."
    )
