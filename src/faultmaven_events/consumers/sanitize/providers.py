"""Tokens that providers give a form of their own, and other secrets that need no key beside them.

Data: kind, cheap pattern for the scan (RE2, any case), exact pattern. The exact one's group `secret`, where there is one, is what gets
hidden. Formats as the providers document them.
"""

import re
from collections.abc import Iterator
from typing import Final

from faultmaven_events.consumers.sanitize.finding import Finding

_B = r"(?:(?<![A-Za-z0-9_-])|(?<=\[\dm)|(?<=\[\d\dm))"
"""Before a token; a colour escape of a terminal ends in a letter that belongs to no word."""
_E = r"(?![A-Za-z0-9_-])"

_HASH = r"\$(?:1|2[abxy]?|5|6|7|y|gy|apr1|argon2(?:i|d|id)|scrypt|pbkdf2[a-z0-9-]*)\$"
"""How crypt(3) and its kin begin."""

PROVIDERS: Final = (
    # Clouds
    ("aws", "(?-i:A(?:KIA|SIA|BIA|CCA|3T[A-Z0-9])[A-Z2-7])", r"(?<![A-Za-z0-9])A(?:KIA|SIA|BIA|CCA|3T[A-Z0-9])[A-Z2-7]{16}(?![A-Za-z0-9])"),
    ("aws", "ABSKQmVkcm9ja0FQSUtleS", r"ABSKQmVkcm9ja0FQSUtleS[A-Za-z0-9+/=]{90,}"),
    ("aws", "bedrock-api-key-YmVk", r"bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29t[\w+/=.-]*"),
    ("google", "AIza", _B + r"AIza[0-9A-Za-z_-]{35}" + _E),
    ("google", "ya29\\.", _B + r"ya29\.[0-9A-Za-z_-]{20,}"),
    ("google", "GOCSPX-", _B + r"GOCSPX-[0-9A-Za-z_-]{20,}"),
    ("azure", "JQQJ99", r"[A-Za-z0-9]{52}JQQJ99[A-Za-z0-9]{26}[A-Za-z0-9+/=]*"),
    ("azure", "[0-9]Q~", _B + r"[A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.-]{31,34}"),
    ("azure", "(?:AccountKey|SharedAccessKey|sig)=", r"(?:AccountKey|SharedAccessKey)=(?P<secret>[A-Za-z0-9+/]{40,}={0,2})"),
    ("digitalocean", "do[opr]_v1_", _B + r"do[opr]_v1_[a-f0-9]{64}" + _E),
    ("alibaba", "(?-i:LTAI)", _B + r"LTAI[A-Za-z0-9]{12,26}" + _E),
    ("cloudflare", "cf(?:at|ut|k)_", _B + r"cf(?:at|ut|k)_[A-Za-z0-9]{40,64}"),
    ("cloudflare", "v1\\.0-", _B + r"v1\.0-[a-f0-9]{24}-[a-f0-9]{146}"),
    ("heroku", "HRKU-", _B + r"HRKU-[\w-]{36,}"),
    ("fly", "fo1_|fm[12][a-z]?_", _B + r"(?:fo1_[\w-]{43}|fm[12][a-z]?_[A-Za-z0-9+/=_,-]{80,})"),
    ("openshift", "sha256~", _B + r"sha256~[\w-]{43}"),
    ("pulumi", "pul-[a-f0-9]", _B + r"pul-[a-f0-9]{40}" + _E),
    ("netlify", "nfp_", _B + r"nfp_[A-Za-z0-9]{36,40}" + _E),
    # Code and packages
    ("github", "gh[pousr]_[a-z0-9]|github_pat_", _B + r"(?:gh[pousr]_[A-Za-z0-9]{36,251}|github_pat_\w{22,255})"),
    ("gitlab", "gl(?:pat|ptt|dt|rt|soat|ft|imt|agent|cbt|oas)-", _B + r"(?:gl(?:pat|ptt|dt|rt|soat|ft|imt|agent|cbt)|gloas)-[\w.-]{20,}"),
    ("bitbucket", "ATBB|ATCTT3x|BBDC-", r"(?<![A-Za-z0-9])(?:ATBB[A-Za-z0-9_=.-]{28,}|ATCTT3xFfG[\w=.-]{60,}|BBDC-[A-Za-z0-9+/=]{40,})"),
    ("atlassian", "ATATT3x", _B + r"ATATT3[A-Za-z0-9_=.-]{100,}"),
    ("npm", "npm_[a-z0-9]{8}", _B + r"npm_[A-Za-z0-9]{36}" + _E),
    ("pypi", "pypi-AgEI", _B + r"pypi-AgEI[\w-]{50,}"),
    ("rubygems", "rubygems_", _B + r"rubygems_[a-f0-9]{48}" + _E),
    ("clojars", "CLOJARS_", _B + r"CLOJARS_[a-f0-9]{60}" + _E),
    ("docker", "dckr_[po]at_", _B + r"dckr_[po]at_[\w-]{27,}"),
    ("artifactory", "AKCp|cmVmdGtu", r"(?<![A-Za-z0-9])(?:AKCp[A-Za-z0-9]{67,70}|cmVmdGtuOj[A-Za-z0-9]{54})(?![A-Za-z0-9])"),
    ("sonarqube", "sq[upa]_[a-f0-9]{8}", _B + r"sq[upa]_[A-Za-z0-9]{40}" + _E),
    ("hashicorp", "\\.atlasv1[.-]", _B + r"[A-Za-z0-9]{3,14}\.atlasv1[.-][\w-]{60,}"),
    ("vault", "hv[sbr]\\.", _B + r"hv[sbr]\.[\w-]{24,}"),
    ("doppler", "dp\\.(?:pt|st|ct|sa|scim|audit)\\.", _B + r"dp\.(?:pt|st|ct|sa|scim|audit)\.(?:[\w-]+\.)?[A-Za-z0-9]{40,44}"),
    ("postman", "PMA[KT]-", _B + r"(?:PMAK-[a-f0-9]{24}-[a-f0-9]{34}|PMAT-[A-Z0-9]{26})"),
    ("figma", "fig[duo]r?_", _B + r"fig[duo]r?_[\w-]{36,}"),
    ("notion", "ntn_|secret_[a-z0-9]{8}", _B + r"(?:ntn_[A-Za-z0-9]{46}|secret_[A-Za-z0-9]{43})" + _E),
    ("airtable", "\\.[a-f0-9]{16}", _B + r"pat[A-Za-z0-9]{14}\.[a-f0-9]{64}"),
    ("1password", "ops_eyJ|A3-[a-z0-9]{6}-", _B + r"(?:ops_eyJ[A-Za-z0-9+/_=-]{60,}|A3-\w{6}-(?:\w{11}|\w{6}-\w{5})(?:-\w{5}){3})" + _E),
    ("wundergraph", "cosmo_", _B + r"cosmo_[a-f0-9]{32}" + _E),
    ("databricks", "dapi[a-f0-9]", _B + r"dapi[a-f0-9]{32}(?:-\d)?" + _E),
    ("age", "AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[A-Z0-9]{58}"),
    ("linear", "lin_api_|lin_oauth_", _B + r"lin_(?:api|oauth)_[A-Za-z0-9]{40,}"),
    ("dynatrace", "dt0[a-z][0-9]{2}\\.", _B + r"dt0[a-z]\d{2}\.[A-Z0-9]{24}\.[A-Z0-9]{64}"),
    ("newrelic", "NRAK-|NRJS-|NRRA-", _B + r"(?:NRAK-[A-Z0-9]{27}|NR(?:JS|RA)-[a-f0-9]{19,42})"),
    ("grafana", "gl(?:c|sa)_|eyJrIjoi", _B + r"(?:glc_[A-Za-z0-9+/=]{40,}|glsa_[A-Za-z0-9]{32}_[a-f0-9]{8}|eyJrIjoi[A-Za-z0-9+/=_-]{60,})"),
    ("sentry", "sntry[su]_", _B + r"sntry[su]_[A-Za-z0-9+/=_-]{40,}"),
    # Models
    ("openai", "sk-[a-z0-9_-]{8}", _B + r"sk-(?:proj-|svcacct-|admin-|ant-[a-z0-9-]+-|or-v1-)?[A-Za-z0-9_-]{32,}"),
    ("huggingface", "hf_[a-z]{8}|api_org_", r"(?<![A-Za-z0-9])(?:hf_|api_org_)[A-Za-z]{34,37}(?![A-Za-z0-9_])"),
    ("perplexity", "pplx-", _B + r"pplx-[A-Za-z0-9]{40,}"),
    ("groq", "gsk_[a-z0-9]{8}|xai-[a-z0-9]{8}", _B + r"(?:gsk_[A-Za-z0-9]{52}|xai-[A-Za-z0-9]{70,})"),
    ("together", "tgp_v1_", _B + r"tgp_v1_[\w-]{43}" + _E),
    ("tavily", "tvly-", _B + r"tvly-(?:[a-z]+-)?[A-Za-z0-9]{32}" + _E),
    ("replicate", "r8_[a-z0-9]{8}", _B + r"r8_[A-Za-z0-9]{37}" + _E),
    # Payment
    ("stripe", "(?:sk|rk|pk)_(?:live|test|prod)_|whsec_", _B + r"(?:(?:sk|rk)_(?:live|test|prod)_\w{10,}|whsec_[A-Za-z0-9+/=]{24,})"),
    ("square", "sq0[a-z]{3}-|EAAA", _B + r"(?:sq0[a-z]{3}-[\w-]{22,}|EAAA[A-Za-z0-9_-]{56,64})"),
    ("braintree", "access_token\\$", r"access_token\$(?:production|sandbox)\$[a-z0-9]{16}\$[a-f0-9]{32}"),
    ("shopify", "shp(?:at|ca|pa|ss)_", _B + r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}"),
    # Messages and media
    ("slack", "xox[a-z]", r"(?<![A-Za-z0-9_])xox[abeoprs](?:\.xox[bp])?-(?:\d{1,2}-)?[A-Za-z0-9-]*\d{5,}[A-Za-z0-9-]*" + _E),
    ("slack", "xapp-|xox[a-z]", r"(?<![A-Za-z0-9_])(?:xapp-\d-[A-Z0-9]+-\d+-[a-f0-9]{20,}|xoxe(?:\.xox[bp])?-\d-[A-Za-z0-9]{100,})"),
    ("webhook", "hooks\\.slack\\.com", r"hooks\.slack\.com/(?:services|workflows|triggers)/(?P<secret>[\w/-]{20,})"),
    ("webhook", "discord(?:app)?\\.com/api/webhooks", r"discord(?:app)?\.com/api/webhooks/\d{10,}/(?P<secret>[\w-]{50,})"),
    ("webhook", "webhook\\.office\\.com", r"webhook\.office\.com/webhookb2/(?P<secret>[\w@./-]{40,})"),
    ("discord", "\\.[a-z0-9_-]{6}\\.[a-z0-9_-]{8}", _B + r"[MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,42}"),
    ("telegram", "[0-9]:AA", r"(?<![A-Za-z0-9])\d{8,10}:AA[\w-]{33}" + _E),
    ("twilio", "(?-i:SK[0-9a-f]{8})", _B + r"SK[0-9a-f]{32}" + _E),
    ("sendgrid", "SG\\.", _B + r"SG\.[\w-]{15,24}\.[\w-]{15,45}"),
    ("mailgun", "key-[a-f0-9]{8}|-[a-f0-9]{8}-[a-f0-9]{8}", _B + r"(?:key-[a-f0-9]{32}|[a-f0-9]{32}(?:-[a-f0-9]{8}){2})" + _E),
    ("mailchimp", "[a-f0-9]-us[0-9]", _B + r"[a-f0-9]{32}-us\d{1,2}" + _E),
    ("facebook", "EAA[CM]|[0-9]\\|[a-z0-9_-]{8}", r"(?<![A-Za-z0-9])(?:EAA[CM][A-Za-z0-9]{60,}|\d{13,17}\|[\w-]{24,30})"),
    ("instagram", "IG[A-Z]{2}[A-Z0-9]", _B + r"IG(?:QV|QW|AA)[A-Za-z0-9_-]{60,}"),
    ("dropbox", "\\bsl\\.[a-z0-9_-]{8}|(?-i:A{10})", _B + r"(?:sl\.[\w-]{100,}|[A-Za-z0-9_-]{10,12}A{10}[\w-]{40,46})"),
    ("salesforce", "00D[a-z0-9]+!", _B + r"00D[A-Za-z0-9]{12,15}![A-Za-z0-9._+/=-]{40,}"),
    ("salesforce", "(?-i:3MV)", _B + r"3MV[A-Za-z0-9]9[\w.]{60,}"),
    ("akamai", "akab-", _B + r"akab-[a-z0-9]{16}-[a-z0-9]{16}(?![\w.-])"),
    ("okta", "okta", r"(?i:okta)[\w.-]{0,30}[\"']?\s?(?:[:=]{1,2})\s?[\"']?(?P<secret>00[\w-]{40})" + _E),
    ("atlassian", "atlassian|jira|confluence", r"(?i:atlassian|jira|confluence)[\w.-]{0,20}[\"']?\s?[:=]\s?[\"'](?P<secret>\w{24})[\"']"),
    ("planetscale", "pscale_", _B + r"pscale_(?:tkn|pw|oauth)_[\w=.-]{32,64}"),
    ("supabase", "sbp_[a-f0-9]|sb_secret_", _B + r"(?:sbp_[a-f0-9]{40}|sb_secret_[\w-]{30,})" + _E),
    ("render", "rnd_[a-z0-9]{8}", _B + r"rnd_[A-Za-z0-9]{28,}" + _E),
    ("vercel", "vc[pkiar]_[a-z0-9]{8}", _B + r"vc[pkiar]_[A-Za-z0-9]{24,}" + _E),
    ("tailscale", "tskey-", _B + r"tskey-[a-z]+-[A-Za-z0-9]+(?:CNTRL)?-[A-Za-z0-9]{16,}"),
    ("easypost", "EZ[AT]K[a-f0-9]{8}", _B + r"EZ[AT]K[A-Za-z0-9]{54}" + _E),
    ("flutterwave", "FLW(?:SECK|PUBK)", _B + r"FLWSECK(?:_TEST)?-[a-hA-H0-9]{12,}(?:-X)?"),
    ("adafruit", "aio_[a-z0-9]{8}", _B + r"aio_[A-Za-z0-9]{28}" + _E),
    ("readme", "rdme_", _B + r"rdme_[a-z0-9]{70}" + _E),
    ("typeform", "tfp_[a-z0-9_-]{8}", _B + r"tfp_[\w.=-]{44,59}"),
    ("duffel", "duffel_", _B + r"duffel_(?:test|live)_[\w=-]{43}"),
    ("brevo", "xkeysib-|xsmtpsib-", _B + r"(?:xkey|xsmtp)sib-[a-f0-9]{64}-[A-Za-z0-9]{16}"),
    ("prefect", "pn[ub]_[a-z0-9]{8}", _B + r"pn[ub]_[a-z0-9A-Z]{36}" + _E),
    ("buildkite", "bk[a-z]{2}_[a-f0-9]{8}", _B + r"bk[a-z]{2}_[a-f0-9]{40}" + _E),
    ("sourcegraph", "sgp_|slk_[a-f0-9]{8}", _B + r"(?:sgp_(?:[a-zA-Z0-9]{16}_|local_)?[a-f0-9]{40}|slk_[a-f0-9]{64})" + _E),
    ("google", "1//0", r"(?<![\w/])1//0[\w-]{50,}"),
    ("shippo", "shippo_", _B + r"shippo_(?:live|test)_[a-fA-F0-9]{40}" + _E),
    ("plaid", "access-(?:sandbox|development|production)-", _B + r"access-(?:sandbox|development|production)-[a-f0-9-]{36}" + _E),
    ("hubspot", "pat-(?:na|eu)", _B + r"pat-(?:na|eu)\d-[A-Za-z0-9]{8}(?:-[A-Za-z0-9]{4}){3}-[A-Za-z0-9]{12}" + _E),
    ("launchdarkly", "(?:sdk|mob|api)-[a-f0-9]{8}-", _B + r"(?:sdk|mob|api)-[a-f0-9]{8}(?:-[a-f0-9]{4}){3}-[a-f0-9]{12}" + _E),
    ("contentful", "CFPAT-", _B + r"CFPAT-[\w-]{43}" + _E),
    ("mapbox", "sk\\.eyJ", _B + r"sk\.eyJ[\w-]{20,}\.[\w-]{20,}"),
    ("resend", "re_[a-z0-9]{8}_", _B + r"re_[A-Za-z0-9]{8}_[A-Za-z0-9]{24}" + _E),
    ("langsmith", "lsv2_", _B + r"lsv2_(?:pt|sk)_[a-f0-9]{32}_[a-f0-9]{10}" + _E),
    ("pinecone", "pcsk_", _B + r"pcsk_\w{40,}"),
    ("nvidia", "nvapi-", _B + r"nvapi-[\w-]{60,}"),
    ("aws", "da2-[a-z0-9]{8}", _B + r"da2-[a-z0-9]{26}" + _E),
    ("docker", "SWMTKN-", _B + r"SWMTKN-1-[a-z0-9]{50}-[a-z0-9]{25}" + _E),
    ("zapier", "hooks\\.zapier\\.com", r"hooks\.zapier\.com/hooks/(?:catch/)?(?P<secret>[\w/]{8,})"),
    # Forms of no single provider
    ("prefixed", "[a-z]_[a-z0-9]{32}", _B + r"[a-z]{2,10}_(?:[a-z]{2,8}_){0,2}[A-Za-z0-9]{32,100}" + _E),
    ("password_hash", "\\{(?:s?sha|s?md5|crypt)", r"\{(?:S?SHA(?:\d{3})?|S?MD5|CRYPT)\}[A-Za-z0-9+/=$.]{16,}"),
    ("jwt", "eyJ[a-z0-9_-]{8}", _B + r"eyJ[A-Za-z0-9_-]{8,}\.(?:eyJ)?[A-Za-z0-9_-]{2,}(?:\.[A-Za-z0-9_-]*){0,3}"),
    ("jwk", "WwogICAg|eyJrdHki|ewogICAgImt0eSI", r"(?<![A-Za-z0-9])(?:WwogICAg|eyJrdHki|ewogICAgImt0eSI)[A-Za-z0-9+/=_-]{60,}"),
    ("private_key", "LS0tLS1CRUdJTi", r"LS0tLS1CRUdJTi(?:BSU0E|BFQy|BPUEVO|BEU0E|BQUklW|BFTkNS|IFBSSVZ|BQ)[A-Za-z0-9+/=\s]{40,}"),
    ("ntlm", "TlRMTVNTUAAD", r"TlRMTVNTUAAD[A-Za-z0-9+/=]{60,}"),
    ("password_hash", _HASH, _HASH + r"[./A-Za-z0-9$=,+-]{20,}"),
    ("password_hash", "SCRAM-SHA-(?:1|256)\\$", r"SCRAM-SHA-(?:1|256)\$\d+:[A-Za-z0-9+/=$:]{40,}"),
)  # fmt: skip

