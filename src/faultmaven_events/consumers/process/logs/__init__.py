"""Logs: what happened when, out of lines of any format.

lines ─ reader (header learned per file, continuation lines attached) ─> events
      ─ miner (templates), requests (access logs), traces (exceptions), notable (rules as data) ─> facts
"""

from faultmaven_events.consumers.process.logs.analyse import analyse_log

__all__ = ["analyse_log"]
