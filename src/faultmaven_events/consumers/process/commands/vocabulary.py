"""Words that commands use, as data: what names a state, what is a bad one, what waits and who serves it."""

import re

STATE_COLUMNS = frozenset(
    {"state", "status", "stat", "phase", "condition", "health", "ready", "wait_event_type", "wait_event", "reason", "result"}
)
NAME_COLUMNS = (  # in the order in which they are looked for
    *(
        "name",
        "application_name",
        "appname",
        "service",
        "queue",
        "container",
        "names",
        "pod",
        "relname",
        "rolname",
        "usename",
        "user",
        "unit",
        "node",
    ),
    *("host", "host_name", "process", "command", "filesystem", "mounted_on", "database", "datname", "table", "index", "key", "subject"),
)
BAD = re.compile(
    r"\b(error|failed|failure|fatal|crashloopbackoff|imagepullbackoff|errimagepull|oomkilled|evicted|notready|unknown|unhealthy|exited|dead|down|"
    r"blocked|blocking|aborted|idle in transaction \(aborted\)|zombie|defunct|stopped|inactive|refused|nxdomain|servfail|unreachable|"
    r"timed out|timeout|expired|not yet valid|denied|degraded|pending|terminating|readonly|read-only|suspended|deadlock|no space left|"
    r"100% packet loss|"
    r"not responding|not synchroni[sz]ed|unsynchroni[sz]ed|no route to host|connection reset|could not|cannot|invalid|"
    r"mismatch|unschedulable|backoff|full)\b",
    re.IGNORECASE,
)
DONE = frozenset({"Completed", "Succeeded", "Complete"})
"""States of what has ended well: nothing of it is ready, and nothing is wrong."""
WAITING = re.compile(r"^(messages(_ready)?|ready|backlog|pending|lag|depth|queued|unprocessed|recv-q)$", re.IGNORECASE)
SERVERS = re.compile(r"^(consumers?|workers?|subscribers?|members?|listeners?|receivers?)(_count)?$", re.IGNORECASE)
RESTARTS = re.compile(r"^restarts?(_count)?$", re.IGNORECASE)
READY = re.compile(r"^(\d+)/(\d+)$")
ERROR_KEY = re.compile(
    r"(error|errors|fail|failed|failures?|reject(ed)?|denied|refused|oom|evicted|dropped|timeouts?|deadlocks?|aborted|overflow|alarms?)",
    re.IGNORECASE,
)
SETTING_KEY = re.compile(
    r"(max|limit|timeout|policy|quota|threshold|watermark|role|mode|readonly|read_only|state|status|health|version|uptime|lag|offset|alarm)",
    re.IGNORECASE,
)
CELL_SETTING = re.compile(r"\b([a-z][a-z_.]*(?:timeout|limit|max|_mem|size|level)[a-z_.]*)\s*=\s*([\w.%-]+)", re.IGNORECASE)
USED_WORDS = frozenset(["used", "use", "current", "active", "connected", "in", "open", "allocated", "total_used", "consumed"])
MOST_WORDS = frozenset(["max", "maximum", "limit", "total", "capacity", "size", "quota", "allowed", "hard"])
VALID_FROM = re.compile(r"^(not\s?before|valid from|issued)$", re.IGNORECASE)
VALID_UNTIL = re.compile(r"^(not\s?after|valid (un)?til|expir(es|y|ation)( date| on| at)?|enddate)$", re.IGNORECASE)
CLOCK_COMMAND = re.compile(r"(^|[\s;&|])(date|timedatectl|chronyc|ntpq|clock)\b")
