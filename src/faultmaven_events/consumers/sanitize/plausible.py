"""Whether what stands behind a key is a secret: the words, references and placeholders that are none."""

import re
from typing import Final

from faultmaven_events.consumers.sanitize.pseudonyms import TOKEN

PLACEHOLDER: Final = re.compile(
    r"""
    \$\$?\{.*\}[;,]?|\{\{.*\}\}|\{\w*\}           # ${VAR} {{ value }} {var}
    | (?-i:\$[A-Z_][A-Z0-9_]*|\$[a-z_]+)|\$+\(.*\)|`.*`   # $VAR $(command) `command`
    | <[^>]*>|\[[A-Za-z_ ]*\]                     # <password> [FILTERED]
    | %[sdrvq]|%\(\w+\)[sdr]|%%?\w+%%?|.*%\{.*    # %s %(name)s %VAR% %{GROK}
    | [*•.x#_\-]{3,}|.*\*{3,}.*|.*•{3,}.*|.*x{8,}.*|.*X{6,}.*
    | \#\{.*\}|@@\w+@@|(?-i:__[A-Z_]+__)            # #{value} @@VALUE@@ __VALUE__
    | (?:change|replace)[-_ ]?(?:me|this|it|with[-_ ].*)
    | env:\w+|file:/.*|(?:required|nullable|sometimes|confirmed)(?:\|[\w:,]+)+  # places of values, and rules about them
    | same-origin|include|omit                    # what browsers do with credentials
    | vault:.*|(?:op|awssm|gcpsm|ref|secretref)://.*|!(?:vault|secret|ref|sub|getatt|env|reference|include)\b.*
    | (?:your|my|the|some|test|example|sample|dummy|fake)[-_ ]?(?:[^\W_]{1,20}[-_ ]){0,4}(?:pass(?:word|wd)?|secret|token|key|value|here)
    | (?:null|none|nil|undefined|true|false|yes|no|on|off|void|empty|todo|tbd|n/a|redacted|filtered|masked|hidden|sensitive|removed
        |string|str|bytes|int|integer|number|bool|boolean|object|text|optional|required|secret|secrets|password|passwd|token|value
        |default|auto|md5|trust|peer|ident|ldap|pam|basic|bearer|digest|bcrypt|scrypt|argon2(?:id?)?|sha-?\d+|scram-sha-\d+|plain
        |disabled|enabled|unset|set|unchanged|any|all|same)
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""What stands in a secret's place in templates, masks and manuals, quoted or not."""

EXPRESSION: Final = re.compile(
    r"""
    (?:process\.)?env[.\[(].*|os\.environ.*|getenv.*
    | (?:self|this|args|opts?|options|config|cfg|settings|request|req|params|ctx|data|user|conn|props?|process|input)(?:(?:\.|->)\w+|\[).*
    | [A-Za-z_.]+[({].*           # call(...) Record{...}
    | \$_?[A-Za-z]+(?:\[.*|[,;)]+)   # $password, $_POST[...]
    | (?:str|bytes|int|bool|string|SecretStr|Optional\[\w+\])\s*=.*   # a type, and its default
    | (?:files|compat|nis|sss|winbind)(?:\ (?:files|compat|systemd|db|nis|sss|ldap|winbind|\[[^\]]*\]))*   # where names are looked up
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""Code that yields a value; never inside quotes."""

STAND_IN: Final = re.compile(rf"(?:{TOKEN.pattern})(?:@\S*|%(?:25)*40\S*)?")
"""What an earlier run left: a pseudonym, with the domain if it was an address."""

STATUS: Final = frozenset((
    "a", "absent", "accepted", "after", "again", "already", "also", "an", "and", "are", "as", "at", "auth", "authentication",
    "authorization", "bad", "based", "be", "been", "before", "being", "bucket", "but", "by", "cache", "cached", "can", "cannot", "change",
    "changed", "check", "checked", "checking", "checks", "column", "correct", "could", "count", "created", "default", "deleted", "denied",
    "did", "disabled", "do", "does", "doesn't", "empty", "enabled", "encrypted", "endpoint", "error", "errors", "exchange", "expired",
    "expires", "expiring", "expiry", "fail", "failed", "failing", "fails", "failure", "file", "for", "found", "from", "generated",
    "generating", "generation", "given", "had", "handler", "has", "hashed", "have", "header", "headers", "here", "if", "illegal", "in",
    "incorrect", "invalid", "is", "isn't", "issued", "issuer", "it", "its", "length", "limit", "line", "manager", "may", "mismatch",
    "mismatched", "missing", "must", "name", "near", "no", "none", "not", "of", "ok", "on", "only", "optional", "or", "parse", "parsed",
    "parsing", "path", "policy", "present", "prompt", "protected", "protection", "provided", "provider", "received", "refresh",
    "refreshed", "refreshing", "refused", "rejected", "repeat", "request", "required", "requires", "reset", "resets",
    "response", "retype", "revoked",
    "rotated", "rotation", "scope", "scopes", "sent", "server", "service", "should", "signature", "signed", "signing", "soon", "still",
    "storage", "store", "stored", "supplied", "than", "that", "the", "then", "there", "this", "to", "too", "type", "unexpected",
    "unknown", "unset", "update", "updated", "uri", "url", "usage", "usages", "use", "used", "uses", "using", "valid", "validated",
    "validation", "verification", "verified", "was", "wasn't", "were", "when", "while", "will", "with", "without", "would", "wrong",
    "you", "your",
))  # fmt: skip
"""Words that stand behind `password` or `token` in sentences of logs and manuals."""

PATH: Final = re.compile(
    r"(?:~|\.{1,2}|[A-Za-z]:)?(?:[/\\][\w.@+-]+){2,}/?|\w[\w.-]*\.(?:key|pem|crt|cer|p12|jks|txt|ya?ml|json|conf|cfg|env|go|py|js"
    r"|ts|java|rb|php|rs|c|cpp|h|log)(?::\d+.*)?"
)
URL: Final = re.compile(r"[a-z][a-z0-9+.-]{1,15}://.*", re.IGNORECASE)
NAME: Final = re.compile(r"[a-z][a-z]*(?:[-_.][a-z]+)*")
"""Words joined as Kubernetes and code join them: `db-credentials`."""
ADDRESS: Final = re.compile(r"0[xX][0-9A-Fa-f]{1,24}")
"""A pointer or a number; keys are longer."""
KNOWN: Final = re.compile(
    r"v?\d+(?:[.:-]\w+)*|[\w-]+\.[\w.-]+|[a-z]+[-_]?\d{1,4}|[A-Za-z]+(?:[-_][A-Za-z0-9]+)*|[\w.-]+[=:].*|.*[(){}\[\]<>,].*"
)
"""Versions, names of hosts and files, `sha-256`, `key=value`, pieces of code."""
VOWEL: Final = re.compile(r"[aeiouyAEIOUY]")
CODE: Final = re.compile(r"[A-Za-z_]\w*(?:(?:\.|->|::)[A-Za-z_]\w*)+[;,]?")


def password(value: str, *, quoted: bool) -> bool:
    """Say whether a value behind a word like `password` is one: anything that is no placeholder, path, URL or word of a sentence."""
    if nothing(value) or PATH.fullmatch(value) or URL.fullmatch(value):
        return False
    if quoted:
        return True
    if len(value) < 3 or value[0] in "[({" or nothing(value.rstrip(",;)")) or EXPRESSION.fullmatch(value):
        return False
    return value.lower().strip(".,;:!?)") not in STATUS and not (CODE.fullmatch(value) and not re.search(r"\d", value))


def opaque(value: str, *, quoted: bool) -> bool:
    """Say whether a value behind a word like `token` or `api_key` is secret: long enough, and no word, name or number."""
    if not password(value, quoted=quoted) or len(value) < 8 or value.isdigit() or ADDRESS.fullmatch(value) or " " in value.strip():
        return False
    if TOKEN.search(value):  # its digits are a digest's
        return False
    return not NAME.fullmatch(value) and (any(c.isdigit() for c in value) or _mixed(value))


def guessed(value: str) -> bool:
    """Say whether a word that nothing announces looks like a password: digits among letters, and upper case or marks as well."""
    marks = sum(not c.isalnum() for c in value.rstrip("."))
    return (
        password(value, quoted=False)
        and len(value) >= 6
        and any(c.isdigit() for c in value)
        and any(c.islower() for c in value)
        and (any(c.isupper() for c in value) or marks > 0)
        and not KNOWN.fullmatch(value)
    )


def session(value: str, *, quoted: bool) -> bool:
    """Say whether a value behind `session` or `sid` is a session's secret id rather than a number."""
    return opaque(value, quoted=quoted) and len(value) >= 16


def _mixed(value: str) -> bool:
    """Upper and lower case without the shape of a name, or long: `hEkWpQzRtY`, but neither `DemoToken` nor `MAX_SIZE`."""
    humps = re.findall(r"[A-Z]?[a-z]+|[A-Z]+|[^A-Za-z]+", value)
    if len(value) < 12 or value.isupper():
        return False
    drawn = sum(len(hump) > 1 and VOWEL.search(hump) is None for hump in humps)  # no word has none
    return len(value) / len(humps) < 3.2 or (len(value) >= 20 and drawn >= 2 and 5 * drawn >= len(humps) >= 5)


def nothing(value: str) -> bool:
    """Say whether a value is a placeholder, a mask, or what an earlier run left."""
    return not value.strip() or PLACEHOLDER.fullmatch(value) is not None or STAND_IN.fullmatch(value) is not None
