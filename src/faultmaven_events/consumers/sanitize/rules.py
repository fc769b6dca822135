"""The rules as data: a cheap pattern for the scan, and the finder that looks closer at the lines that it hits."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from faultmaven_events.consumers.sanitize import (
    credentials,
    dialects,
    headers,
    homes,
    identity,
    manifests,
    names,
    pairs,
    personal,
    providers,
    statements,
)
from faultmaven_events.consumers.sanitize.addresses import V4, V6, addresses, dashed, ported
from faultmaven_events.consumers.sanitize.finding import Finding

Finder = Callable[[str], Iterable[Finding]]

KEY_WORD: Final = (
    "pass|pwd|pw|p/w|secret|token|key|auth|cred|sess|sid|pin|otp|cvv|cvc|jwt|nonce|salt|signature|sig|cookie|bearer|hmac|csrf"
    "|xsrf|keyword|access|login|wort|contrase|senha|"
    "wacht|has[lł]o|[sş]ifre|parola|l[oö]senord|passord|adgangskod|salasana|heslo|jelsz|lozink|geslo|psk|community"
    "|d['\u2019]ordine|пароль|密码|密碼|パスワード|비밀번호|패스워드|비번|암호|口令|暗証番号"
    "|סיסמה|पासवर्ड|รหัสผ่าน|κωδικός|mật khẩu|kata sandi|كلمة"
)

_PHONE = (
    r"\+\(?[0-9](?:[ ().-]*[0-9]){6}|[0-9]{3}(?:\) ?|[-. ])[0-9]{3}[-.][0-9]{4}"
    r"|(?:phone|mobile|cell|fax|\btel|msisdn|whatsapp|\bsms|\bdial|\bdesk|\boffice|\bcall|\banswering|\bregistered|\bmessages"
    r"|\bcontact|\bhotline|\blandline|\bpager|\bvoicemail)[^0-9]+[0-9(]"
    r"|[0-9][- ][0-9x -]+[- ](?:office|fax|mobile|desk|cell|phone)"
)
_PERSON = (
    r"(?:user|username|login|customer|client|patient|passenger|guest|cardholder|recipient|employee|assignee|author|reporter"
    r"|operator|requester|approver|[a-z]ed[_ ]by|contact|attn|on-?call|from|to|name)"
    r"[\\\"'\]]*\s?(?:[:=]|=>)\s?[\\\"']*(?-i:\p{Lu})[^\s+%]*(?:[ +]|%20)(?-i:\p{Lu})"
)
_COMMAND = (
    rf"(?:^|\s)--?[a-z0-9_.-]*(?:{KEY_WORD})[a-z0-9_.-]*\s"
    r"|\b(?:curl|wget|https?|sshpass|mysql[a-z]*|mariadb|redis-cli|docker|ldap[a-z]+|net\s+use|sqlplus|openssl)\s|jdbc:oracle"
)

PERSONAL: Final[tuple[tuple[str, Finder], ...]] = (
    (r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]", partial(addresses, V4)),
    (r"[0-9a-f]::|::[0-9a-f]|(?:[0-9a-f]{1,4}:){7}", partial(addresses, V6)),
    (r"(?:[0-9]{1,3}-){3}[0-9]{1,3}\.[a-z]", dashed),
    (r"(?:\bIP |^(?:tcp|udp)[0-9]*\s.*\s)[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+\.[0-9]|> [0-9]+\.[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+: ", ported),
    (r"[^\s@](?:@|%(?:25)*40|\\u0040|&#64;)[^\s@]+\.[a-z]", personal.emails),
    (r"[0-9](?:[ -]?[0-9]){11}", personal.cards),
    (r"\b[a-z]{2}[0-9]{2}(?:[a-z0-9]{11}| [a-z0-9]{4} )", personal.ibans),
    (r"[0-9]{3}[- .][0-9]{2}[- .][0-9]{4}", personal.social_security),
    (r"driv[a-z]+[^a-z]*s?[^a-z]*(?:licen|permit)|\bdl[ _-]?n", personal.licenses),
    (_PHONE, personal.phones),
    (homes.CHEAP, homes.users),
    (identity.CHEAP, identity.numbers),
    (identity.WALLET_CHEAP, identity.wallets),
    (r"name[\\\"'\]]*\s?(?:[:=]|=>)\s?[\\\"']*\pL", names.keyed),
    (_PERSON, names.shaped),
    (r"\b(?-i:Mr|Mrs|Ms|Miss|Dr|Prof|Herr|Frau|Mme)\.? (?-i:\p{Lu})|my name is|\pL\"? ?<[^<>\s@]+@", names.addressed),
    (rf"{names.DEEDS}(?-i:\p{{Lu}})", names.doers),
)
SECRET: Final[tuple[tuple[str, Finder], ...]] = (
    (rf"(?:{KEY_WORD})[\pL0-9_.-]*[\\\"'`\])]*\s*(?:[:=?]|->|\x{{ff1a}}|\x{{ff1d}})", credentials.assignments),
    (
        rf"</[\w.:-]*(?:{KEY_WORD})|(?:{KEY_WORD})[\w.-]*\s*(?::\s*</|</|[\"'][^<>]*>[^<>]+</)|[\"'][\s,]+(?:[a-z]+=\S+\s+)*[\\\"']*(?:value|content|default)[\\\"']*\s?[:=]",
        pairs.pairs,
    ),
    (rf"(?:{KEY_WORD})[\w.-]*[\"']\s*,\s*[\"']", pairs.pairs),
    (rf"(?:{KEY_WORD}|iv|seed)[\w.-]*[\"']?(?:\[\w*\])?\s*[:=]+\s*(?:new\s)?[\w\[\]]*\s?[\[({{]\s*(?:[\"']|[0-9])", pairs.lists),
    (r"\binsert\s.*\bvalues", statements.inserts),
    (r"kind\\*\"\s?:\s?\\*\"Secret", manifests.inline),
    (r"^(?:[\w.-]+|\*|\[[^\]]+\]):(?:[0-9]{2,5}|\*):[^:\s]+:[^:\s]+:[^:\s]+\s*$", credentials.pgpass),
    (_COMMAND, credentials.flags),
    (
        rf"^\s*(?:[a-z]+\s+)?[a-z0-9_-]*(?:{KEY_WORD}|pw)[a-z0-9_-]*\s+\S+\s*$|^\s*r[ow]community6?\s|\blogin\s.*\bpassword\s|\b(?:identified\s|password\s+['\"])",
        credentials.directives,
    ),
    (r"\b(?:passw?ord|passphrase|passcode|passwort|pwd|pin)\s.*(?:\b(?:is|was|ist|to)\s|->|:|[0-9])", credentials.sentences),
    (r"://", headers.urls),
    (r"(?:[?&;]|%26|%3f|\\u0026)[a-z0-9._\[\]-]+(?:=|%3d)", headers.queries),
    (
        (
            rf"[{{][\"'<\s]*[a-z0-9_.-]*(?:{KEY_WORD})[a-z0-9_.-]*[\"'>\s]*,[\s<]*[\"']"
            rf"|(?:header|param)s?\s+(?:(?:always\s+)?(?:set|add|append)\s+)?[\"']?[a-z0-9_-]*(?:{KEY_WORD})[a-z0-9_-]*[\"':]*\s"
            rf"|(?:{KEY_WORD})[a-z0-9_.-]*\"\s?,\s?\"value\"|(?:{KEY_WORD})[\w ]*\|[\s`*]*[^\s|]+[\s`*]*\|?\s*$"
        ),
        dialects.keyed,
    ),
    (r"^\s*stats\s+auth\s|^\s*user\s.*\s[><#!]\S|\bsetuser\s.*\s[><#!]\S", dialects.access),
    (r"authorization|\bbearer\s|\bbasic\s", headers.authorizations),
    (r"cookie", headers.cookies),
)
TOKENS: Final = tuple((cheap, partial(providers.token, number)) for number, (_, cheap, _) in enumerate(providers.PROVIDERS))
RULES: Final[tuple[tuple[str, Finder], ...]] = (*PERSONAL, *SECRET, *TOKENS)
"""Cheap pattern (RE2, any case, no look-around), finder.

The patterns hold `*` where the finders count: every counter multiplies the states of the automaton, which is built while it reads.
"""