EXACT: Final = tuple(
    (f"SECRET_{kind.upper()}" if not kind[0].isdigit() else "SECRET_ONEPASSWORD", re.compile(exact)) for kind, _, exact in PROVIDERS
)

PREFIXED: Final = "SECRET_PREFIXED"
"""A short word, and behind its `_` at least 32 letters of both cases and digits: how most providers make their tokens now."""
BLANK: Final = re.compile(r"(?i:x{6,}|\*{4,}|0{12,}|1{12,}|(?-i:a{16,})|\.{3,}|example|redacted|your[_-]|[_-]here|placeholder)")
"""What documentation and masks put in a token's place."""


def token(rule: int, line: str) -> Iterator[Finding]:
    """Find the tokens of rule number `rule` of the table."""
    type_, pattern = EXACT[rule]
    group = "secret" if "secret" in pattern.groupindex else 0
    for match in pattern.finditer(line):
        if not BLANK.search(match.group(group)) and (type_ != PREFIXED or _mixed(match.group())):
            yield Finding(match.start(group), match.end(group), type_)


def _mixed(value: str) -> bool:
    rest = value.rpartition("_")[2]
    return sum(c.isdigit() for c in rest) >= 3 and sum(c.isupper() for c in rest) >= 5 and sum(c.islower() for c in rest) >= 5
