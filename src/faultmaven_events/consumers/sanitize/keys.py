"""What a key says about its value: `DB_PASSWORD`, `clientSecret`, `"api-key"`, `next_page_token`."""

import re
from functools import lru_cache
from typing import Final, Literal

from faultmaven_events.consumers.sanitize.pseudonyms import TOKEN

Kind = Literal["SECRET_PASSWORD", "SECRET_TOKEN", "SESSION"]

PASSWORD: Final = (
    "password", "passwords", "passwd", "passphrase", "passcode", "passwort", "kennwort", "contraseña", "contrasena", "senha",
    "motdepasse", "пароль", "密码", "密碼", "パスワード", "비밀번호", "패스워드", "비번", "암호",
    "requirepass", "masterauth", "userpass", "authpass",
    "dbpass", "rootpass", "adminpass", "pwd", "credential", "credentials", "clientsecret", "appsecret", "apisecret", "sharedsecret",
    "consumersecret", "secretkey", "masterkey", "encryptionkey", "signingkey", "decryptionkey", "validationkey", "secretkeybase", "aeskey",
    "presharedkey", "rocommunity", "rwcommunity", "snmpcommunity", "communitystring", "storepass", "keypass",
    "wachtwoord", "hasło", "haslo", "şifre", "sifre", "parola", "paroladordine", "lösenord", "losenord", "passord",
    "adgangskode", "salasana",
    "heslo", "jelszó", "lozinka", "geslo", "katasandi", "mậtkhẩu", "كلمةالمرور", "كلمةالسر", "סיסמה", "पासवर्ड", "รหัสผ่าน", "κωδικός",
    "暗証番号", "口令",
)  # fmt: skip
TOKEN_: Final = (
    "secret", "token", "jwt", "apikey", "accesskey", "accesskeyid", "accessid", "authkey", "accountkey", "privatekey", "licensekey",
    "activationkey", "authenticationkey", "authorizationkey", "servicekey", "subscriptionkey", "storagekey", "sessionkey", "securitykey",
    "sshkey", "passkey", "consumerkey", "userkey", "keyword", "nonce", "salt", "signature", "bearer", "hmac", "csrf", "xsrf",
    "webhookkey", "devicekey", "appkey", "sonarlogin", "integrationkey", "routingsecret", "secretid", "authtoken", "hmackey", "accountsas",
    "instrumentationkey", "fernetkey",
)  # fmt: skip
SHORT: Final[dict[str, Kind]] = {
    **dict.fromkeys(("pass", "pw", "pin", "otp", "cvv", "cvc", "psk"), "SECRET_PASSWORD"),
    **dict.fromkeys(("auth", "sig", "cookie", "cred", "creds"), "SECRET_TOKEN"),
    **dict.fromkeys(("session", "sessionid", "sessid", "sid", "jsessionid", "phpsessid"), "SESSION"),
}
"""These count only as a word of their own: `db_pass`, not `bypass`."""
PAGING: Final = re.compile(
    r"(?:next|prev\w*|page|paging|pagination|continu\w*|sync|scroll|resume|cursor|cancel\w*|csrf|num|max|min|total|per|eos|bos"
    r"|pad|stop|public|ssh\w*host)(?:page)?(?:token|key)"
)
"""Tokens that give access to nothing."""
WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_a-zA-Z]+")
ENVIRONMENT: Final = re.compile(r"[A-Z][A-Z0-9_]*_(?:KEY|PASS|PW|AUTH)")
LOOKUP: Final = re.compile(
    r"(?:ROUTING|CACHE|PARTITION|PRIMARY|FOREIGN|SORT|IDEMPOTENCY|DEDUP\w*|OBJECT|ROW|HASH|INDEX|PUBLIC|HOST|GROUP|SHARD|LOCK"
    r"|BINDING|MESSAGE|REDIS|QUEUE)_KEY"
)


STAND_IN: Final = re.compile(rf"(?<![^\W_])(?:{TOKEN.pattern})$")
"""What an earlier run left is no key."""


@lru_cache(maxsize=1 << 14)
def kind(key: str) -> Kind | None:
    """Return what kind of secret stands behind a key, None when none does."""
    if STAND_IN.search(key):
        return None
    name = re.sub(r"[\W_]+", "", key).casefold().rstrip("0123456789").removesuffix("value")
    if name.endswith(PASSWORD) or (name.endswith("pw") and len(name) > 3):
        return "SECRET_PASSWORD"
    if name.endswith(TOKEN_) and not PAGING.fullmatch(name):
        return "SECRET_TOKEN"
    words = WORDS.findall(key)
    short = SHORT.get(words[-1].lower()) if words else None
    if short or name in SHORT:
        return short or SHORT[name]
    if ENVIRONMENT.fullmatch(key) and not LOOKUP.search(key):
        return "SECRET_TOKEN"
    return None
