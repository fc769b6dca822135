"""Captures: what a browser recorded (HAR) and what tcpdump and tshark print of packets."""

from faultmaven_events.consumers.process.captures.analyse import analyse_capture

__all__ = ["analyse_capture"]
