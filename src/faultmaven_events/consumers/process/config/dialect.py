"""Whose configuration a text is, and which reader reads it: the first row of the table that fits."""

import re
from dataclasses import dataclass
from itertools import islice

from faultmaven_events.consumers.process.config.braces import read_hcl, read_nginx
from faultmaven_events.consumers.process.config.entry import Reader, Reading
from faultmaven_events.consumers.process.config.erlang_text import read_erlang
from faultmaven_events.consumers.process.config.ini_text import read_ini
from faultmaven_events.consumers.process.config.json_text import read_json
from faultmaven_events.consumers.process.config.lines_text import read_hba, read_logrotate, read_sshd
from faultmaven_events.consumers.process.config.pairs_text import read_dockerfile, read_haproxy, read_hosts, read_pairs
from faultmaven_events.consumers.process.config.tags_text import read_apache
from faultmaven_events.consumers.process.config.toml_text import read_toml
from faultmaven_events.consumers.process.config.xml_text import read_xml
from faultmaven_events.consumers.process.config.yaml_text import read_yaml

SAMPLE = 20_000
"""Characters that are looked at to tell a dialect."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """One product's or format's way to write configuration.

    `names` matches the file name, `content` the beginning of the text (`least` times); `product` is the component that reads it,
    None for a bare format.
    """

    name: str
    read: Reader
    names: str
    content: str
    product: str | None = None
    least: int = 1


DIALECTS = (
    Dialect("dockerfile", read_dockerfile, r"(^|[./-])(dockerfile|containerfile)", r"^FROM\s+\S+(?s:.*)^(RUN|CMD|COPY|ENTRYPOINT|ENV)\s"),
    Dialect("compose", read_yaml, r"(^|[.-])compose[\w.-]*\.ya?ml$", r"^services:\s*$(?s:.*)^\s+(image|build):"),
    Dialect(
        "kubernetes",
        read_yaml,
        r"^(deployment|service|ingress|statefulset|daemonset)\.ya?ml$",
        r"^apiVersion:\s*\S+(?s:.*)^kind:\s*\S+|^kind:\s*\S+(?s:.*)^apiVersion:\s*\S+",
    ),
    Dialect("prometheus", read_yaml, r"prometheus[\w-]*\.ya?ml$", r"^scrape_configs:\s*$", "prometheus"),
    Dialect(
        "prometheus-rules", read_yaml, r"(rules|alerts)[\w-]*\.ya?ml$", r"^groups:\s*$(?s:.*)^\s+(- )?(alert|record):\s*\S", "prometheus"
    ),
    Dialect("envoy", read_yaml, r"envoy[\w-]*\.ya?ml$", r"^static_resources:\s*$(?s:.*)^\s+(listeners|clusters):", "envoy"),
    Dialect(
        "rabbitmq-definitions",
        read_json,
        r"(rabbit|definitions)[\w.-]*\.json$",
        r"\"(rabbit(mq)?_version|product_name|x-queue-type)\"(?s:.*)\"(vhosts?|users|queues|policies)\"\s*:",
        "rabbitmq",
    ),
    Dialect("json", read_json, r"\.json$", r"\A\s*[\[{]\s*(\"|\{|\[|\]|\})"),
    Dialect(
        "apache",
        read_apache,
        r"apache|httpd|\.htaccess",
        r"^\s*(<(VirtualHost|Directory|IfModule|Location|FilesMatch)\b[^>\n]*>|(ServerRoot|DocumentRoot|LoadModule|RewriteEngine|MaxRequestWorkers|ServerTokens|KeepAliveTimeout)\s+\S)",
        "httpd",
    ),
    Dialect("xml", read_xml, r"\.(xml|plist|config|csproj|pom)$", r"\A\s*<(\?xml|!DOCTYPE|[A-Za-z][\w:.-]*[\s/>])"),
    Dialect(
        "nginx",
        read_nginx,
        r"nginx|(^|/)sites-(enabled|available)",
        r"^\s*(server|http|events|stream|location\s[^{]+|upstream\s+\S+)\s*\{",
        "nginx",
    ),
    Dialect("haproxy", read_haproxy, r"haproxy", r"^(frontend|backend|listen|defaults|global)\b[^={:\n]*$", "haproxy", 2),
    Dialect(
        "hcl",
        read_hcl,
        r"\.(tf|tfvars|hcl|nomad)$",
        r"^(resource|variable|provider|module|terraform|job|locals|output|data)\b[^=\n]*\{\s*$",
    ),
    Dialect(
        "rabbitmq-advanced",
        read_erlang,
        r"advanced\.config|rabbitmq\.config$",
        r"^\s*\{\s*(rabbit|rabbitmq_\w+|kernel|ra|osiris|ssl)\s*,\s*\[",
        "rabbitmq",
    ),
    Dialect(
        "logrotate",
        read_logrotate,
        r"logrotate",
        r"^\s*[/~\"*][^\s{}]*[^{}\n]*\{\s*$(?s:.*)^\s*(rotate\s+\d|daily|weekly|monthly|missingok|compress|copytruncate)\b",
    ),
    Dialect("supervisord", read_ini, r"supervisor", r"^\[(supervisord|program:[^\]]+)\]", "supervisord"),
    Dialect(
        "systemd", read_ini, r"\.(service|timer|socket|mount|target|slice)$", r"^\[(Unit|Service|Install|Timer|Socket|Mount)\]", None, 2
    ),
    Dialect("pgbouncer", read_ini, r"pgbouncer", r"^\[pgbouncer\]\s*$", "pgbouncer"),
    Dialect("mysql", read_ini, r"(^|[./])(my|mysqld|mariadb)[\w.-]*\.(cnf|ini)", r"^\[(mysqld|mariadb|client|mysqld_safe)\]", "mysql"),
    Dialect(
        "rabbitmq",
        read_pairs,
        r"rabbit",
        r"^\s*(listeners\.|vm_memory_high_watermark|disk_free_limit|loopback_users|default_user|consumer_timeout|channel_max|cluster_formation)\S*\s*=",
        "rabbitmq",
    ),
    Dialect(
        "pg_hba",
        read_hba,
        r"pg_hba",
        r"^(local|host(no)?(ssl)?)[ \t]+\S+[ \t]+\S+[ \t]+(\S+[ \t]+)?(trust|reject|md5|peer|ident|password|scram-sha-256|cert|ldap)\b",
        "postgresql",
    ),
    Dialect(
        "kafka",
        read_pairs,
        r"(^|/)(server|broker|kafka)[\w-]*\.properties$",
        r"^(broker\.id|node\.id|log\.dirs|zookeeper\.connect|process\.roles|controller\.quorum\.\w+)\s*=",
        "kafka",
    ),
    Dialect(
        "sshd",
        read_sshd,
        r"sshd_config",
        r"^\s*(PermitRootLogin|PasswordAuthentication|PubkeyAuthentication|ChallengeResponseAuthentication|AuthorizedKeysFile|UsePAM|MaxStartups|X11Forwarding|Subsystem\s+sftp)\s+\S",
        "sshd",
        2,
    ),
    Dialect(
        "postgresql",
        read_pairs,
        r"postgres|pgsql",
        r"^\s*#?\s*(shared_buffers|max_connections|listen_addresses|work_mem|wal_level|log_line_prefix|max_wal_size|log_min_duration_statement)\s*=?\s*\S",
        "postgresql",
        2,
    ),
    Dialect(
        "redis",
        read_pairs,
        r"redis|valkey|sentinel",
        r"^\s*(maxmemory(-policy)?|appendonly|protected-mode|requirepass|tcp-backlog|save|databases|replicaof|bind|cluster-enabled|cluster-node-timeout|tcp-keepalive|appendfsync|maxclients)\s+\S",
        "redis",
        2,
    ),
    Dialect(
        "hosts",
        read_hosts,
        r"(^|[./])hosts$",
        r"^(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F:]*::[0-9a-fA-F:]*|<?IP_\w+>?)"
        r"[ \t]+[A-Za-z][\w.-]*(?:[ \t]+[A-Za-z][\w.-]*)*[ \t]*(?:#.*)?$",
        None,
        2,
    ),
    Dialect("toml", read_toml, r"\.toml$", r"^\s*\[\[?[\w.\"-]+\]\]?\s*$(?s:.*)^\s*[\w-]+\s*=\s*(\"|\[|true|false|\d)"),
    Dialect("env", read_pairs, r"(^|[./])\.?env(\.|$)|\.env$", r"^(export\s+)?[A-Z][A-Z0-9_]{2,}=", None, 2),
    Dialect("ini", read_ini, r"\.(ini|cfg|cnf)$", r"^\[[^\]\n]+\]\s*$"),
    Dialect("yaml", read_yaml, r"\.ya?ml$", r"^[\w.-]+:(\s+\S.*)?$", None, 2),
    Dialect("pairs", read_pairs, r"\.(conf|properties|cf)$", r"^\s*[\w.-]+\s*[=:\s]\s*\S"),
)
PAIRS = DIALECTS[-1]
_BY_NAME = {dialect.name: dialect for dialect in DIALECTS}
_PAIRED = "fluentd ignore-list iptables limits logstash pam pkg-config table udev-rules zone-file"
FOREIGN = {
    "erlang-terms": Dialect("erlang-terms", read_erlang, r"(?!)", r"(?!)"),
    **{name: Dialect(name, read_pairs, r"(?!)", r"(?!)") for name in _PAIRED.split()},
}
"""Classified formats without a product that is known here: read as far as it goes, never as the syntax that they resemble."""


def dialect_of(name: str, format: str, text: str) -> Dialect:
    """Decide by the content where it is a product's, else by the file name, the classified format, and the content again."""
    sample = text[:SAMPLE]
    named = [dialect for dialect in DIALECTS if re.search(dialect.names, name, re.IGNORECASE)]
    speaking = [dialect for dialect in DIALECTS if _speaks(dialect, sample)]
    both = [dialect for dialect in named if dialect in speaking]
    stated = [_BY_NAME[format]] if format in _BY_NAME else _foreign(format, speaking)
    bare = [dialect for dialect in named if dialect.name in {"json", "xml", "toml", "yaml", "hcl", "env"}]
    refined = [dialect for dialect in speaking if bare and dialect.read is bare[0].read]
    return next(iter((*refined, *both, *bare, *stated, *speaking, *named)), PAIRS)


def _foreign(format: str, speaking: list[Dialect]) -> list[Dialect]:
    """The dialect of a format of no known product; before it those of a product that are read alike."""
    other = FOREIGN.get(format)
    return [*(dialect for dialect in speaking if dialect.product and dialect.read is other.read), other] if other else []


def _speaks(dialect: Dialect, sample: str) -> bool:
    found = re.finditer(dialect.content, sample, re.MULTILINE)
    return sum(1 for _ in islice(found, dialect.least)) == dialect.least


def read(name: str, format: str, text: str) -> tuple[Dialect, Reading]:
    """The dialect of a text and what its reader reads."""
    dialect = dialect_of(name, format, text)
    return dialect, dialect.read(text)
