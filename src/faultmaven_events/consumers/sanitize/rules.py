"""The rules as data: a cheap pattern for the scan, and the finder that looks closer at the lines that it hits."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from faultmaven_events.consumers.sanitize import credentials, headers, names, personal, providers
from faultmaven_events.consumers.sanitize.addresses import V4, V6, addresses, dashed
from faultmaven_events.consumers.sanitize.finding import Finding

Finder = Callable[[str], Iterable[Finding]]

KEY_WORD: Final = (
    "pass|pwd|pw|p/w|secret|token|key|auth|cred|sess|sid|pin|otp|cvv|cvc|jwt|nonce|salt|signature|sig|cookie|bearer|hmac|csrf"
    "|xsrf|keyword|access|login|wort|contrase|senha|"
    "пароль|密码|密碼|パスワード|비밀번호|패스워드|비번|암호"
)

_PHONE = (
    r"\+\(?[0-9](?:[ ().-]{0,2}[0-9]){6}|[0-9]{3}(?:\) ?|[-. ])[0-9]{3}[-.][0-9]{4}"
    r"|(?:phone|mobile|cell|fax|\btel|msisdn|whatsapp|\bsms|\bdial|\bdesk|\boffice|\bcall|\banswering|\bregistered|\bmessages"
    r"|\bcontact|\bhotline|\blandline|\bpager|\bvoicemail)[^0-9]{1,60}[0-9(]"
    r"|[0-9][- ][0-9x -]{3,}[- ](?:office|fax|mobile|desk|cell|phone)"
)
_PERSON = (
    r"(?:user|username|login|customer|client|patient|passenger|guest|cardholder|recipient|employee|assignee|author|reporter"
    r"|operator|requester|approver|[a-z]ed[_ ]by|contact|attn|on-?call|from|to|name)"
    r"[\\\"'\]]{0,5}\s?(?:[:=]|=>)\s?[\\\"']{0,4}(?-i:\p{Lu})[^\s+%]{0,30}(?:[ +]|%20)(?-i:\p{Lu})"
)
_COMMAND = (
    rf"(?:^|\s)--?[a-z0-9-]*(?:{KEY_WORD})[a-z0-9-]*\s"
    r"|\b(?:curl|wget|https?|sshpass|mysql[a-z]*|mariadb|redis-cli|docker|ldap[a-z]+)\s"
)

RULES: Final[tuple[tuple[str, Finder], ...]] = (
    (r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]", partial(addresses, V4)),
    (r"[0-9a-f]::|::[0-9a-f]|(?:[0-9a-f]{1,4}:){7}", partial(addresses, V6)),
    (r"(?:[0-9]{1,3}-){3}[0-9]{1,3}\.[a-z]", dashed),
    (r"[^\s@](?:@|%(?:25)*40|\\u0040|&#64;)[^\s@]+\.[a-z]", personal.emails),
    (r"[0-9](?:[ -]?[0-9]){11}", personal.cards),
    (r"\b[a-z]{2}[0-9]{2}(?:[a-z0-9]{11}| [a-z0-9]{4} )", personal.ibans),
    (r"[0-9]{3}[- .][0-9]{2}[- .][0-9]{4}", personal.social_security),
    (r"driv[a-z]+.{0,5}(?:licen|permit)|\bdl[ _-]?n", personal.licenses),
    (_PHONE, personal.phones),
    (r"name[\\\"'\]]{0,5}\s?(?:[:=]|=>)\s?[\\\"']{0,4}\pL", names.keyed),
    (_PERSON, names.shaped),
    (r"\b(?-i:Mr|Mrs|Ms|Miss|Dr|Prof|Herr|Frau|Mme)\.? (?-i:\p{Lu})|my name is|\pL\"? ?<[^<>\s@]+@", names.addressed),
    (rf"(?:{KEY_WORD})[\pL0-9_ .-]{{0,14}}[\\\"'`\])]{{0,6}}\s{{0,4}}(?:[:=?]|->)", credentials.assignments),
    (rf"</[\w.:-]*(?:{KEY_WORD})|\"value\"", credentials.elements),
    (_COMMAND, credentials.flags),
    (
        rf"^\s*[a-z0-9_-]*(?:{KEY_WORD})[a-z0-9_-]*\s+\S+\s*$|\blogin\s.*\bpassword\s|\b(?:identified\s|password\s+['\"])",
        credentials.directives,
    ),
    (r"\b(?:passw?ord|passphrase|passcode|passwort|pwd|pin)\s.{0,70}(?:\b(?:is|was|ist|to)\s|->|:)", credentials.sentences),
    (r"://", headers.urls),
    (r"(?:[?&;]|%26|%3f|\\u0026)[a-z0-9._\[\]-]{1,40}(?:=|%3d)", headers.queries),
    (r"authorization|\bbearer\s|\bbasic\s", headers.authorizations),
    (r"cookie", headers.cookies),
    *((cheap, partial(providers.token, number)) for number, (_, cheap, _) in enumerate(providers.PROVIDERS)),
)
"""Cheap pattern (RE2, any case, no look-around), finder."""
