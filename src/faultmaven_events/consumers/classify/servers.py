"""Directives of well-known servers and system files: what a line begins with, and what one line must have."""

import re
from dataclasses import dataclass
from typing import Final

from faultmaven_events.consumers.classify.detector import Vote
from faultmaven_events.consumers.classify.sample import Sample


@dataclass(frozen=True, slots=True)
class Server:
    """A format whose lines are `before` + one of `words` (regular expressions) + `after`; one line must match `must`."""

    format: str
    words: str
    """Separated by white space."""
    must: str
    before: str = ""
    after: str = r"\s"

    def pattern(self) -> re.Pattern[str]:
        """Compile the words."""
        return re.compile(f"{self.before}(?:{'|'.join(self.words.split())}){self.after}")


SERVERS: Final = (
    Server(
        "postgresql-conf",
        r"""listen_addresses port max_\w+ shared_\w+ work_mem maintenance_work_mem wal_\w+ min_wal_size checkpoint_\w+ log_\w+ autovacuum\w*
        statement_timeout effective_\w+ random_page_cost hba_file ident_file data_directory unix_socket_directories lock_timeout
        ssl\w* superuser_reserved_connections idle_\w+ synchronous_\w+ hot_standby\w* archive_\w+ default_\w+ timezone datestyle
        lc_\w+ fsync huge_pages dynamic_shared_memory_type track_\w+ deadlock_timeout password_encryption full_page_writes
        temp_\w+ logging_collector cluster_name primary_conninfo enable_\w+ vacuum_\w+ bgwriter_\w+""",
        r"shared_buffers|wal_level|listen_addresses|max_connections|work_mem|log_min_|unix_socket_dir|autovacuum|hba_file|statement_timeout",
        after=r"\s*(?:=|\s)",
    ),
    Server(
        "redis-conf",
        r"""bind port protected-mode tcp-\S+ timeout databases save append\S+ auto-aof\S+ maxmemory\S* maxclients dir dbfilename rdb\S+
        requirepass stop-writes\S+ masterauth replicaof slaveof replica-\S+ slave-\S+ repl-\S+ rename-command loglevel logfile
        daemonize pidfile supervised unixsocket\S* io-threads\S* lazyfree-\S+ hz cluster-\S+ sentinel user aclfile notify-\S+
        slowlog-\S+ latency-\S+ client-\S+ activedefrag active-\S+ tls-\S+ hash-\S+ list-\S+ set-\S+ zset-\S+ min-replicas-\S+
        loadmodule always-show-logo oom-\S+ no-appendfsync\S+ aof-\S+""",
        r"maxmemory|appendonly|protected-mode|dbfilename|tcp-backlog|sentinel|replicaof|save \d|databases \d",
        after=r" \S",
    ),
    Server(
        "apache",
        r"""</?(?:VirtualHost|Directory|DirectoryMatch|Location|LocationMatch|Files|FilesMatch|IfModule|IfDefine|Limit|LimitExcept|Proxy|Require\w+|If)\b
        (?:Server|SSL|Rewrite|Proxy|Expires|Add|Auth|Hostname|Redirect|SetEnv|Include|php_)\w*\s DocumentRoot\s Listen\s
        LoadModule\s ErrorLog\s CustomLog\s LogFormat\s LogLevel\s (?:Request)?Header\s Options\s AllowOverride\s Require\s
        Order\s Allow\s Deny\s User\s Group\s KeepAlive\w*\s Timeout\s MaxRequestWorkers\s StartServers\s
        M(?:in|ax)SpareServers\s ThreadsPerChild\s DirectoryIndex\s (?:Script)?Alias\s ErrorDocument\s PidFile\s Mutex\s
        TypesConfig\s AccessFileName\s TraceEnable\s Protocols\s BrowserMatch\s Satisfy\s""",
        r"</?(?:VirtualHost|Directory|IfModule|Location|Files)|LoadModule |ServerRoot |DocumentRoot |Rewrite(?:Rule|Cond) |AllowOverride",
        before=r"\s*",
        after="",
    ),
    Server(
        "haproxy",
        r"""(?:global|defaults|frontend|backend|listen|userlist|peers|resolvers|program|cache|mailers|http-errors)(?:\s[\w.:*-]+)*$
        \s+(?:log|mode|option|timeout|maxconn|bind|server|balance|default_backend|use_backend|acl|stats|stick|retries|errorfile|daemon|user|group)\b
        \s+(?:chroot|cookie|redirect|default-server|nbthread|nbproc|monitor|capture|compression|filter|rate-limit|source|hash-type|description)\b
        \s+(?:http-|tcp-|ssl-|tune\.|ca-base|crt-base|unique-id-|email-alert|server-state|load-server-state|pidfile|nameserver|hold|no\soption)
        \s+(?:accepted_payload_size|resolve_retries|fullconn|backlog|dispatch|req\w+|rsp\w+|peer|external-check)\b""",
        r"^\s+(?:mode (?:http|tcp)|balance \w+|(?:default|use)_backend |timeout (?:connect|client|server))|^(?:frontend|backend|listen)\b",
        after="",
    ),
    Server(
        "sshd-config",
        r"""Port ListenAddress HostKey PermitRootLogin \w+Authentication UsePAM X11Forwarding Subsystem AllowUsers AllowGroups DenyUsers
        Match AcceptEnv ClientAlive\w+ Max\w+ PrintMotd AuthorizedKeysFile LoginGraceTime StrictModes UseDNS Banner Ciphers MACs
        KexAlgorithms Host HostName User IdentityFile ProxyJump ProxyCommand ForwardAgent StrictHostKeyChecking
        UserKnownHostsFile Include SyslogFacility LogLevel AddressFamily ServerAlive\w+ ForceCommand ChrootDirectory
        Allow\w+Forwarding PermitEmptyPasswords PermitTunnel TCPKeepAlive Compression""",
        r"PermitRootLogin|PasswordAuthentication|AuthorizedKeysFile|IdentityFile|HostName|Subsystem|ProxyJump",
        before=r"\s*",
        after=r" \S",
    ),
    Server(
        "crontab",
        r"@(?:reboot|hourly|daily|weekly|monthly|yearly|annually|midnight)\s+\S (?:[\d*/,\-]+\s+){4}[\d*/,\-a-zA-Z]+\s+\S [A-Z_]+=",
        r"^(?:@\w+|(?:[\d*/,\-]+\s+){4}[\d*/,\-a-zA-Z]+)\s+\S",
        after="",
    ),
    Server(
        "hosts",
        r"(?:\d{1,3}\.){3}\d{1,3} (?=[\da-fA-F]*:)[\da-fA-F:]{2,45}",
        r"\s",
        after=r"\s{1,40}[a-zA-Z][\w.\-]*(?:\s{1,40}[\w.\-]+){0,20}\s{0,40}(?:#.*)?$",
    ),
    Server("resolv-conf", "nameserver search domain options sortlist", "nameserver", after=r" \S"),
    Server("fstab", r"UUID= LABEL= / tmpfs proc none [\w.-]+:/", r"\s", after=r"\S*\s+(?:/|none|swap)\S*\s+\w+\s+\S+(?:\s+\d\s+\d)?$"),
    Server("iptables", r"\*(?:filter|nat|mangle|raw)$ :[\w-]+\s(?:ACCEPT|DROP|-)\s\[ -[AIN]\s[\w-]+\s COMMIT$", "-A |COMMIT", after=""),
    Server(
        "pg-hba",
        r"local host(?:no)?(?:ssl|gssenc)?",
        r"\s",
        after=r"\s+\S+\s+\S+\s+(?:\S+\s+){0,2}(?:trust|reject|md5|scram-sha-256|password|peer|ident|cert|ldap|gss|pam)\b",
    ),
    Server(
        "pkg-config",
        r"[a-z_]+=\S (?:Name|Description|Version|URL|Requires|Requires\.private|Conflicts|Libs|Libs\.private|Cflags):",
        r"(?:Libs|Cflags|Requires)(?:\.private)?:|Description:",
        after=r"",
    ),
    Server(
        "pam",
        r"-?(?:auth|account|session|password)",
        r"\s",
        before=r"(?:[\w.-]{1,40}\s+)?",
        after=r"\s+(?:required|requisite|sufficient|optional|include|substack|\[[\w= ]+\])\s+\S|@include\s",
    ),
    Server("limits", r"[\w@*%-]{1,40}", r"\s", after=r"\s+(?:soft|hard|-)\s+[a-z]+\s+[\w-]+$"),
    Server(
        "zone-file",
        r"""\$(?:TTL|ORIGIN|INCLUDE)\s \s*\d+[smhdw]?(?:\s|$) \)
        (?:[\w.@*-]{0,200})\s+(?:\d+[smhdw]?\s+)?(?:IN\s+)?(?:A|AAAA|NS|SOA|MX|CNAME|TXT|PTR|SRV|CAA)\s""",
        r"\$TTL|\$ORIGIN|\sIN\s|\sSOA\s",
        after="",
    ),
    Server(
        "fluentd",
        r"</?(?:source|match|filter|label|system|parse|format|buffer|store|record|server)\b[^<>]*>\s*$ @\w+\s+\S [\w.-]+(?:\s+\S.*)?$",
        r"\s*@type\s+\w+|^<(?:source|match|filter)\b",
        before=r"\s*",
        after="",
    ),
    Server(
        "rsyslog-conf",
        r"\$\w+\s\S (?:module|input|action|template|include|global)\( [\w,*]+\.[\w!=*]+(?:;[\w,*]+\.[\w!=*]+){0,20};?\s+[-@/:|]\S [)&]",
        r"module\(|\$ModLoad|\.\*\s",
        after="",
    ),
    Server(
        "zookeeper-conf",
        r"tickTime initLimit syncLimit dataDir clientPort server\.\d+ autopurge\.\S+ maxClientCnxns",
        "tickTime|clientPort",
        after="=",
    ),
    Server(
        "ignore-list",
        r"!?\*{1,2}[\w.\-*/]* !?[\w.\-]+/ !?/?[\w.\-]*\.[\w.\-*/]+ node_modules",
        r"^(?:\*\*/|\.git|node_modules|\*\.)",
        after="$",
    ),
)
_SERVERS: Final = tuple((server.format, server.pattern(), re.compile(server.must)) for server in SERVERS)


def directives(sample: Sample) -> Vote | None:
    """Directives of a well-known server, one per line."""
    body = sample.body
    found: Vote | None = None
    for name, pattern, must in _SERVERS:
        if sum(pattern.match(line) is not None for line in body[:12]) < 0.25 * min(12, len(body)):
            continue
        hits = sum(pattern.match(line) is not None for line in body)
        if body and hits >= 0.75 * len(body) and any(must.search(line) for line in body):
            score = min(0.96, 0.84 + 0.02 * hits) * (0.8 + 0.2 * hits / len(body))
            if found is None or score > found.score:
                found = Vote("config", name, score, f"{hits} of {len(body)} lines are directives of {name}")
    return found
