"""Packet captures in binary become text: heads of packets as tcpdump writes them, never what packets carry."""
