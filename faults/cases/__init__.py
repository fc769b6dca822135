"""The cases, a module per kind of fault; importing this fills the table."""

from faults.case import TABLE
from faults.cases import broker, great, kills, load, messages, points, stores

__all__ = ["TABLE", "broker", "great", "kills", "load", "messages", "points", "stores"]
