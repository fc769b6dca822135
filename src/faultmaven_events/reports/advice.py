"""The parts of an incident report that tell what to do: remedies, checks, what is missing, what the knowledge says."""

import re
from typing import Final

from faultmaven_events.reports.document import Bullets, Item, Leaf, Said, Section, named, tail
from faultmaven_events.schemas.report import Gap, IncidentReport, Recommendation

MOST: Final = 100
"""Entries of one list; the rest is in the JSON."""
TYPES: Final = {"mitigate": "Mitigate", "fix": "Fix", "prevent": "Prevent", "observe": "Observe"}
COMMAND: Final = re.compile(
    r"(?:sudo )?(?:psql|mysql|mongosh|redis-cli|valkey-cli|rabbitmq\w+|kafka-\S+|kubectl|docker|helm|systemctl|journalctl|supervisorctl"
    r"|nginx|curl|dig|nslookup|getent|openssl|ss|nc|ping|traceroute|iptables|ip|ps|top|free|df|du|find|ls|lsof|mount|dmesg|iostat|iotop"
    r"|vmstat|date|chronyc|timedatectl|grep|cat|tail|sysctl|aws|gcloud|az|git) "
)
"""What begins like this is typed, not read."""


def first_steps(report: IncidentReport) -> list[Recommendation]:
    """The recommendations of the most pressing kind; prevention is none of them."""
    usable = sorted((r for r in report.recommendations if r.type != "prevent"), key=lambda r: r.priority)
    return [r for r in usable if r.priority == usable[0].priority][:2]


def recommendation(r: Recommendation) -> Item:
    """One remedy with its commands, risk, way back and the sign that it worked."""
    told = named(TYPES[r.type], Said(r.action))
    for name, text in (
        ("Risk", r.risk),
        ("Way back", r.rollback),
        ("Done when", r.verification),
        ("By", r.owner_role),
        ("Takes", r.effort),
    ):
        told += [" ", *named(name, Said(text.rstrip("."))), "."] if text else []
    told += [" Ask before you do it."] if r.approval_required and r.type == "mitigate" else []
    return Item(told, r.commands)


def recommendations(report: IncidentReport) -> Section:
    """All remedies, the most pressing first."""
    items = [recommendation(r) for r in sorted(report.recommendations, key=lambda r: r.priority)[:MOST]]
    return Section(["Recommendations"], [Bullets(items)] if items else [])


def gap(g: Gap, *lead: Leaf) -> Item:
    """Something that is not known: a command to be run, or in words where to look."""
    told: list[Leaf] = [*lead, Said(g.what), *tail(" (", g.why, ")")]
    return Item(told, (g.how,)) if COMMAND.match(g.how) else Item([*told, ". ", *named("Look at", Said(g.how))])


def missing(report: IncidentReport) -> Section:
    """What is not known, and how to learn it."""
    items = [gap(g) for g in report.missing_evidence[:MOST]]
    for m in report.failed_evidence[:MOST]:
        name: Leaf = Said(m.name) if m.name else "a piece of evidence"
        items.append(Item(["Could not be used: ", name, ", job ", Said(str(m.job_id)), *tail(" (", m.reason, ")")]))
    return Section(["What is missing, and the next check"], [Bullets(items)] if items else [])


def knowledge(report: IncidentReport) -> Section:
    """Passages of runbooks and documents that fit."""
    items = []
    for k in report.knowledge_refs[:MOST]:
        found: list[Leaf] = [" (", Said(k.collection), ", ", Said(f"{k.score:.2f}"), "): ", Said(k.quote, 300)]
        items.append(Item([Said(k.document, 200, strong=True), *tail(" · ", k.heading, limit=200), *found]))
    return Section(["From the knowledge base"], [Bullets(items)] if items else [])
